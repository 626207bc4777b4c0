import Tensors

/// The p-th and (100 − p)-th percentile of a tensor and of each of its channels (D4): symmetric percentile
/// clipping.
///
/// Equal bit for bit to `numpy.percentile(x, q)` with method `linear` of the float32 values and a Python float q
/// (but for −0, which counts as +0). Values that are not finite are left out; bounds of no values are 0.
///
/// - Parameter clippedPercent: p, percent clipped at either end, in 0 ... 50.
public func percentileBounds(
  of values: UnsafeBufferPointer<Float>, layout: ChannelLayout, clippedPercent: Double
) -> ChannelBounds {
  ChannelSurvey(of: values, layout: layout, clippedPercent: clippedPercent).result().bounds
}

/// The p-th and (100 − p)-th percentile of a stream of values, in memory for 4·p percent of them, and little time
/// for those between.
struct SymmetricClip {
  private let lowerEnd: LinearPercentile
  private let upperEnd: LinearPercentile
  private(set) var least: Tail
  private(set) var greatest: Tail
  /// Values that came.
  private var count = 0

  /// How many values of memory the percentiles of `total` values take.
  static func capacity(percent: Double, of total: Int) -> Int {
    capacities(percent: percent, of: total).least + capacities(percent: percent, of: total).greatest
  }

  private static func capacities(percent: Double, of total: Int) -> (least: Int, greatest: Int) {
    let wanted = Self.wanted(
      LinearPercentile(percent: percent), LinearPercentile(percent: 100 - percent), total)
    return (
      Tail.capacity(wanted: wanted.least, of: total), Tail.capacity(wanted: wanted.greatest, of: total)
    )
  }

  /// How many values from either end the ranks of the percentiles reach.
  private static func wanted(
    _ lower: LinearPercentile, _ upper: LinearPercentile, _ count: Int
  ) -> (least: Int, greatest: Int) {
    (min(lower.ranks(of: count).above + 1, count), count - max(upper.ranks(of: count).below, 0))
  }

  /// - Parameters:
  ///   - values: room for `capacity(percent:of:)` values.
  ///   - guesses: false for one that is complete whatever comes.
  init(percent: Double, of total: Int, values: UnsafeMutablePointer<Float>, guesses: Bool) {
    precondition((0...50).contains(percent), "\(percent) percent at either end")
    lowerEnd = LinearPercentile(percent: percent)
    upperEnd = LinearPercentile(percent: 100 - percent)
    let wanted = Self.wanted(lowerEnd, upperEnd, total)
    least = Tail(.least, wanted: wanted.least, of: total, values: values, guesses: guesses)
    greatest = Tail(
      .greatest, wanted: wanted.greatest, of: total,
      values: values + Self.capacities(percent: percent, of: total).least, guesses: guesses)
  }

  /// Takes finite values that lie in `bounds`.
  @inline(__always)
  mutating func add(_ run: UnsafeBufferPointer<Float>, bounds: Bounds) {
    if least.wants(extreme: bounds.lower) { least.offer(run, seen: count) }
    if greatest.wants(extreme: bounds.upper) { greatest.offer(run, seen: count) }
    count += run.count
  }

  /// Whether both percentiles can be told.
  var isComplete: Bool {
    let wanted = Self.wanted(lowerEnd, upperEnd, count)
    return least.isComplete(rank: wanted.least) && greatest.isComplete(rank: wanted.greatest)
  }

  /// Of the values that came; nothing can be added after it.
  mutating func bounds() -> Bounds {
    guard count > 0 else { return Bounds(lower: 0, upper: 0) }
    let wanted = Self.wanted(lowerEnd, upperEnd, count)
    let low = least.values(ofRank: wanted.least)
    let high = greatest.values(ofRank: wanted.greatest)
    return Bounds(
      lower: lowerEnd.interpolate(wanted.least > 1 ? low.next : low.value, low.value, count: count),
      upper: upperEnd.interpolate(high.value, wanted.greatest > 1 ? high.next : high.value, count: count))
  }
}

/// A percentile by linear interpolation between two ranks, with NumPy's roundings.
private struct LinearPercentile {
  let percent: Double

  private func position(_ count: Int) -> Double { Double(count - 1) * (percent / 100) }

  /// Neighbouring positions in ascending order; the last twice where the percentile is the greatest value.
  func ranks(of count: Int) -> (below: Int, above: Int) {
    let below = Int(position(count).rounded(.down))
    return below >= count - 1 ? (count - 1, count - 1) : (below, below + 1)
  }

  /// NumPy interpolates in float32, from the nearer of the two values.
  func interpolate(_ below: Float, _ above: Float, count: Int) -> Float {
    let weight = position(count) - position(count).rounded(.down)
    let difference = above - below
    let value = weight >= 0.5 ? above - difference * Float(1 - weight) : below + difference * Float(weight)
    return value + 0
  }
}
