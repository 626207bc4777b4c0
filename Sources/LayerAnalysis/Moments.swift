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

  /// The moments of one channel.
  public init(channel: Int, of values: UnsafeBufferPointer<Float>, layout: ChannelLayout) {
    var sums: PowerSums?
    layout.forEachRun(ofChannel: channel, in: values) { run in
      if sums == nil, let first = run.first(where: { $0.isFinite }) { sums = PowerSums(around: first) }
      if sums == nil { nonFinite += run.count } else { sums!.add(run) }
    }
    guard let sums else { return }
    nonFinite += sums.nonFinite
    count = sums.count
    zeros = sums.zeros
    minimum = sums.minimum
    maximum = sums.maximum
    let n = Double(count)
    let power = sums.total
    let delta = power[0] / n
    mean = sums.shift + delta
    m2 = max(power[1] - n * delta * delta, 0)
    m3 = power[2] - delta * (3 * power[1] - 2 * n * delta * delta)
    m4 = max(power[3] - delta * (4 * power[2] - delta * (6 * power[1] - 3 * n * delta * delta)), 0)
  }

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
  precondition(values.count == layout.count)
  return (0..<layout.channels).map { Moments(channel: $0, of: values, layout: layout) }
}

/// Mean over the channels that have one of the channel's excess kurtosis (D6); nil where none has.
public func meanChannelKurtosis(_ channels: [Moments]) -> Double? {
  let defined = channels.compactMap(\.excessKurtosis)
  return defined.isEmpty ? nil : defined.reduce(0, +) / Double(defined.count)
}

/// Power sums of x − shift, with four independent lanes each.
private struct PowerSums {
  let shift: Double
  var first = SIMD4<Double>.zero
  var second = SIMD4<Double>.zero
  var third = SIMD4<Double>.zero
  var fourth = SIMD4<Double>.zero
  var minimum: Float
  var maximum: Float
  var zeros = 0
  var count = 0
  var nonFinite = 0

  init(around value: Float) {
    shift = Double(value)
    minimum = value
    maximum = value
  }

  var total: SIMD4<Double> { SIMD4(first.sum(), second.sum(), third.sum(), fourth.sum()) }

  mutating func add(_ run: UnsafeBufferPointer<Float>) {
    if run.isFinite {
      addFinite(run)
    } else {
      for value in run {
        if value.isFinite {
          withUnsafePointer(to: value) { addFinite(UnsafeBufferPointer(start: $0, count: 1)) }
        } else {
          nonFinite += 1
        }
      }
    }
  }

  private mutating func addFinite(_ run: UnsafeBufferPointer<Float>) {
    let (s1, s2, s3, s4) = sums(run)
    first += s1
    second += s2
    third += s3
    fourth += s4
    let (low, high, zero) = extremes(run)
    minimum = min(minimum, low)
    maximum = max(maximum, high)
    zeros += zero
    count += run.count
  }

  private func sums(
    _ run: UnsafeBufferPointer<Float>
  ) -> (SIMD4<Double>, SIMD4<Double>, SIMD4<Double>, SIMD4<Double>) {
    let center = SIMD4<Double>(repeating: shift)
    var s1 = SIMD4<Double>.zero
    var s2 = SIMD4<Double>.zero
    var s3 = SIMD4<Double>.zero
    var s4 = SIMD4<Double>.zero
    let whole = run.count & ~3
    let p = run.baseAddress!
    var i = 0
    while i < whole {
      let x = SIMD4<Double>(Double(p[i]), Double(p[i + 1]), Double(p[i + 2]), Double(p[i + 3]))
      let d = x - center
      let square = d * d
      s1 += d
      s2 += square
      s3 += square * d
      s4 += square * square
      i += 4
    }
    while i < run.count {
      let d = Double(p[i]) - shift
      let square = d * d
      s1[0] += d
      s2[0] += square
      s3[0] += square * d
      s4[0] += square * square
      i += 1
    }
    return (s1, s2, s3, s4)
  }
}

/// Least and greatest value and number of zeros of a non-empty run of finite values.
private func extremes(_ run: UnsafeBufferPointer<Float>) -> (Float, Float, Int) {
  let p = run.baseAddress!
  var low = SIMD4<Float>(repeating: p[0])
  var high = low
  let whole = run.count & ~3
  var i = 0
  while i < whole {
    let x = SIMD4<Float>(p[i], p[i + 1], p[i + 2], p[i + 3])
    low.replace(with: x, where: x .< low)
    high.replace(with: x, where: x .> high)
    i += 4
  }
  var least = low.min()
  var greatest = high.max()
  while i < run.count {
    least = min(least, p[i])
    greatest = max(greatest, p[i])
    i += 1
  }
  return (least, greatest, run.zeros)
}
