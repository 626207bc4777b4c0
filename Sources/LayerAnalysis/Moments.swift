/// Count, extremes, zeros and central moments of a set of values, accumulated in double precision.
///
/// Values that are not finite are counted in `nonFinite` and take no part in anything else.
public struct Moments: Hashable, Sendable {
  /// Finite values.
  public private(set) var count = 0
  public private(set) var nonFinite = 0
  /// Values that are exactly 0 (of either sign).
  public private(set) var zeros = 0
  /// Extremes; 0 of no values.
  public private(set) var minimum: Float = 0
  public private(set) var maximum: Float = 0
  public private(set) var mean = 0.0
  /// Σ(x − mean)², Σ(x − mean)³, Σ(x − mean)⁴.
  private var m2 = 0.0
  private var m3 = 0.0
  private var m4 = 0.0

  public init() {}

  init(_ sums: PowerSums, nonFinite: Int) {
    self.nonFinite = nonFinite
    count = sums.count
    zeros = sums.zeros
    minimum = sums.bounds.lower
    maximum = sums.bounds.upper
    let n = Double(count)
    let power = sums.total
    let delta = power[0] / n
    mean = sums.shift + delta
    m2 = max(power[1] - n * delta * delta, 0)
    m3 = power[2] - delta * (3 * power[1] - 2 * n * delta * delta)
    m4 = max(power[3] - delta * (4 * power[2] - delta * (6 * power[1] - 3 * n * delta * delta)), 0)
  }

  /// The moments of no finite value.
  init(nonFinite: Int) { self.nonFinite = nonFinite }

  /// Joins the values of two disjoint sets (Pébay 2008, eqs. 2.1–2.5).
  public mutating func merge(_ other: Moments) {
    nonFinite += other.nonFinite
    guard other.count > 0 else { return }
    guard count > 0 else {
      let unusable = nonFinite
      self = other
      nonFinite = unusable
      return
    }
    let a = Double(count)
    let b = Double(other.count)
    let n = a + b
    let delta = other.mean - mean
    let d = delta / n
    let product = a * b
    let fourth = product * (a * a - product + b * b) * d * d * d * delta
    m4 += other.m4 + fourth + 6 * (a * a * other.m2 + b * b * m2) * d * d + 4 * (a * other.m3 - b * m3) * d
    m3 += other.m3 + product * (a - b) * d * d * delta + 3 * (a * other.m2 - b * m2) * d
    m2 += other.m2 + product * d * delta
    mean += b * d
    count += other.count
    zeros += other.zeros
    minimum = min(minimum, other.minimum)
    maximum = max(maximum, other.maximum)
  }

  public var bounds: Bounds { Bounds(lower: minimum, upper: maximum) }
  /// Population variance.
  public var variance: Double { count > 0 ? m2 / Double(count) : 0 }
  public var standardDeviation: Double { variance.squareRoot() }
  /// E[x²].
  public var meanSquare: Double { variance + mean * mean }
  /// Fraction of values that are exactly 0 (D6); 0 of no values.
  public var sparsity: Double { count > 0 ? Double(zeros) / Double(count) : 0 }
  /// Excess kurtosis m₄/m₂² − 3 (D6); nil where the variance is 0.
  public var excessKurtosis: Double? {
    guard count > 0, minimum < maximum, m2 * m2 > 0 else { return nil }
    return Double(count) * m4 / (m2 * m2) - 3
  }
}

/// The moments of every channel, in order.
public func channelMoments(of values: UnsafeBufferPointer<Float>, layout: ChannelLayout) -> [Moments] {
  ChannelSurvey(of: values, layout: layout, clippedPercent: nil).result().moments
}

/// Mean over the channels that have one of the channel's excess kurtosis (D6); nil where none has.
public func meanChannelKurtosis(_ channels: [Moments]) -> Double? {
  let defined = channels.compactMap(\.excessKurtosis)
  return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
}
