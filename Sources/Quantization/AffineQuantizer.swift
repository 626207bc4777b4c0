public import LayerAnalysis

/// A uniform affine quantizer (SPEC E1): real values r = S·(q − Z) (eq. 2.6) for levels q in 0 ..< 2^N.
///
/// Real zero is always exactly the level Z.
public struct AffineQuantizer: Hashable, Sendable {
  /// S, the distance between neighbouring levels.
  public let scale: Float
  /// Z, the level of real zero, in 0 ..< 2^N.
  public let zeroPoint: Int32
  /// N, 2 ... 16.
  public let bits: Int

  /// - Parameter scale: finite and normal.
  public init(scale: Float, zeroPoint: Int32, bits: Int) {
    precondition((2...16).contains(bits), "\(bits) bits")
    precondition(scale.isNormal && scale > 0 && (0..<Int32(1) << bits).contains(zeroPoint))
    self.scale = scale
    self.zeroPoint = zeroPoint
    self.bits = bits
  }

  /// The quantizer of a range (eq. 2.5): S = (max − min)/(2^N − 1), Z = −min/S rounded, ties to even; computed in
  /// double precision, S rounded once.
  ///
  /// - Parameters:
  ///   - bounds: finite; widened to contain 0. A range of 0 gets S = 1 and Z = 0: its only value is exact.
  ///   - symmetric: range ± max(|min|, |max|) with Z = 2^(N−1) in the middle: levels 1 ... 2^N − 1.
  public init(_ bounds: Bounds, bits: Int, symmetric: Bool = false) {
    precondition(bounds.lower.isFinite && bounds.upper.isFinite, "range \(bounds)")
    let lower = min(Double(bounds.lower), 0)
    let upper = max(Double(bounds.upper), 0)
    let last = Double(Int(1) << bits - 1)
    let middle = Int32(1) << (bits - 1)
    guard lower < upper else {
      self.init(scale: 1, zeroPoint: symmetric ? middle : 0, bits: bits)
      return
    }
    let width = symmetric ? max(-lower, upper) / Double(middle - 1) : (upper - lower) / last
    let scale = max(Float(width), Float.leastNormalMagnitude)
    let zero = symmetric ? Double(middle) : (-lower / Double(scale)).rounded(.toNearestOrEven)
    self.init(scale: scale, zeroPoint: Int32(min(max(zero, 0), last)), bits: bits)
  }

  /// Greatest level, 2^N − 1.
  public var lastLevel: Int32 { Int32(1) << bits - 1 }

  public var grid: QuantizationGrid {
    QuantizationGrid(scale: scale, zeroPoint: zeroPoint, levels: lastLevel + 1)
  }

  /// q = clip(round(r/S) + Z) (eqs. 2.7, 2.8), in float32 with ties to even, as ONNX's QuantizeLinear. NaN gives Z.
  public func level(of value: Float) -> UInt16 {
    let steps = (value / scale).rounded(.toNearestOrEven)
    guard !steps.isNaN else { return UInt16(zeroPoint) }
    return UInt16(min(max(steps, Float(-zeroPoint)), Float(lastLevel - zeroPoint)) + Float(zeroPoint))
  }

  /// Writes the levels of many values, each `stride` after the one before; a loop that vectorizes.
  func quantize<Level: LevelScalar>(
    _ values: UnsafeBufferPointer<Float>, into levels: UnsafeMutablePointer<Level>, stride: Int
  ) {
    guard let x = values.baseAddress else { return }
    let low = Float(-zeroPoint)
    let high = Float(lastLevel - zeroPoint)
    let scale = scale
    let offset = zeroPoint &- Int32(bitPattern: Float(0x1.8p23).bitPattern)
    for i in 0..<values.count {
      var steps = x[i] / scale
      steps = steps == steps ? steps : 0
      steps = steps < low ? low : steps
      steps = steps > high ? high : steps
      // Adding 1.5·2²³ leaves the integer, rounded to even, in the low bits of the pattern.
      levels[i &* stride] = Level(
        truncatingIfNeeded: Int32(bitPattern: (steps + 0x1.8p23).bitPattern) &+ offset)
    }
  }

  /// r = S·(q − Z) (eq. 2.6).
  public func value(of level: UInt16) -> Float { scale * Float(Int32(level) - zeroPoint) }

  /// The nearest value that has a level.
  public func rounded(_ value: Float) -> Float { self.value(of: level(of: value)) }

  /// Writes the same of many values; a loop that vectorizes.
  func round(_ values: UnsafeBufferPointer<Float>, into rounded: UnsafeMutablePointer<Float>) {
    guard let x = values.baseAddress else { return }
    let low = Float(-zeroPoint)
    let high = Float(lastLevel - zeroPoint)
    let scale = scale
    for i in 0..<values.count {
      var steps = x[i] / scale
      steps = steps == steps ? steps : 0
      steps = steps < low ? low : steps
      steps = steps > high ? high : steps
      // Adding and taking away 1.5·2²³ rounds to an integer, ties to even, below 2²².
      rounded[i] = scale * (steps + 0x1.8p23 - 0x1.8p23)
    }
  }
}
