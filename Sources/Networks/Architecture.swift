/// One macroarchitecture with its microarchitecture (SPEC A1–A3). The defaults are the thesis's.
public struct Architecture: Codable, Hashable, Sendable {
  public var inputSize = 32
  public var inputChannels = 3
  public var classes = 10
  /// Output channels of the first convolution, which is never factorized.
  public var firstWidth = 64
  public var stages = [
    Stage(width: 64, blocks: 2), Stage(width: 128, blocks: 3), Stage(width: 256, blocks: 3),
  ]
  /// How the first block of every stage but the first halves the resolution.
  public var downsampling = Downsampling.stride
  /// Widths of the hidden dense layers; the last dense layer has `classes` outputs.
  public var head = [128, 128]
  public var batchNorm = true
  /// Momentum of the running mean and variance (Keras convention: new = momentum·old + (1 − momentum)·batch).
  public var batchNormMomentum = 0.99
  public var batchNormEpsilon = 1e-3
  public var factorization = Factorization.none

  public init() {}
}

/// A run of blocks at one resolution.
public struct Stage: Codable, Hashable, Sendable {
  public var width: Int
  public var blocks: Int
  public init(width: Int, blocks: Int) {
    self.width = width
    self.blocks = blocks
  }
}

public enum Downsampling: String, Choice, Hashable, Sendable {
  /// Stride 2 in the block's spatial convolution, TensorFlow `SAME` padding (0 before, 1 after).
  case stride
  /// 2×2 max-pool, stride 2, before the block; its convolution then has stride 1.
  case maxPool
}
