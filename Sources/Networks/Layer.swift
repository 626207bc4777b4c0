/// One convolution or dense layer with all that follows it up to its output (BatchNorm, ReLU).
public struct Layer: Hashable, Sendable {
  public enum Role: String, Choice, Hashable, Sendable {
    /// The first convolution: regular, never factorized.
    case first
    /// The 3×3 convolution of a regular block.
    case regular
    /// The 3×3 group or depthwise convolution of a separable block.
    case spatial
    /// The 1×1 convolution of a separable block.
    case pointwise
    case dense
  }

  /// Unique, and the prefix of its parameters' names: `conv1`, `stage2.1.spatial`, `stage2.1.pointwise`,
  /// `stage1.0.conv`, `dense1`.
  public let name: String
  public let role: Role
  /// Index of the block this layer belongs to, counted over the whole network; nil for `conv1` and dense layers.
  public let block: Int?
  public let inChannels: Int
  public let outChannels: Int
  /// Kernel height = width; 1 for dense layers.
  public let kernel: Int
  public let stride: Int
  public let groups: Int
  /// Height = width of the convolution's input (after the max-pool, if there is one); 1 for dense layers.
  public let inputSize: Int
  public let outputSize: Int
  /// Zero padding before and after each spatial axis.
  public let padBefore: Int
  public let padAfter: Int
  /// A 2×2 max-pool with stride 2 is applied to the input first (it halves 2·inputSize to inputSize).
  public let poolsInput: Bool
  public let batchNorm: Bool
  public let relu: Bool

  /// A layer has a bias exactly where no BatchNorm follows.
  public var bias: Bool { !batchNorm }
  public var isDense: Bool { role == .dense }
  /// OIHW with I per group; O × I for dense layers.
  public var weightShape: [Int] {
    isDense ? [outChannels, inChannels] : [outChannels, inChannels / groups, kernel, kernel]
  }
  public var weightCount: Int { weightShape.reduce(1, *) }
  /// Values of one image that the layer takes in, before its max-pool.
  public var inputCount: Int { inChannels * inputSize * inputSize * (poolsInput ? 4 : 1) }
  /// Values of one image that it puts out.
  public var outputCount: Int { outChannels * outputSize * outputSize }
}
