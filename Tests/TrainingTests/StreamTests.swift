import Networks
import Tensors
import Testing

@testable import Training

@Suite struct StreamTests {
  /// Full-size networks: some layers take four images at a time, others eight or all sixteen.
  private func network(_ factorization: Factorization, _ downsampling: Downsampling = .stride) throws
    -> Network
  {
    var architecture = Architecture()
    architecture.batchNorm = false
    architecture.factorization = factorization
    architecture.downsampling = downsampling
    return try Network(architecture)
  }

  private func parameters(of network: Network) -> Parameters {
    var random = RandomStream(seed: 3, purpose: .weights)
    return Parameters(
      Parameters.expected(for: network).map { name, shape in
        let fan = Float(shape.extents.dropFirst().reduce(1, *))
        return (
          name,
          Tensor(
            shape: shape,
            values: (0..<shape.count).map { _ in
              name.hasSuffix("weight") ? random.normal() * (2 / fan).squareRoot() : 0.1 * random.normal()
            })
        )
      })
  }

  /// Against a network that computes all images layer by layer and keeps every activation.
  @Test(arguments: [
    (Factorization.none, Downsampling.stride), (.none, .maxPool), (.uniform(2), .stride),
    (.uniform(4), .stride),
    (.uniform(16), .stride), (.depthwise, .stride),
  ])
  func activationsAreThoseOfInference(_ factorization: Factorization, _ downsampling: Downsampling) throws {
    let (batch, count) = (16, 11)
    let network = try network(factorization, downsampling)
    #expect(Set(DepthFirst.slices(of: network, count: batch).map(\.size)).count > 1)
    let parameters = parameters(of: network)
    let stream = try CompiledNetwork(network, batch: batch, purpose: .stream)
    let whole = try CompiledNetwork(network, batch: batch, purpose: .inference)
    var random = RandomStream(seed: 4, purpose: .syntheticData)
    let images = (0..<batch * 3 * 32 * 32).map { _ in random.uniform() }
    for compiled in [stream, whole] {
      try compiled.load(parameters)
      _ = compiled.images.update(fromContentsOf: images)
    }
    let seen = try activations(of: stream, count: count, order: .plain)
    #expect(try activations(of: stream, count: count, order: .asComputed) == seen)
    try whole.infer(count: batch)
    for (i, layer) in network.layers.enumerated() {
      var expected = [Float](repeating: .nan, count: batch * layer.outputCount)
      try expected.withUnsafeMutableBufferPointer {
        try whole.readActivation(layer: i, count: batch, into: $0)
      }
      let shape: Shape = [count, layer.outputCount]
      let worst = error(
        Tensor(shape: shape, values: seen[i]),
        Tensor(shape: shape, values: Array(expected[..<(count * layer.outputCount)])))
      #expect(worst < 1e-5, "\(layer.name)")
    }
    let logits = Array(stream.logits[..<(count * 10)])
    #expect(logits == seen.last!)
    try stream.infer(count: count)
    #expect(logits.elementsEqual(stream.logits[..<(count * 10)]))
  }

  /// All layers', in plain order whatever order they are shown in.
  private func activations(
    of stream: CompiledNetwork, count: Int, order: ActivationOrder
  ) throws -> [[Float]] {
    let layers = stream.network.layers
    var seen = layers.map { [Float](repeating: .nan, count: count * $0.outputCount) }
    var blocks: Set<Int> = []
    let isWhole = try stream.infer(count: count, order: order) { layer, images, shown in
      let pixels = layers[layer].outputSize * layers[layer].outputSize
      let (first, block) = (images.lowerBound * layers[layer].outputCount, shown.channelBlock)
      blocks.insert(block)
      for (i, value) in shown.values.enumerated() {
        let (start, run) = (i / (pixels * block) * (pixels * block), i % (pixels * block))
        seen[layer][first + start + run % block * pixels + run / block] = value
      }
      return true
    }
    #expect(isWhole)
    if order == .plain { #expect(blocks == [1]) }
    return seen
  }

  /// Channels that fill no block: zeros lie between them.
  @Test(arguments: [Factorization.none, .depthwise])
  func channelsInPaddedBlocksAreShownPlain(_ factorization: Factorization) throws {
    var architecture = Architecture()
    architecture.firstWidth = 12
    architecture.stages = [Stage(width: 12, blocks: 1), Stage(width: 20, blocks: 1)]
    architecture.batchNorm = false
    architecture.factorization = factorization
    let network = try Network(architecture)
    let stream = try CompiledNetwork(network, batch: 4, purpose: .stream)
    try stream.load(parameters(of: network))
    var random = RandomStream(seed: 4, purpose: .syntheticData)
    _ = stream.images.update(fromContentsOf: (0..<4 * 3 * 32 * 32).map { _ in random.uniform() })
    let plain = try activations(of: stream, count: 3, order: .plain)
    #expect(try activations(of: stream, count: 3, order: .asComputed) == plain)
  }

  @Test func aRunIsAbandonedWhereAsked() throws {
    let network = try network(.depthwise)
    let stream = try CompiledNetwork(network, batch: 8, purpose: .stream)
    try stream.load(parameters(of: network))
    var shown = 0
    let isWhole = try stream.infer(count: 8, order: .plain) { _, _, _ in
      shown += 1
      return shown < 5
    }
    #expect(!isWhole && shown == 5)
  }

  @Test(arguments: [1, 37, 64])
  func slicesNestAndDoNotShrink(count: Int) throws {
    for factorization in [Factorization.none, .uniform(2), .depthwise] {
      let network = try network(factorization)
      let slices = DepthFirst.slices(of: network, count: count)
      for (slice, next) in zip(slices, slices.dropFirst()) { #expect(next.size % slice.size == 0) }
      #expect(slices.allSatisfy { $0.ranges.flatMap { Array($0) } == Array(0..<count) })
      for (layer, slice) in zip(network.layers, slices) where layer.isDense { #expect(slice.size == count) }
    }
  }
}
