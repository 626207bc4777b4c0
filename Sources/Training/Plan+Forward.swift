import Networks
import OneDNN

extension PlanBuilder {
  mutating func forward(_ index: Int) throws {
    let layer = network.layers[index]
    let state = states[index]
    let output = output(of: index)
    let weights = try weights(state, for: passes[index].forward, "forward")
    traces.append(LayerTrace(output: output))
    var steps: [any PlanStep] = []
    if layer.batchNorm {
      let normalization = BatchNormalization(
        shape: ChannelBlocks(images: options.count, extents: output.extents, format: output.format)!,
        epsilon: network.architecture.batchNormEpsilon, relu: layer.relu, threads: options.threads)
      traces[index].normalization = normalization
      if !trains { steps.append(parameterStep(index, normalization)) }
    }
    for (slice, images) in passes[index].slices.ranges.enumerated() {
      let written = try output.memory(images, in: arena)
      try convolve(index, slice, weights, into: written, &steps)
      if let normalization = traces[index].normalization {
        steps.append(
          trains
            ? Computation("\(layer.name) batch statistics") {
              normalization.measure(written.floats, images: images)
            }
            : Computation("\(layer.name) batch normalization") {
              normalization.normalize(written.floats, into: written.floats, images: images.count)
            })
      }
    }
    if trains, let normalization = traces[index].normalization {
      let parameters = state.normalizationParameters(training: true)
      steps.append(
        Computation("\(layer.name) batch statistics") { normalization.finishMeasuring(parameters) })
      steps.append(parameterStep(index, normalization))
    }
    plan.forward.append(steps)
    plan.outputs.append(try output.memory(0..<options.count, in: arena))
  }

  /// [Max-pool,] convolution or matrix product of a slice.
  mutating func convolve(
    _ index: Int, _ slice: Int, _ weights: Memory, into written: Memory, _ steps: inout [any PlanStep]
  ) throws {
    let (layer, main) = (network.layers[index], passes[index].forward)
    var source = try input(of: index, slice: slice, &steps)
    if layer.poolsInput { source = try pooled(index, slice, source, &steps) }
    var arguments: [(Argument, Memory)] = [
      (.source, try converted(source, to: main.layout(.source), slot: "source", &steps)),
      (.weights, weights),
    ]
    if layer.bias { arguments.append((.bias, states[index][.bias].value.memory)) }
    try execute(main, arguments, result: .destination, into: written, &steps)
  }

  private func parameterStep(_ index: Int, _ normalization: BatchNormalization) -> Computation {
    let parameters = states[index].normalizationParameters(training: trains)
    return Computation("\(network.layers[index].name) batch normalization") { normalization.take(parameters) }
  }

  /// Max-pooling before the layer; in training it is kept for the backward pass.
  private mutating func pooled(
    _ index: Int, _ slice: Int, _ source: Memory, _ steps: inout [any PlanStep]
  ) throws -> Memory {
    let layer = network.layers[index]
    let slices = passes[index].slices
    let extents = [layer.inChannels, layer.inputSize, layer.inputSize]
    if slice == 0 {
      let primitive = try Primitive.maxPoolForward(
        "\(layer.name) pooling", source: source.layout, destinationExtents: [slices.size] + extents, size: 2,
        purpose: options.purpose, engine: options.engine)
      let layout = try primitive.layout(.destination)
      traces[index].pool = Pool(
        primitive: primitive,
        output: Activation(
          slot: "\(layer.name).pooled", extents: extents,
          format: try layout.format(extents: [slices.size] + extents) ?? .blocks16))
    }
    let pool = traces[index].pool!
    let result = try pool.output.memory(slices.ranges[slice], in: arena)
    var arguments: [(Argument, Memory)] = [(.source, source)]
    if trains {
      let workspace = try arena.memory(
        "\(layer.name).pooled.workspace.\(slice)", pool.primitive.layout(.workspace))
      arguments.append((.workspace, workspace))
      traces[index].pool!.workspaces.append(workspace)
    }
    try execute(pool.primitive, arguments, result: .destination, into: result, &steps)
    return result
  }
}
