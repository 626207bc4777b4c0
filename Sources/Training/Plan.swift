import Networks
import OneDNN

/// Everything a step over `count` images executes, in order, bound to its memories.
struct Plan {
  /// Weights into the layouts that differ from the one SGD works in.
  var prepare: [any PlanStep] = []
  /// Which of `prepare` serve each layer's forward pass.
  var preparation: [Range<Int>] = []
  /// Layer by layer; empty in a stream's plan.
  var forward: [[any PlanStep]] = []
  /// In the order of execution; of a stream's plan alone.
  var stream: [StreamStretch] = []
  /// From the gradient of the logits to all gradients; empty in an inference plan.
  var backward: [any PlanStep] = []
  /// Every layer's output: in an inference plan after BatchNorm and ReLU, in a training plan before BatchNorm.
  var outputs: [Memory] = []
  /// Gradient of the logits, count × classes; where the loss writes. Nil in an inference plan.
  var lossGradient: Memory?
}

/// Binds passes to memories. Slots that plans for other counts use too are shared with them.
///
/// A layer goes through its images slice by slice (`ImageSlices`). In training a layer with BatchNorm leaves what its
/// convolution put out; whoever reads it normalizes the slice it needs.
struct PlanBuilder {
  let network: Network
  let passes: [LayerPasses]
  let states: [LayerState]
  let options: CompilationOptions
  let arena: MemoryArena
  /// Of a training step's outputs and gradients; nil in inference.
  let stepMemory: StepMemory?
  var plan = Plan()
  var traces: [LayerTrace] = []

  /// What a layer's forward pass leaves for the next layer and for its backward pass.
  struct LayerTrace {
    var output: Activation
    /// Holds the latest slice alone.
    var isPassing = false
    var normalization: BatchNormalization?
    var pool: Pool?

    func memory(_ images: Range<Int>, in arena: MemoryArena) throws -> Memory {
      try output.memory(isPassing ? 0..<images.count : images, in: arena)
    }
  }

  struct Pool {
    let primitive: Primitive
    let output: Activation
    /// For each slice.
    var workspaces: [Memory] = []
  }

  var trains: Bool { options.purpose == .training }

  init(
    network: Network, passes: [LayerPasses], states: [LayerState], options: CompilationOptions,
    arena: MemoryArena
  ) throws {
    self.network = network
    self.passes = passes
    self.states = states
    self.options = options
    self.arena = arena
    stepMemory =
      options.purpose == .training
      ? StepMemory(outputs: try passes.map { try $0.output.layout(images: options.count).bytes }) : nil
  }

  /// Where a layer leaves its output.
  func output(of index: Int) -> Activation {
    var output = passes[index].output
    if let stepMemory {
      output = Activation(
        slot: StepMemory.slot, offset: stepMemory.outputs[index], extents: output.extents,
        format: output.format)
    }
    return output
  }

  /// Where the gradient of a layer's output is put.
  func gradient(of index: Int) -> Activation {
    let output = passes[index].output
    return Activation(
      slot: StepMemory.slot, offset: stepMemory!.gradients[index], extents: output.extents,
      format: output.format)
  }

  /// The images are in slot `images`: count × C × H × W, plain.
  mutating func build() throws -> Plan {
    for index in network.layers.indices {
      let first = plan.prepare.count
      try forward(index)
      plan.preparation.append(first..<plan.prepare.count)
    }
    if trains { try backward() }
    try arena.allocate()
    return plan
  }

  /// Some images of what the layer before puts out, normalized, not pooled yet.
  func input(of index: Int, slice: Int, _ steps: inout [any PlanStep]) throws -> Memory {
    let layer = network.layers[index]
    let images = passes[index].slices.ranges[slice]
    if index == 0 {
      let a = network.architecture
      let input = Activation(
        slot: "images", extents: [a.inputChannels, a.inputSize, a.inputSize], format: .plain)
      return try input.memory(images, in: arena)
    }
    let before = traces[index - 1]
    let stored = try before.memory(images, in: arena)
    guard trains, let normalization = before.normalization else { return stored }
    let normalized = try arena.memory("normalized", stored.layout)
    steps.append(
      Computation("\(layer.name) source normalization") {
        normalization.normalize(stored.floats, into: normalized.floats, images: images.count)
      })
    return normalized
  }

  /// The layer's weights in the layout a pass wants: the ones SGD works on, or a copy made by `prepare`.
  mutating func weights(_ state: LayerState, for code: any LayerPass, _ pass: String) throws -> Memory {
    let slot = "\(state.layer.name).weights.\(pass).\(options.count)"
    return try converted(
      state[.weight].value.memory, to: code.layout(.weights), slot: slot, &plan.prepare)
  }

  func converted(
    _ memory: Memory, to layout: Layout, slot: String, _ steps: inout [any PlanStep]
  ) throws -> Memory {
    if memory.layout == layout { return memory }
    let result = try arena.memory(slot, layout)
    steps.append(try reorder(memory, result))
    return result
  }

  /// Executes a pass whose result is wanted in a given memory, in whatever layout that is.
  func execute(
    _ pass: any LayerPass, _ arguments: [(Argument, Memory)], result: Argument, into wanted: Memory,
    _ steps: inout [any PlanStep]
  ) throws {
    let layout = try pass.layout(result)
    let direct = layout == wanted.layout
    let written = direct ? wanted : try arena.memory("result", layout)
    steps.append(try bind(pass, arguments + [(result, written)]))
    if !direct { steps.append(try reorder(written, wanted)) }
  }

  func reorder(_ source: Memory, _ destination: Memory) throws -> any PlanStep {
    let primitive = try Primitive.reorder(
      "reorder", from: source.layout, to: destination.layout, engine: options.engine)
    return try bind(primitive, [(.source, source), (.destination, destination)])
  }

  func bind(_ pass: any LayerPass, _ arguments: [(Argument, Memory)]) throws -> any PlanStep {
    let scratchpad = try pass.layout(.scratchpad)
    if scratchpad.bytes == 0 { return try pass.step(arguments) }
    return try pass.step(arguments + [(.scratchpad, arena.memory("scratchpad", scratchpad))])
  }
}
