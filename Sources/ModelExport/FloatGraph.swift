import Networks
import Training

extension GraphBuilder {
  /// The network as it was trained: Conv, BatchNormalization, Relu, Gemm.
  init(_ network: Network, _ parameters: Parameters) {
    self.init()
    var value = ValueName.image
    for (index, layer) in network.layers.enumerated() {
      let name = layer.name
      if layer.poolsInput { value = add("MaxPool", [value], to: "\(name).pooled", Layer.poolAttributes) }
      if index == network.firstDense { value = add("Flatten", [value], to: "\(name).flat") }
      func constant(_ suffix: String, in graph: inout Self) -> String {
        graph.add("\(name).\(suffix)", parameters["\(name).\(suffix)"]!)
      }
      var inputs = [value, constant("weight", in: &self)]
      if layer.bias { inputs.append(constant("bias", in: &self)) }
      let output = index + 1 < network.layers.count ? name : ValueName.logits
      let sums = layer.batchNorm || layer.relu ? "\(name).sums" : output
      value =
        layer.isDense
        ? add("Gemm", inputs, to: sums, [.integer("transB", 1)])
        : add("Conv", inputs, to: sums, layer.convolutionAttributes)
      if layer.batchNorm {
        let statistics = ["bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"].map {
          constant($0, in: &self)
        }
        value = add(
          "BatchNormalization", [value] + statistics, to: layer.relu ? "\(name).normalized" : output,
          [.float("epsilon", Float(network.architecture.batchNormEpsilon))])
      }
      if layer.relu { value = add("Relu", [value], to: output) }
    }
  }
}
