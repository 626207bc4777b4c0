import Networks
import OneDNN

extension PlanBuilder {
  /// From the logits' gradient to the first layer's weights.
  mutating func backward() throws {
    plan.lossGradient = try gradient(of: network.layers.count - 1).memory(0..<options.count, in: arena)
    for index in network.layers.indices.reversed() { try backward(index) }
  }

  /// From the gradient of a layer's output after BatchNorm and ReLU, whose sums for BatchNorm are made, to that of its
  /// input, if it is not the first.
  private mutating func backward(_ index: Int) throws {
    let layer = network.layers[index]
    let gradient = gradient(of: index)
    var steps: [any PlanStep] = []
    let throughActivation = try activationBackward(index, &steps)
    var weightsGradient = try WeightsGradient(self, index)
    let input = index == 0 ? nil : traces[index - 1]
    let inputGradient = index == 0 ? nil : self.gradient(of: index - 1)
    let weights = try passes[index].backwardData.map {
      try self.weights(states[index], for: $0, "backward")
    }
    let poolBackward = try traces[index].pool.map {
      try Primitive.maxPoolBackward(
        "\(layer.name) pooling backward", size: 2, forward: $0.primitive, engine: options.engine)
    }
    for (slice, images) in passes[index].slices.ranges.enumerated() {
      let inner = try gradient.memory(images, in: arena)
      try throughActivation(images, inner, &steps)
      let source =
        try traces[index].pool?.output.memory(images, in: arena)
        ?? self.input(of: index, slice: slice, &steps)
      try weightsGradient.add(self, source: source, gradient: inner, &steps)
      guard let byData = passes[index].backwardData, let weights, let input, let inputGradient else {
        continue
      }
      let incoming = try converted(
        inner, to: byData.layout(.destinationGradient), slot: "gradient.data", &steps)
      let result = try inputGradient.memory(images, in: arena)
      let arguments = [(Argument.destinationGradient, incoming), (.weights, weights)]
      if let pool = traces[index].pool {
        let pooled = try arena.memory("gradient.pooled", pool.primitive.layout(.destination))
        try execute(byData, arguments, result: .sourceGradient, into: pooled, &steps)
        try execute(
          poolBackward!, [(.destinationGradient, pooled), (.workspace, pool.workspaces[slice])],
          result: .sourceGradient, into: result, &steps)
      } else {
        try execute(byData, arguments, result: .sourceGradient, into: result, &steps)
      }
      if let normalization = input.normalization {
        let x = try input.output.memory(images, in: arena)
        steps.append(
          Computation("\(network.layers[index - 1].name) batch normalization backward") {
            normalization.addGradients(x.floats, result.floats, images: images)
          })
      }
    }
    try weightsGradient.finish(self, &steps)
    plan.backward += steps
  }

  private typealias SliceBackward = (
    _ images: Range<Int>, _ gradient: Memory, _ steps: inout [any PlanStep]
  ) throws -> Void

  /// What takes a slice's gradient back through ReLU, or ReLU and BatchNorm, in place.
  private func activationBackward(_ index: Int, _ steps: inout [any PlanStep]) throws -> SliceBackward {
    let layer = network.layers[index]
    let output = traces[index].output
    if let normalization = traces[index].normalization {
      let name = "\(layer.name) batch normalization backward"
      let parameters = states[index].normalizationParameters(training: true)
      steps.append(Computation(name) { normalization.finishGradientSums(parameters) })
      return { images, gradient, steps in
        let x = try output.memory(images, in: arena)
        steps.append(
          Computation(name) { normalization.applyGradient(x.floats, gradient.floats, images: images.count) })
      }
    }
    guard layer.relu else { return { _, _, _ in } }
    let layout = try output.layout(images: passes[index].slices.size)
    let primitive = try Primitive.reluBackward(
      "\(layer.name) ReLU backward", data: layout, gradient: layout, engine: options.engine)
    return { images, gradient, steps in
      let y = try output.memory(images, in: arena)
      steps.append(
        try bind(
          primitive, [(.destination, y), (.destinationGradient, gradient), (.sourceGradient, gradient)]))
    }
  }
}

/// A layer's gradients of weights and bias, added up over the slices.
private struct WeightsGradient {
  private let pass: any LayerPass
  private let name: String
  private let master: Memory
  /// In the pass's layout: `master`, or what is put into its layout at the end.
  private let sum: Memory
  private let bias: Memory?
  private var isFirst = true

  init(_ builder: PlanBuilder, _ index: Int) throws {
    let state = builder.states[index]
    pass = builder.passes[index].backwardWeights!
    name = state.layer.name
    master = state[.weight].gradient!.memory
    let layout = try pass.layout(.weightsGradient)
    sum = layout == master.layout ? master : try builder.arena.memory("weights.sum", layout)
    bias = state.layer.bias ? state[.bias].gradient!.memory : nil
  }

  mutating func add(
    _ builder: PlanBuilder, source: Memory, gradient: Memory, _ steps: inout [any PlanStep]
  ) throws {
    var written = sum
    var writtenBias = bias
    if !isFirst {
      written = try builder.arena.memory("weights.gradient", sum.layout)
      writtenBias = try bias.map { try builder.arena.memory("bias.gradient", $0.layout) }
    }
    var arguments: [(Argument, Memory)] = [
      (.source, try builder.converted(source, to: pass.layout(.source), slot: "source", &steps)),
      (
        .destinationGradient,
        try builder.converted(
          gradient, to: pass.layout(.destinationGradient), slot: "gradient.weights", &steps)
      ),
      (.weightsGradient, written),
    ]
    if let writtenBias { arguments.append((.biasGradient, writtenBias)) }
    steps.append(try builder.bind(pass, arguments))
    if !isFirst {
      steps.append(Self.addition("\(name) backward-weights", written, to: sum))
      if let bias, let writtenBias {
        steps.append(Self.addition("\(name) backward-weights", writtenBias, to: bias))
      }
    }
    isFirst = false
  }

  func finish(_ builder: PlanBuilder, _ steps: inout [any PlanStep]) throws {
    if sum !== master { steps.append(try builder.reorder(sum, master)) }
  }

  private static func addition(_ name: String, _ term: Memory, to sum: Memory) -> Computation {
    let count = sum.layout.bytes / MemoryLayout<Float>.stride
    return Computation(name) { accumulate(sum.floats, adding: term.floats, count: count) }
  }
}
