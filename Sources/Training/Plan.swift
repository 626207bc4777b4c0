import Networks
import OneDNN

/// Everything a step over `count` images executes, in order, bound to its memories.
struct Plan {
  /// Weights into the layouts that differ from the one SGD works in.
  var prepare: [BoundPrimitive] = []
  /// Which of `prepare` serve each layer's forward pass.
  var preparation: [Range<Int>] = []
  /// Layer by layer.
  var forward: [[BoundPrimitive]] = []
  /// From the gradient of the logits to all gradients; empty in an inference plan.
  var backward: [BoundPrimitive] = []
  /// Every layer's output, after BatchNorm and ReLU.
  var outputs: [Memory] = []
  /// Gradient of the logits, count × classes; where the loss writes. Nil in an inference plan.
  var lossGradient: Memory?
}

/// Binds primitives to memories. Slots that plans for other counts use too are shared with them.
struct PlanBuilder {
  let network: Network
  let primitives: [LayerPrimitives]
  let states: [LayerState]
  let options: CompilationOptions
  let arena: MemoryArena
  private var plan = Plan()
  /// What the backward passes of a layer need from its forward pass.
  private var traces: [ForwardTrace] = []
  /// Gradients of activations alternate between two slots.
  private var gradientSlot = 0

  private struct ForwardTrace {
    var source: Memory
    var pool: (primitive: Primitive, workspace: Memory)?
    var convolved: Memory
    var normalization: (primitive: Primitive, workspace: Memory)?
  }

  private var trains: Bool { options.purpose == .training }
  private var epsilon: Float { Float(network.architecture.batchNormEpsilon) }

  init(
    network: Network, primitives: [LayerPrimitives], states: [LayerState], options: CompilationOptions,
    arena: MemoryArena
  ) {
    self.network = network
    self.primitives = primitives
    self.states = states
    self.options = options
    self.arena = arena
  }

  /// - Parameter images: memory of count × C × H × W, plain.
  mutating func build(images: Memory) throws -> Plan {
    var activation = images
    for index in network.layers.indices {
      let first = plan.prepare.count
      activation = try forward(index, activation)
      plan.preparation.append(first..<plan.prepare.count)
    }
    if trains {
      var gradient = try arena.memory(nextGradientSlot(), activation.layout)
      plan.lossGradient = gradient
      for index in network.layers.indices.reversed() {
        guard let next = try backward(index, gradient) else { break }
        gradient = next
      }
    }
    try arena.allocate()
    return plan
  }

  // MARK: Forward

  private mutating func forward(_ index: Int, _ input: Memory) throws -> Memory {
    let layer = network.layers[index]
    let state = states[index]
    let main = primitives[index].forward
    var steps: [BoundPrimitive] = []
    var source = input
    var pool: (Primitive, Memory)?
    if layer.poolsInput {
      let primitive = try Primitive.maxPoolForward(
        "\(layer.name) pooling", source: source.layout,
        destinationExtents: [options.count, layer.inChannels, layer.inputSize, layer.inputSize], size: 2,
        purpose: options.purpose, engine: options.engine)
      let pooled = try arena.memory("\(layer.name).pooled", primitive.layout(.destination))
      var arguments: [(Argument, Memory)] = [(.source, source), (.destination, pooled)]
      if trains {
        let workspace = try arena.memory("\(layer.name).pooled.workspace", primitive.layout(.workspace))
        arguments.append((.workspace, workspace))
        pool = (primitive, workspace)
      }
      steps.append(try bind(primitive, arguments))
      source = pooled
    }
    let convolved = try arena.memory(
      trains && layer.batchNorm ? "\(layer.name).convolved" : "\(layer.name).output",
      main.layout(.destination))
    var arguments: [(Argument, Memory)] = [
      (.source, try converted(source, to: main.layout(.source), slot: "\(layer.name).source", &steps)),
      (.weights, try weights(state, for: main, "forward")), (.destination, convolved),
    ]
    if layer.bias { arguments.append((.bias, state[.bias].value.memory)) }
    steps.append(try bind(main, arguments))
    var trace = ForwardTrace(source: source, pool: pool, convolved: convolved)
    let output = try normalize(layer, state, convolved, &trace, &steps)
    traces.append(trace)
    plan.forward.append(steps)
    plan.outputs.append(output)
    return output
  }

  private func normalize(
    _ layer: Layer, _ state: LayerState, _ convolved: Memory, _ trace: inout ForwardTrace,
    _ steps: inout [BoundPrimitive]
  ) throws -> Memory {
    guard let statistics = state.statistics else { return convolved }
    let primitive = try Primitive.batchNormalizationForward(
      "\(layer.name) batch normalization forward", data: convolved.layout, epsilon: epsilon,
      purpose: options.purpose, relu: layer.relu, engine: options.engine)
    let output = trains ? try arena.memory("\(layer.name).output", convolved.layout) : convolved
    var arguments: [(Argument, Memory)] = [
      (.source, convolved), (.destination, output),
      (.mean, (trains ? statistics.batchMean : statistics.mean).memory),
      (.variance, (trains ? statistics.batchVariance : statistics.variance).memory),
      (.scale, state[.scale].value.memory), (.shift, state[.shift].value.memory),
    ]
    if trains {
      let workspace = try arena.memory("\(layer.name).workspace", primitive.layout(.workspace))
      arguments.append((.workspace, workspace))
      trace.normalization = (primitive, workspace)
    }
    steps.append(try bind(primitive, arguments))
    return output
  }

  // MARK: Backward

