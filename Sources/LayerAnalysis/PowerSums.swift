/// Power sums of x − shift, extremes and zeros of finite values.
struct PowerSums {
  let shift: Double
  private var sums = Sums()
  private(set) var bounds: Bounds
  private(set) var zeros = 0
  private(set) var count = 0

  init(around value: Float) {
    shift = Double(value)
    bounds = Bounds(lower: value, upper: value)
  }

  /// Σ(x − shift), Σ(x − shift)², Σ(x − shift)³, Σ(x − shift)⁴.
  var total: SIMD4<Double> { SIMD4(sums.first.sum(), sums.second.sum(), sums.third.sum(), sums.fourth.sum()) }

  /// Adds a run of finite values.
  mutating func add(_ run: UnsafeBufferPointer<Float>, _ extent: RunExtent) {
    bounds.lower = min(bounds.lower, extent.bounds.lower)
    bounds.upper = max(bounds.upper, extent.bounds.upper)
    zeros += extent.zeros
    count += run.count
    let center = SIMD4<Double>(repeating: shift)
    // Two of each, so that a sum need not wait for the one before it.
    var (even, odd) = (Sums(), Sums())
    let whole = run.count & ~7
    let p = run.baseAddress!
    var i = 0
    while i < whole {
      even.add(fourDoubles(p + i) - center)
      odd.add(fourDoubles(p + i + 4) - center)
      i += 8
    }
    sums.add(even)
    sums.add(odd)
    while i < run.count {
      sums.add(SIMD4(Double(p[i]) - shift, 0, 0, 0))
      i += 1
    }
  }

  /// Power sums of what is 0 on average, in four lanes.
  private struct Sums {
    var first = SIMD4<Double>.zero
    var second = SIMD4<Double>.zero
    var third = SIMD4<Double>.zero
    var fourth = SIMD4<Double>.zero

    @inline(__always)
    mutating func add(_ d: SIMD4<Double>) {
      let square = d * d
      first += d
      second += square
      third += square * d
      fourth += square * square
    }

    mutating func add(_ other: Sums) {
      first += other.first
      second += other.second
      third += other.third
      fourth += other.fourth
    }
  }
}

/// Four neighbouring values in double precision.
@inline(__always)
func fourDoubles(_ p: UnsafePointer<Float>) -> SIMD4<Double> {
  SIMD4(Double(p[0]), Double(p[1]), Double(p[2]), Double(p[3]))
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
