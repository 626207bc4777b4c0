/// How a network is quantized (SPEC E). The defaults are the thesis's.
public struct QuantizationOptions: Hashable, Sendable {
  /// One range for a whole weight tensor, or one per output channel.
  public enum Granularity: String, Hashable, Sendable, CaseIterable { case perTensor, perChannel }

  /// How accumulators are brought to output levels.
  public enum Rounding: String, Hashable, Sendable, CaseIterable {
    /// clip(rint(acc·float32(S_x·S_w/S_y)) + Z_y), ties to even, as ONNX Runtime.
    case tiesToEven
    /// TFLite's reference kernels: a 31-bit fixed-point multiplier, rounded twice, ties away from zero (gemmlowp).
    case tiesAway
    /// TFLite's optimised kernels: a 31-bit fixed-point multiplier, rounded once, ties towards +∞.
    case tiesUp
  }

  /// 2 ... 16.
  public var weightBits = 8
  /// 2 ... 16; of the input image, every layer's output and the logits.
  public var activationBits = 8
  public var granularity = Granularity.perTensor
  /// Weights in ± max|w| with their zero point in the middle.
  public var symmetricWeights = false
  /// Percent clipped at either end of every activation's calibration values, 0 ..< 50 (E2).
  public var clippedPercent = 1.0
  public var rounding = Rounding.tiesToEven
  /// Images each quantizer's lone contribution is measured on (D7); 0 leaves it out.
  public var sensitivityImages = 64

  public init() {}
}
