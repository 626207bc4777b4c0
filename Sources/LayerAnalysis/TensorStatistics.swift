/// Which tensor of a layer statistics describe (SPEC D).
public enum TensorKind: String, Codable, Hashable, Sendable, CaseIterable {
  case weights = "W"
  /// Weights with BatchNorm folded in (3.2); equal to `weights` where no BatchNorm follows.
  case foldedWeights = "F"
  /// The layer's output after ReLU (logits for the last layer), over the calibration images.
  case activations = "A"
  case gradients = "G"
}

/// The statistics D1, D2 and D4–D6 of one tensor. nil stands for undefined (0/0).
public struct TensorStatistics: Codable, Hashable, Sendable {
  public var count = 0
  /// Extremes of all values, unclipped.
  public var minimum: Float = 0
  public var maximum: Float = 0
  public var mean = 0.0
  /// Population standard deviation.
  public var standardDeviation = 0.0
  /// Bounds that range and precision are taken between: the extremes for W and F, the 1st and 99th percentile
  /// for A (D4).
  public var lower: Float = 0
  public var upper: Float = 0
  /// Mean over channels of channel range / tensor range (3.1); nil where the tensor's range is 0.
  public var averagePrecision: Double?
  /// Fraction of values that are exactly 0.
  public var sparsity = 0.0
  /// Excess kurtosis m₄/m₂² − 3 of the tensor; nil where the variance is 0.
  public var kurtosis: Double?
  /// Mean over the channels that have one of the channel's excess kurtosis.
  public var channelKurtosis: Double?
  /// KL divergence, in nats, of the 256-bin histogram from the uniform distribution on the same bounds.
  public var klFromUniform: Double?
  /// 10·log10(E[x²]/E[δ²]) in dB (3.3) under the quantizer in use; nil where either expectation is 0.
  public var sqnr: Double?
  /// 256 equal bins over minimum ... maximum.
  public var histogram: [UInt32] = []
  /// lower and upper of every output channel.
  public var channelLower: [Float] = []
  public var channelUpper: [Float] = []

  public init() {}

  /// upper − lower (D1).
  public var range: Double { Double(upper) - Double(lower) }
}
