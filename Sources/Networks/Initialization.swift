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
  public enum Scope: String, Codable, Hashable, Sendable, CaseIterable { case spatial, pointwise, all }
  public enum Fans: String, Codable, Hashable, Sendable, CaseIterable { case keras, perGroup }

  public var strategy = Strategy.glorotUniform
  public var scope = Scope.spatial
  public var fans = Fans.keras
  /// Glorot and He normals are cut at 2σ and rescaled to keep their variance, as Keras does (B4).
  public var truncatesNormals = true

  public init() {}
}

/// The distribution a layer's weights are drawn from.
public enum WeightDistribution: Hashable, Sendable {
  case uniform(bound: Double)
  case normal(standardDeviation: Double)
  /// Standard deviation after truncation at ± 2 of the parent normal's.
  case truncatedNormal(standardDeviation: Double)
}
