/// How weights are drawn (SPEC B). `strategy` goes to the layers `scope` names; the first convolution and all
/// dense layers are always Glorot uniform (B2), and so is any block kernel out of scope (B3).
public struct Initialization: Codable, Hashable, Sendable {
  public enum Strategy: Hashable, Sendable {
    /// N(0, σ²), plain.
    case normal(standardDeviation: Double)
    /// U(−bound, bound).
    case uniform(bound: Double)
    /// U(±√(C/(fan_in + fan_out))) (4.10).
    case modifiedGlorotUniform(c: Double)
    case glorotUniform, glorotNormal, heUniform, heNormal
  }
  public enum Scope: String, Choice, Hashable, Sendable {
    /// The 3×3 kernels of blocks: regular, group and depthwise.
    case spatial
    /// The 1×1 kernels of separable blocks.
    case pointwise
    /// Every kernel of a block.
    case all
  }
  public enum Fans: String, Choice, Hashable, Sendable {
    /// A depthwise kernel of C channels counts 9·C in and 9 out, as in Keras.
    case keras
    /// Depthwise kernels too count as independent convolutions: 9 in, 9 out.
    case perGroup
  }

  public var strategy = Strategy.glorotUniform
  public var scope = Scope.spatial
  public var fans = Fans.keras
  /// Glorot and He normals are cut at 2σ and rescaled to keep their variance, as Keras does (B4).
  public var truncatesNormals = true

  public init() {}
}

extension Initialization {
  /// What the layer's weights are drawn from (SPEC B1–B4); biases, β and γ are constants (B5).
  public func distribution(for layer: Layer) -> WeightDistribution {
    let (fanIn, fanOut) = fans.count(for: layer)
    let sum = Double(fanIn + fanOut)
    switch covers(layer.role) ? strategy : .glorotUniform {
    case .normal(let sigma): return .normal(standardDeviation: sigma)
    case .uniform(let bound): return .uniform(bound: bound)
    case .modifiedGlorotUniform(let c): return .uniform(bound: (c / sum).squareRoot())
    case .glorotUniform: return .uniform(bound: (6 / sum).squareRoot())
    case .heUniform: return .uniform(bound: (6 / Double(fanIn)).squareRoot())
    case .glorotNormal: return scaledNormal(variance: 2 / sum)
    case .heNormal: return scaledNormal(variance: 2 / Double(fanIn))
    }
  }

  /// Whether layers of this role get `strategy` rather than Glorot uniform (B2, B3).
  public func covers(_ role: Layer.Role) -> Bool {
    switch role {
    case .first, .dense: false
    case .regular, .spatial: scope != .pointwise
    case .pointwise: scope != .spatial
    }
  }

  private func scaledNormal(variance: Double) -> WeightDistribution {
    let sigma = variance.squareRoot()
    return truncatesNormals
      ? .truncatedNormal(standardDeviation: sigma) : .normal(standardDeviation: sigma)
  }
}

extension Initialization.Fans {
  /// Connections into one output and out of one input of the layer (B3). A convolution in f groups counts as
  /// f independent ones; how a depthwise one counts is what the two cases differ in.
  public func count(for layer: Layer) -> (fanIn: Int, fanOut: Int) {
    let window = layer.kernel * layer.kernel
    if self == .keras, layer.groups > 1, layer.groups == layer.inChannels {
      return (window * layer.inChannels, window * layer.outChannels / layer.groups)
    }
    return (window * layer.inChannels / layer.groups, window * layer.outChannels / layer.groups)
  }
}

/// The distribution a layer's weights are drawn from.
public enum WeightDistribution: Hashable, Sendable {
  case uniform(bound: Double)
  case normal(standardDeviation: Double)
  /// A normal cut at ± 2 of its standard deviations; the value given is the standard deviation that is left
  /// after the cut, so the normal that is cut has `standardDeviation / truncationFactor`.
  case truncatedNormal(standardDeviation: Double)

  /// Standard deviation of N(0, 1) cut at ± 2.
  public static let truncationFactor = 0.879_625_661_034_239_78
}
