import Networks
import OneDNN
public import Tensors

/// Going through a network layer by layer, as calibration does: all images through one layer before the next.
extension CompiledNetwork {
  /// Runs one layer alone, on the activation of the one before it as it is now (the first: on `images`).
  ///
  /// - Parameter layer: index into `network.layers`. Of an inference network with parameters loaded.
  public func infer(layer: Int, count: Int) throws {
    precondition(loaded != nil, "infer needs an inference network with parameters loaded")
    Engine.setThreads(threads)
    let plan = try plan(for: count)
    try run(plan.forward[layer])
    try engine.wait()
    lastLogits = plan.outputs.last
  }

  /// Replaces a layer's output, from plain order: the inverse of `readActivation`.
  ///
  /// - Parameter values: count × C × H × W, or count × C of a dense layer; at least as many elements.
  public func writeActivation(layer: Int, count: Int, from values: UnsafeBufferPointer<Float>) throws {
    let shape = network.layers[layer]
    precondition(values.count >= count * shape.outputCount, "\(values.count) elements are too few")
    Engine.setThreads(threads)
    let output = try plan(for: count).outputs[layer]
    let extents =
      shape.isDense
      ? [count, shape.outChannels] : [count, shape.outChannels, shape.outputSize, shape.outputSize]
    let plain = try Memory(Layout(extents), engine: engine)
    try plain.bind(to: UnsafeMutableRawPointer(mutating: values.baseAddress!))
    let reorder = try Primitive.reorder(
      "activation of \(shape.name)", from: plain.layout, to: output.layout, engine: engine)
    try reorder.bind([(.source, plain), (.destination, output)]).execute()
    try engine.wait()
  }

  /// Replaces one layer's weights. Of an inference network with parameters loaded.
  ///
  /// - Parameter weight: O × I/groups × K × K, dense O × I.
  public func loadWeight(_ weight: Tensor, layer: Int) throws {
    precondition(loaded != nil && weight.shape == Shape(network.layers[layer].weightShape))
    Engine.setThreads(threads)
    loaded!["\(network.layers[layer].name).weight"] = weight
    for tensor in states[layer].trainable where tensor.kind == .weight {
      try tensor.write(weight.values, to: tensor.value)
    }
    for plan in allPlans { try run(Array(plan.prepare[plan.preparation[layer]])) }
    try engine.wait()
  }
}
