import Networks
import OneDNN

/// Some images on their way through one layer of a stream.
struct StreamStretch {
  let layer: Int
  let images: Range<Int>
  let steps: [any PlanStep]
  let output: Memory
  /// The output's (`Activation.channelBlock`).
  let channelBlock: Int?
  /// Copies `output` into `plain`, N × C × H × W.
  let reading: any PlanStep
  let plain: Memory
}

extension PlanBuilder {
  /// Depth first: neighbouring layers that take as many images at a time hand them on in two slots by turns; the last
  /// of them gathers what the next layer, which takes more, will read.
  mutating func buildStream() throws -> Plan {
    var first = 0
    var stage = 0
    while first < network.layers.count {
      let slices = passes[first].slices
      let end = passes[first...].firstIndex { $0.slices.size != slices.size } ?? network.layers.count
      var weights: [Memory] = []
      for index in first..<end {
        let begin = plan.prepare.count
        weights.append(try self.weights(states[index], for: passes[index].forward, "forward"))
        plan.preparation.append(begin..<plan.prepare.count)
        let output = passes[index].output
        let isLast = index == end - 1
        traces.append(
          LayerTrace(
            output: Activation(
              slot: isLast ? "gathered.\(stage % 2)" : "passing.\(index % 2)", extents: output.extents,
              format: output.format),
            isPassing: !isLast))
      }
      for slice in slices.ranges.indices {
        for index in first..<end { try addStretch(index, slice, weights[index - first]) }
      }
      plan.outputs += try traces[first..<end].map { try $0.memory(0..<options.count, in: arena) }
      first = end
      stage += 1
    }
    try arena.allocate()
    return plan
  }

  private mutating func addStretch(_ index: Int, _ slice: Int, _ weights: Memory) throws {
    let layer = network.layers[index]
    let images = passes[index].slices.ranges[slice]
    let output = try traces[index].memory(images, in: arena)
    var steps: [any PlanStep] = []
    try convolve(index, slice, weights, into: output, &steps)
    let plain = try arena.memory(
      "plain",
      Layout(
        layer.isDense
          ? [images.count, layer.outChannels]
          : [images.count, layer.outChannels, layer.outputSize, layer.outputSize]))
    plan.stream.append(
      StreamStretch(
        layer: index, images: images, steps: steps, output: output,
        channelBlock: traces[index].output.channelBlock, reading: try reorder(output, plain), plain: plain))
  }
}

/// How many images a stream takes through a layer at a time: a fixed rule.
enum DepthFirst {
  /// What the images of a slice take and leave, at most: it should stay in the processor's second cache.
  private static let sliceBytes = 2 << 20

  /// For each layer as many images as fit the cache, or as take up twice as many bytes as the layer's weights, which
  /// are read anew for every slice. No layer takes fewer than the one before, and each slice is a multiple of its slices.
  static func slices(of network: Network, count: Int) -> [ImageSlices] {
    var wanted: [Int] = []
    for layer in network.layers {
      let fitting = max(sliceBytes, 2 * computedWeightBytes(layer)) / ImageSlices.imageBytes(layer)
      wanted.append(max(fitting, wanted.last ?? 1))
    }
    var sizes: [Int] = []
    for (layer, most) in zip(network.layers, wanted).reversed() {
      let whole = sizes.last ?? count
      sizes.append(layer.isDense ? count : (1...whole).last { whole % $0 == 0 && $0 <= most }!)
    }
    return sizes.reversed().map { size in ImageSlices(count: count, size: size) }
  }

  /// Winograd's transformed kernels have 36 elements for 9.
  private static func computedWeightBytes(_ layer: Layer) -> Int {
    let transformed = layer.isOfWinograd ? 4 : 1
    return layer.weightCount * transformed * MemoryLayout<Float>.stride
  }
}
