import Networks
import OneDNN

extension CompiledNetwork {
  /// Runs the first `count` of `images` through the network, BatchNorm with its running statistics.
  ///
  /// Afterwards `logits` can be read, and every layer's activation of an `inference` network. Of one with parameters
  /// loaded.
  ///
  /// - Throws: `OneDNNError`.
  public func infer(count: Int) throws {
    if purpose == .stream { try inferStream(count: count) } else { try infer(from: 0, count: count) }
  }

  /// Runs only the layers after `layer` again, on its activation as it is now (see `mapActivation`).
  ///
  /// - Parameter layer: index into `network.layers`, after an `infer` of the same count.
  public func infer(resumingAfter layer: Int, count: Int) throws { try infer(from: layer + 1, count: count) }

  private func infer(from first: Int, count: Int) throws {
    precondition(purpose == .inference && loaded != nil, "an inference network with parameters loaded")
    Engine.setThreads(threads)
    let plan = try plan(for: count)
    for steps in plan.forward[first...] { try run(steps) }
    try engine.wait()
    lastLogits = plan.outputs.last
  }

  /// What the last `infer` left, batch × classes: rows after its count are old.
  public var logits: UnsafeBufferPointer<Float> {
    guard let lastLogits else { preconditionFailure("logits are there after infer") }
    return UnsafeBufferPointer(start: lastLogits.floats, count: batch * network.architecture.classes)
  }

  /// Copies a layer's output (after BatchNorm and ReLU) of the last `infer` in plain order.
  ///
  /// - Parameters:
  ///   - layer: index into `network.layers`.
  ///   - count: that of the last `infer`.
  ///   - values: count × C × H × W, or count × C of a dense layer; at least as many elements.
  public func readActivation(
    layer: Int, count: Int, into values: UnsafeMutableBufferPointer<Float>
  ) throws {
    let shape = network.layers[layer]
    precondition(purpose != .stream, "a stream's activations are shown while it runs")
    precondition(values.count >= count * shape.outputCount, "\(values.count) elements are too few")
    Engine.setThreads(threads)
    let output = try plan(for: count).outputs[layer]
    let extents =
      shape.isDense
      ? [count, shape.outChannels] : [count, shape.outChannels, shape.outputSize, shape.outputSize]
    let plain = try Memory(Layout(extents), engine: engine)
    try plain.bind(to: UnsafeMutableRawPointer(values.baseAddress!))
    let reorder = try Primitive.reorder(
      "activation of \(shape.name)", from: output.layout, to: plain.layout, engine: engine)
    try reorder.bind([(.source, output), (.destination, plain)]).execute()
    try engine.wait()
  }

  /// Changes a layer's output of the last `infer` in place, in whatever order it lies.
  ///
  /// - Parameters:
  ///   - count: that of the last `infer`.
  ///   - body: an elementwise function that maps 0 to 0: blocks may be padded with zeros, which are among
  ///     what it is given.
  public func mapActivation(
    layer: Int, count: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Void
  ) throws {
    let output = try plan(for: count).outputs[layer]
    body(
      UnsafeMutableBufferPointer(
        start: output.floats, count: output.layout.bytes / MemoryLayout<Float>.stride))
  }
}
