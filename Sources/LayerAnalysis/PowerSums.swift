/// Power sums of x − shift, with four independent lanes each, extremes and zeros of finite values.
struct PowerSums {
  let shift: Double
  private var first = SIMD4<Double>.zero
  private var second = SIMD4<Double>.zero
  private var third = SIMD4<Double>.zero
  private var fourth = SIMD4<Double>.zero
  private(set) var bounds: Bounds
  private(set) var zeros = 0
  private(set) var count = 0

  init(around value: Float) {
    shift = Double(value)
    bounds = Bounds(lower: value, upper: value)
  }

  /// Σ(x − shift), Σ(x − shift)², Σ(x − shift)³, Σ(x − shift)⁴.
  var total: SIMD4<Double> { SIMD4(first.sum(), second.sum(), third.sum(), fourth.sum()) }

  /// Adds a run of finite values.
  mutating func add(_ run: UnsafeBufferPointer<Float>, _ extent: RunExtent) {
    bounds.lower = min(bounds.lower, extent.bounds.lower)
    bounds.upper = max(bounds.upper, extent.bounds.upper)
    zeros += extent.zeros
    count += run.count
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
    first += s1
    second += s2
    third += s3
    fourth += s4
  }
}

/// What a look at a run of values tells: its extremes, its zeros, and whether all are finite.
struct RunExtent {
  /// Of no meaning where not all are finite.
  private(set) var bounds: Bounds
  /// Values that are 0, of either sign.
  private(set) var zeros: Int
  let isFinite: Bool

  /// - Parameter run: not empty.
  init(_ run: UnsafeBufferPointer<Float>) {
    let p = run.baseAddress!
    var low = SIMD8<Float>(repeating: p[0])
    var high = low
    var worst = SIMD8<Int32>.zero
    var zeroCounts = SIMD8<Int32>.zero
    let whole = run.count & ~7
    var i = 0
    while i < whole {
      let x = UnsafeRawPointer(p + i).loadUnaligned(as: SIMD8<Float>.self)
      low.replace(with: x, where: x .< low)
      high.replace(with: x, where: x .> high)
      let magnitude = unsafeBitCast(x, to: SIMD8<Int32>.self) & SIMD8(repeating: 0x7FFF_FFFF)
      worst.replace(with: magnitude, where: magnitude .> worst)
      zeroCounts &-= unsafeBitCast(magnitude .== SIMD8<Int32>.zero, to: SIMD8<Int32>.self)
      i += 8
    }
    bounds = Bounds(lower: low.min(), upper: high.max())
    zeros = Int(zeroCounts.wrappedSum())
    var greatest = worst.max()
    while i < run.count {
      bounds.lower = min(bounds.lower, p[i])
      bounds.upper = max(bounds.upper, p[i])
      greatest = max(greatest, Int32(bitPattern: p[i].bitPattern & 0x7FFF_FFFF))
      zeros += p[i] == 0 ? 1 : 0
      i += 1
    }
    isFinite = greatest < 0x7F80_0000
  }
}
