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
    let low = SIMD4<Float>(repeating: Float(-grid.zeroPoint))
    let high = SIMD4<Float>(repeating: Float(grid.levels - 1 - grid.zeroPoint))
    let scale = SIMD4<Float>(repeating: grid.scale)
    // Adding and taking away 1.5·2²³ rounds to an integer, ties to even, below 2²².
    let magic = SIMD4<Float>(repeating: 0x1.8p23)
    add(values) { _, x in
      var level = x / scale
      level.replace(with: low, where: level .< low)
      level.replace(with: high, where: level .> high)
      return scale * (level + magic - magic)
    }
  }

  /// Adds values and their difference from an approximation of them.
  public mutating func add(_ values: UnsafeBufferPointer<Float>, approximation: UnsafeBufferPointer<Float>) {
    precondition(values.count == approximation.count)
    add(values) { i, _ in approximation.four(at: i) }
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

  @inline(__always)
  private mutating func add(
    _ values: UnsafeBufferPointer<Float>, _ approximation: (Int, SIMD4<Float>) -> SIMD4<Float>
  ) {
    let block = 4096
    for start in stride(from: 0, to: values.count, by: block) {
      let end = min(start + block, values.count)
      var signals = SIMD4<Double>.zero
      var noises = SIMD4<Double>.zero
      var i = start
      while i < end {
        let x = values.four(at: i)
        let (s, n) = squares(x, approximation(i, x))
        signals += s
        noises += n
        i += 4
      }
      if (signals + noises).sum().isFinite {
        signal += signals.sum()
        noise += noises.sum()
        count += end - start
      } else {
        for i in stride(from: start, to: end, by: 4) {
          let x = values.four(at: i)
          let (s, n) = squares(x, approximation(i, x))
          for lane in 0..<min(4, end - i) where (s[lane] + n[lane]).isFinite {
            signal += s[lane]
            noise += n[lane]
            count += 1
          }
        }
      }
    }
  }

  /// The squares, lane by lane, of values and of their approximations' errors.
  @inline(__always)
  private func squares(_ x: SIMD4<Float>, _ y: SIMD4<Float>) -> (SIMD4<Double>, SIMD4<Double>) {
    let value = SIMD4<Double>(Double(x[0]), Double(x[1]), Double(x[2]), Double(x[3]))
    let error = SIMD4<Double>(Double(y[0]), Double(y[1]), Double(y[2]), Double(y[3])) - value
    return (value * value, error * error)
  }
}

extension UnsafeBufferPointer<Float> {
  /// The four values from an index on, zeros past the end.
  @inline(__always)
  fileprivate func four(at i: Int) -> SIMD4<Float> {
    let p = baseAddress!
    if i + 4 <= count { return SIMD4(p[i], p[i + 1], p[i + 2], p[i + 3]) }
    return SIMD4(p[i], i + 1 < count ? p[i + 1] : 0, i + 2 < count ? p[i + 2] : 0, 0)
  }
}