  /// - Parameter gradient: of the layer's output.
  /// - Returns: the gradient of its input; nil for the first layer.
  private mutating func backward(_ index: Int, _ gradient: Memory) throws -> Memory? {
    let layer = network.layers[index]
    let state = states[index]
    let trace = traces[index]
    let passes = primitives[index]
    let inner = try backwardThroughActivation(layer, state, trace, gradient)

    let byWeights = passes.backwardWeights!
    let source = try byWeights.layout(.source)
    let destination = try byWeights.layout(.destinationGradient)
    let weightsGradient = try byWeights.layout(.weightsGradient)
    let master = state[.weight].gradient!.memory
    let direct = weightsGradient == master.layout
    let written = direct ? master : try arena.memory("\(layer.name).weights.gradient", weightsGradient)
    var arguments: [(Argument, Memory)] = [
      (.source, try converted(trace.source, to: source, slot: "\(layer.name).source.again", &plan.backward)),
      (
        .destinationGradient,
        try converted(inner, to: destination, slot: "\(layer.name).gradient.weights", &plan.backward)
      ), (.weightsGradient, written),
    ]
    if layer.bias { arguments.append((.biasGradient, state[.bias].gradient!.memory)) }
    plan.backward.append(try bind(byWeights, arguments))
    if !direct { plan.backward.append(try reorder(written, master)) }

    guard let byData = passes.backwardData else { return nil }
    let incoming = try converted(
      inner, to: byData.layout(.destinationGradient), slot: "\(layer.name).gradient.data", &plan.backward)
    var result = try arena.memory(nextGradientSlot(), byData.layout(.sourceGradient))
    plan.backward.append(
      try bind(
        byData,
        [
          (.destinationGradient, incoming), (.weights, try weights(state, for: byData, "backward")),
          (.sourceGradient, result),
        ]))
    if let (primitive, workspace) = trace.pool {
      let pooled = try converted(
        result, to: primitive.layout(.destination), slot: "\(layer.name).gradient.pooled", &plan.backward)
      let backward = try Primitive.maxPoolBackward(
        "\(layer.name) pooling backward", size: 2, forward: primitive, engine: options.engine)
      result = try arena.memory(nextGradientSlot(), backward.layout(.sourceGradient))
      plan.backward.append(
        try bind(
          backward,
          [(.destinationGradient, pooled), (.workspace, workspace), (.sourceGradient, result)]))
    }
    return result
  }

  /// Back through ReLU, or ReLU and BatchNorm, in place.
  private mutating func backwardThroughActivation(
    _ layer: Layer, _ state: LayerState, _ trace: ForwardTrace, _ gradient: Memory
  ) throws -> Memory {
    let layout = trace.convolved.layout
    guard layer.relu || layer.batchNorm else { return gradient }
    let inner = try converted(gradient, to: layout, slot: "\(layer.name).gradient", &plan.backward)
    guard let (forward, workspace) = trace.normalization, let statistics = state.statistics else {
      let primitive = try Primitive.reluBackward(
        "\(layer.name) ReLU backward", data: layout, gradient: layout, engine: options.engine)
      plan.backward.append(
        try bind(
          primitive,
          [(.destination, trace.convolved), (.destinationGradient, inner), (.sourceGradient, inner)]))
      return inner
    }
    let primitive = try Primitive.batchNormalizationBackward(
      "\(layer.name) batch normalization backward", data: layout, gradient: layout, epsilon: epsilon,
      relu: layer.relu, forward: forward, engine: options.engine)
    plan.backward.append(
      try bind(
        primitive,
        [
          (.source, trace.convolved), (.mean, statistics.batchMean.memory),
          (.variance, statistics.batchVariance.memory), (.scale, state[.scale].value.memory),
          (.shift, state[.shift].value.memory), (.workspace, workspace), (.destinationGradient, inner),
          (.sourceGradient, inner), (.scaleGradient, state[.scale].gradient!.memory),
          (.shiftGradient, state[.shift].gradient!.memory),
        ]))
    return inner
  }

  // MARK: Memories

  private mutating func nextGradientSlot() -> String {
    gradientSlot = 1 - gradientSlot
    return "gradient.\(gradientSlot)"
  }

  /// The layer's weights in the layout a primitive wants: the ones SGD works on, or a copy made by `prepare`.
  private mutating func weights(_ state: LayerState, for primitive: Primitive, _ pass: String) throws
    -> Memory
  {
    let slot = "\(state.layer.name).weights.\(pass).\(options.count)"
    return try converted(
      state[.weight].value.memory, to: primitive.layout(.weights), slot: slot, &plan.prepare)
  }

  private func converted(
    _ memory: Memory, to layout: Layout, slot: String, _ steps: inout [BoundPrimitive]
  ) throws -> Memory {
    if memory.layout == layout { return memory }
    let result = try arena.memory(slot, layout)
    steps.append(try reorder(memory, result))
    return result
  }

  private func reorder(_ source: Memory, _ destination: Memory) throws -> BoundPrimitive {
    let primitive = try Primitive.reorder(
      "reorder", from: source.layout, to: destination.layout, engine: options.engine)
    return try bind(primitive, [(.source, source), (.destination, destination)])
  }

  private func bind(_ primitive: Primitive, _ arguments: [(Argument, Memory)]) throws -> BoundPrimitive {
    let scratchpad = try primitive.layout(.scratchpad)
    if scratchpad.bytes == 0 { return try primitive.bind(arguments) }
    return try primitive.bind(arguments + [(.scratchpad, arena.memory("scratchpad", scratchpad))])
  }
}
