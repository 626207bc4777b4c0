#if canImport(Glibc)
  import Glibc
#endif

/// A uniform affine quantizer's levels: r = scale·(q − zeroPoint) for q in 0 ..< levels (eq. 2.6).
public struct QuantizationGrid: Hashable, Sendable {
  public let scale: Float
  public let zeroPoint: Int32
  /// 2^N; at most 2^16.
  public let levels: Int32

  public init(scale: Float, zeroPoint: Int32, levels: Int32) {
    precondition(scale > 0 && levels > 1 && levels <= 1 << 16 && (0..<levels).contains(zeroPoint))
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.levels = levels
  }
}

/// Energies of a signal and of what was added to it, in double precision. Pairs that are not finite are left out.
public struct NoiseEnergy: Hashable, Sendable {
  public private(set) var signal = 0.0
  public private(set) var noise = 0.0
  public private(set) var count = 0

  public init() {}

  /// Adds values and their rounding error under a quantizer: q = clip(rint(x/scale) + zeroPoint), float32 as
  /// everywhere, ties to even (E1).
  public mutating func add(_ values: UnsafeBufferPointer<Float>, quantizedBy grid: QuantizationGrid) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.block) { rounded in
      for start in stride(from: 0, to: values.count, by: Self.block) {
        let some = UnsafeBufferPointer(rebasing: values[start..<min(start + Self.block, values.count)])
        round(some, to: grid, into: rounded.baseAddress!)
        add(block: some, approximation: rounded.baseAddress!)
      }
    }
  }

  /// Adds values and their difference from an approximation of them.
  public mutating func add(_ values: UnsafeBufferPointer<Float>, approximation: UnsafeBufferPointer<Float>) {
    precondition(values.count == approximation.count)
    for start in stride(from: 0, to: values.count, by: Self.block) {
      let some = UnsafeBufferPointer(rebasing: values[start..<min(start + Self.block, values.count)])
      add(block: some, approximation: approximation.baseAddress! + start)
    }
  }

  public mutating func merge(_ other: NoiseEnergy) {
    signal += other.signal
    noise += other.noise
    count += other.count
  }

  /// E[δ²]; 0 of no values.
  public var meanSquareError: Double { count > 0 ? noise / Double(count) : 0 }

  /// Signal to quantization noise ratio in dB (D5, eq. 3.3): 10·log10(E[x²]/E[δ²]); nil where either is 0.
  public var sqnr: Double? { signal > 0 && noise > 0 ? 10 * log10(signal / noise) : nil }

  /// Values whose squares are added up before they join the sums.
  private static let block = 4096

  private mutating func add(block: UnsafeBufferPointer<Float>, approximation y: UnsafePointer<Float>) {
    guard let x = block.baseAddress else { return }
    var signals = SIMD8<Double>.zero
    var noises = SIMD8<Double>.zero
    let whole = block.count & ~7
    var i = 0
    while i < whole {
      let value = eightDoubles(x + i)
      let error = eightDoubles(y + i) - value
      signals.addProduct(value, value)
      noises.addProduct(error, error)
      i += 8
    }
    while i < block.count {
      let error = Double(y[i]) - Double(x[i])
      signals[i - whole] += Double(x[i]) * Double(x[i])
      noises[i - whole] += error * error
      i += 1
    }
    if (signals + noises).sum().isFinite {
      signal += signals.sum()
      noise += noises.sum()
      count += block.count
      return
    }
    for i in block.indices {
      let value = Double(x[i])
      let error = Double(y[i]) - value
      guard (value * value + error * error).isFinite else { continue }
      signal += value * value
      noise += error * error
      count += 1
    }
  }
}

@inline(__always)
private func eightDoubles(_ p: UnsafePointer<Float>) -> SIMD8<Double> {
  SIMD8(
    lowHalf: SIMD4(Double(p[0]), Double(p[1]), Double(p[2]), Double(p[3])),
    highHalf: SIMD4(Double(p[4]), Double(p[5]), Double(p[6]), Double(p[7])))
}

/// The values that a quantizer has levels for and that lie nearest; a loop that vectorizes.
private func round(
  _ values: UnsafeBufferPointer<Float>, to grid: QuantizationGrid, into rounded: UnsafeMutablePointer<Float>
) {
  let x = values.baseAddress!
  let scale = grid.scale
  let low = Float(-grid.zeroPoint)
  let high = Float(grid.levels - 1 - grid.zeroPoint)
  for i in 0..<values.count {
    var level = x[i] / scale
    level = level < low ? low : level
    level = level > high ? high : level
    // Adding and taking away 1.5·2²³ rounds to an integer, ties to even, below 2²².
    rounded[i] = scale * (level + 0x1.8p23 - 0x1.8p23)
  }
}
