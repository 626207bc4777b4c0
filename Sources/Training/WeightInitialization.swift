public import Networks
public import Tensors

extension Initialization {
  /// A network's parameters before training (SPEC B), layer by layer: `LAYER.weight` (OIHW, or O × I for dense
  /// layers), then `LAYER.bias` (O) or, with BatchNorm, `LAYER.bn.weight` = γ = 1, `LAYER.bn.bias` = β = 0,
  /// `LAYER.bn.running_mean` = 0 and `LAYER.bn.running_var` = 1 (each O).
  /// Weights of layer l are a pure function of (seed, l, its distribution).
  public func parameters(of network: Network, seed: UInt64) -> [(name: String, tensor: Tensor)] {
    var parameters: [(name: String, tensor: Tensor)] = []
    for (index, layer) in network.layers.enumerated() {
      var stream = RandomStream(seed: seed, purpose: .weights, index: index)
      let distribution = distribution(for: layer)
      let weights = (0..<layer.weightCount).map { _ in distribution.sample(&stream) }
      parameters.append(("\(layer.name).weight", Tensor(shape: Shape(layer.weightShape), values: weights)))
      let perChannel: [(String, Float)] =
        layer.batchNorm
        ? [("bn.weight", 1), ("bn.bias", 0), ("bn.running_mean", 0), ("bn.running_var", 1)] : [("bias", 0)]
      for (name, value) in perChannel {
        let values = [Float](repeating: value, count: layer.outChannels)
        parameters.append(("\(layer.name).\(name)", Tensor(shape: [layer.outChannels], values: values)))
      }
    }
    return parameters
  }
}

extension WeightDistribution {
  /// One weight. The truncated normal draws again whatever lies beyond 2σ of the normal that is cut (Keras's
  /// `truncated_normal`).
  func sample(_ stream: inout RandomStream) -> Float {
    switch self {
    case .uniform(let bound):
      return stream.uniform(Float(-bound), Float(bound))
    case .normal(let sigma):
      return stream.normal() * Float(sigma)
    case .truncatedNormal(let sigma):
      let parent = Float(sigma / Self.truncationFactor)
      while true {
        let z = stream.normal()
        if abs(z) <= 2 { return z * parent }
      }
    }
  }
}
