public import Networks
public import Tensors
public import Training

/// A layer's weights and bias with its BatchNorm folded in (SPEC D3, eq. 3.2).
public struct FoldedLayer: Hashable, Sendable {
  /// O × I/groups × K × K, dense O × I.
  public var weight: Tensor
  /// O.
  public var bias: [Float]

  public init(weight: Tensor, bias: [Float]) {
    self.weight = weight
    self.bias = bias
  }
}

/// Folds every layer's BatchNorm: w·γ/√(EMA(σ²) + ε) and β + γ·(b − EMA(μ))/√(EMA(σ²) + ε), in double precision,
/// rounded once. Layers without BatchNorm are left as they are.
///
/// - Returns: one per layer of the network, in order.
/// - Throws: `ParametersError` where the parameters are not this network's.
public func foldBatchNorm(
  _ parameters: Parameters, of network: Network
) throws(ParametersError) -> [FoldedLayer] {
  try parameters.validate(for: network)
  return network.layers.map { layer in
    let weight = parameters["\(layer.name).weight"]!
    guard layer.batchNorm else {
      return FoldedLayer(weight: weight, bias: parameters["\(layer.name).bias"]!.values)
    }
    let gamma = parameters["\(layer.name).bn.weight"]!.values
    let beta = parameters["\(layer.name).bn.bias"]!.values
    let mean = parameters["\(layer.name).bn.running_mean"]!.values
    let variance = parameters["\(layer.name).bn.running_var"]!.values
    let epsilon = network.architecture.batchNormEpsilon
    var folded = FoldedLayer(weight: weight, bias: [])
    let perChannel = weight.values.count / layer.outChannels
    for o in 0..<layer.outChannels {
      let factor = Double(gamma[o]) / (Double(variance[o]) + epsilon).squareRoot()
      folded.bias.append(Float(Double(beta[o]) - factor * Double(mean[o])))
      for i in o * perChannel..<(o + 1) * perChannel {
        folded.weight.values[i] = Float(Double(weight.values[i]) * factor)
      }
    }
    return folded
  }
}

extension Network {
  /// The same network without BatchNorm: what folded parameters belong to.
  func withoutBatchNorm() throws(NetworkSettingError) -> Network {
    var architecture = architecture
    architecture.batchNorm = false
    return try Network(architecture)
  }
}

extension Parameters {
  /// The parameters of `network.withoutBatchNorm()`.
  init(_ folded: [FoldedLayer], of network: Network) {
    self.init(
      zip(network.layers, folded).flatMap { layer, folded in
        [
          (name: "\(layer.name).weight", tensor: folded.weight),
          (name: "\(layer.name).bias", tensor: Tensor(shape: [layer.outChannels], values: folded.bias)),
        ]
      })
  }
}
