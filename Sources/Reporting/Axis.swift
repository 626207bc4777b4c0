import Foundation

/// One axis of a chart: which values it spans, how they map to 0 ... 1 along it, and its ticks.
struct Axis: Sendable {
  enum Scale: Hashable, Sendable {
    case linear
    case logarithmic
  }

  let scale: Scale
  let lower: Double
  let upper: Double
  let ticks: [Tick]
  /// On a logarithmic axis, the part at its start kept for values of 0, which it cannot hold otherwise.
  let zeroLane: Double

  /// Where a value lies: 0 at the axis's start, 1 at its end; nil for what cannot be drawn (nil, NaN, infinite,
  /// or negative on a logarithmic axis). Values outside the axis are brought to its border.
  func position(_ value: Double?) -> Double? {
    guard let value, value.isFinite else { return nil }
    switch scale {
    case .linear:
      return min(max((value - lower) / (upper - lower), 0), 1)
    case .logarithmic:
      if value == 0 { return zeroLane > 0 ? zeroLane / 6 : nil }
      guard value > 0 else { return nil }
      let part = (log(value) - log(lower)) / (log(upper) - log(lower))
      return zeroLane + min(max(part, 0), 1) * (1 - zeroLane)
    }
  }

  /// The part of the axis that the values take up.
  func spread(_ values: [Double]) -> Double {
    let places = values.compactMap(position)
    return (places.max() ?? 0) - (places.min() ?? 0)
  }

  /// A linear axis over all finite values, to the next ticks; 0 is on it where asked, or where it is near.
  static func linear(_ values: [Double], includesZero: Bool = false, count: Int = 5) -> Axis {
    let drawable = values.filter { $0.isFinite && abs($0) < 1e300 }
    var lower = drawable.min() ?? 0
    var upper = drawable.max() ?? 1
    if includesZero || (lower > 0 && lower < 0.3 * upper) { lower = min(lower, 0) }
    if includesZero || (upper < 0 && upper > 0.3 * lower) { upper = max(upper, 0) }
    if upper - lower <= max(abs(upper) * 1e-9, 1e-290) {
      let margin = abs(upper) < 1e-280 ? 1 : abs(upper) * 0.1
      lower -= lower == 0 ? 0 : margin
      upper += margin
    }
    let ticks = Ticks.linear(from: lower, to: upper, count: count)
    return Axis(
      scale: .linear, lower: ticks[0].value, upper: ticks[ticks.count - 1].value, ticks: ticks, zeroLane: 0)
  }

  /// A logarithmic axis that ends a little beyond its values, not at the next ticks.
  static func tightLogarithmic(_ values: [Double]) -> Axis {
    let drawable = values.filter { $0.isFinite && $0 > 1e-300 && $0 < 1e300 }
    let lower = (drawable.min() ?? 0.1) / 1.15
    let upper = (drawable.max() ?? 1) * 1.15
    let ticks = Ticks.logarithmic(from: lower, to: upper).filter { $0.value >= lower && $0.value <= upper }
    return Axis(scale: .logarithmic, lower: lower, upper: upper, ticks: ticks, zeroLane: 0)
  }

  /// A logarithmic axis over all positive finite values; a lane is kept for zeros where there are any.
  static func logarithmic(_ values: [Double], count: Int = 7) -> Axis {
    let drawable = values.filter { $0.isFinite && $0 > 1e-300 && $0 < 1e300 }
    let ticks = Ticks.logarithmic(from: drawable.min() ?? 0.1, to: drawable.max() ?? 1, count: count)
    let hasZero = values.contains(0)
    return Axis(
      scale: .logarithmic, lower: ticks[0].value, upper: ticks[ticks.count - 1].value,
      ticks: (hasZero ? [Tick(value: 0, label: "0")] : []) + ticks, zeroLane: hasZero ? 0.12 : 0)
  }

  /// Logarithmic where positive values span more than `decades` powers of ten, else linear from 0.
  static func automatic(_ values: [Double], decades: Double = 1.7) -> Axis {
    let drawable = values.filter { $0.isFinite && abs($0) < 1e300 }
    guard let smallest = drawable.filter({ $0 > 1e-300 }).min(), let largest = drawable.max(),
      !drawable.contains(where: { $0 < 0 }), log10(largest / smallest) > decades
    else { return linear(values, includesZero: true) }
    return logarithmic(values)
  }
}
