/// What one layer, or a sum of layers, costs (SPEC A4).
public struct LayerCost: Codable, Hashable, Sendable {
  /// Multiply-accumulate operations of one image's inference: K²·H·W·(C_in/f)·C_out (2.3, 5.1, 5.2).
  public var macs = 0
  /// Elements of the weights: K²·(C_in/f)·C_out (2.4).
  public var weights = 0
  /// All that is trained: weights, and biases or BatchNorm's γ and β.
  public var parameters = 0
  /// Storage for inference, BatchNorm folded in (one bias per output channel): all fp32.
  public var float32Bytes = 0
  /// The same with 8-bit weights and int32 biases.
  public var uint8Bytes = 0

  public init() {}

  public static func + (a: LayerCost, b: LayerCost) -> LayerCost {
    var sum = a
    sum.macs += b.macs
    sum.weights += b.weights
    sum.parameters += b.parameters
    sum.float32Bytes += b.float32Bytes
    sum.uint8Bytes += b.uint8Bytes
    return sum
  }
}

extension Layer {
  public var cost: LayerCost {
    var cost = LayerCost()
    cost.macs = weightCount * outputSize * outputSize
    cost.weights = weightCount
    cost.parameters = weightCount + (batchNorm ? 2 : 1) * outChannels
    cost.float32Bytes = 4 * (weightCount + outChannels)
    cost.uint8Bytes = weightCount + 4 * outChannels
    return cost
  }
}

extension Network {
  /// The thesis's total: convolutions only.
  public var convolutionCost: LayerCost { convolutions.reduce(LayerCost()) { $0 + $1.cost } }
  public var cost: LayerCost { layers.reduce(LayerCost()) { $0 + $1.cost } }
}
