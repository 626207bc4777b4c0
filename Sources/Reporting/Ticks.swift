import Foundation

/// A mark on an axis: where, and what is written beside it.
struct Tick: Hashable, Sendable {
  let value: Double
  let label: String
}

/// Round positions for axis marks.
enum Ticks {
  /// The round step (1, 2, 2.5 or 5 times a power of ten) that cuts `span` into about `count` parts.
  static func step(span: Double, count: Int) -> Double {
    precondition(span > 0 && span.isFinite && count > 0)
    let raw = span / Double(count)
    let power = pow(10, log10(raw).rounded(.down))
    let factor = [1, 2, 2.5, 5, 10].first { $0 * power >= raw * (1 - 1e-9) } ?? 10
    return factor * power
  }

  /// Multiples of a round step from the last at or below `lower` to the first at or above `upper`.
  static func linear(from lower: Double, to upper: Double, count: Int = 5) -> [Tick] {
    let step = step(span: upper - lower, count: count)
    let first = (lower / step + 1e-9).rounded(.down)
    let last = (upper / step - 1e-9).rounded(.up)
    let digits = max(0, Int((-log10(step)).rounded(.up)) + (isQuarter(step) ? 1 : 0))
    let values = (0...Int(last - first)).map { (first + Double($0)) * step }
    let largest = values.map { abs($0) }.max() ?? 0
    guard largest >= 1e5 || step < 1e-4 else {
      return values.map { Tick(value: $0, label: NumberText.fixed($0, digits: digits)) }
    }
    // One power of ten for the whole axis, so that its labels compare at a glance.
    let exponent = Int(log10(largest * (1 + 1e-9)).rounded(.down))
    let unit = pow(10, Double(exponent))
    let decimals = min(
      max(0, exponent - Int(log10(step * (1 + 1e-9)).rounded(.down))) + (isQuarter(step) ? 1 : 0), 6)
    return values.map { value in
      let factor = NumberText.fixed(value / unit, digits: decimals)
      return Tick(value: value, label: value == 0 ? "0" : "\(factor)·10\(NumberText.superscript(exponent))")
    }
  }

  /// Decades over a positive interval, thinned to at most `count`; 1, 2 and 5 where it spans few of them.
  static func logarithmic(from lower: Double, to upper: Double, count: Int = 7) -> [Tick] {
    let first = Int((log10(lower) + 1e-9).rounded(.down))
    let last = Int((log10(upper) - 1e-9).rounded(.up))
    guard last - first > 2 else {
      let all = (first...max(last, first + 1)).flatMap { decade in
        [1.0, 2, 5].map { $0 * pow(10, Double(decade)) }
      }
      var low = all.lastIndex { $0 <= lower * (1 + 1e-9) } ?? 0
      var high = all.firstIndex { $0 >= upper * (1 - 1e-9) } ?? all.count - 1
      if low == high { (low, high) = (max(low - 1, 0), min(high + 1, all.count - 1)) }
      return all[low...high].map { Tick(value: $0, label: label($0)) }
    }
    let stride = (last - first + count - 1) / count
    let end = first + (last - first + stride - 1) / stride * stride
    return Swift.stride(from: first, through: end, by: stride).map {
      Tick(value: pow(10, Double($0)), label: label(pow(10, Double($0))))
    }
  }

  private static func label(_ value: Double) -> String {
    let exponent = Int((log10(value) + 1e-9).rounded(.down))
    if (-3...3).contains(exponent) { return NumberText.fixed(value, digits: max(0, -exponent)) }
    let factor = (value / pow(10, Double(exponent))).rounded()
    return (factor == 1 ? "" : "\(Int(factor))·") + "10\(NumberText.superscript(exponent))"
  }

  private static func isQuarter(_ step: Double) -> Bool {
    let mantissa = step / pow(10, log10(step).rounded(.down))
    return abs(mantissa - 2.5) < 1e-6
  }
}
