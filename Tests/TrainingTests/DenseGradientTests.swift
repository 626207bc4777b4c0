import OneDNN
import Tensors
import Testing

@testable import Networks
@testable import Training

/// Against sums in double precision. Scratchpads hold NaN at first.
@Suite struct DenseGradientTests {
  /// Numbers of images and outputs that no block divides, and ones that all do.
  @Test(arguments: [(images: 5, outputs: 10), (24, 7), (1, 1), (48, 24)], [1, 3])
  func equalsDoublePrecision(_ size: (images: Int, outputs: Int), threads: Int) throws {
    let inputs = 192
    var random = RandomStream(seed: 3, purpose: .weights)
    func values(_ count: Int) -> AlignedBuffer<Float> {
      let buffer = AlignedBuffer<Float>(count: count)
      for i in 0..<count { buffer.base[i] = random.uniform() - 0.4 }
      return buffer
    }
    let gradient = values(size.images * size.outputs)
    let (weights, source) = (values(size.outputs * inputs), values(size.images * inputs))
    let sourceGradient = values(size.images * inputs)
    let (weightsGradient, biasGradient) = (values(size.outputs * inputs), values(size.outputs))
    let layer = Layer(
      name: "dense", role: .dense, block: 0, inChannels: inputs, outChannels: size.outputs, kernel: 1,
      stride: 1,
      groups: 1, inputSize: 1, outputSize: 1, padBefore: 0, padAfter: 0, poolsInput: false, batchNorm: false,
      relu: false)
    func run(_ pass: ConvolutionPass, _ arguments: [Argument: AlignedBuffer<Float>]) throws {
      let code = DenseGradient(
        pass, of: layer, source: [size.images, inputs], format: .plain, threads: threads)
      let scratchCount = try code.layout(.scratchpad).bytes / MemoryLayout<Float>.stride
      let scratch = AlignedBuffer<Float>(count: scratchCount + 64)
      scratch.buffer.update(repeating: .nan)
      let engine = try Engine()
      try code.step(
        (arguments.merging([.scratchpad: scratch]) { a, _ in a }).map { argument, buffer in
          let memory = try Memory(code.layout(argument), engine: engine)
          try memory.bind(to: buffer.base)
          return (argument, memory)
        }
      ).execute()
      #expect(scratch.buffer[scratchCount...].allSatisfy { $0.isNaN })
    }
    try run(
      .backwardData, [.destinationGradient: gradient, .weights: weights, .sourceGradient: sourceGradient])
    try run(
      .backwardWeights,
      [
        .destinationGradient: gradient, .source: source, .weightsGradient: weightsGradient,
        .biasGradient: biasGradient,
      ])
    func g(_ image: Int, _ output: Int) -> Double { Double(gradient.base[image * size.outputs + output]) }
    func expect(_ found: AlignedBuffer<Float>, _ expected: (Int) -> Double) {
      let expected = (0..<found.count).map(expected)
      let error = zip(found.buffer, expected).map { abs(Double($0) - $1) }.reduce(0, largestOrNaN)
      #expect(error < 1e-6 * expected.map(abs).max()!)
    }
    expect(sourceGradient) { i in
      (0..<size.outputs).map { g(i / inputs, $0) * Double(weights.base[$0 * inputs + i % inputs]) }.reduce(
        0, +)
    }
    expect(weightsGradient) { i in
      (0..<size.images).map { g($0, i / inputs) * Double(source.base[$0 * inputs + i % inputs]) }.reduce(0, +)
    }
    expect(biasGradient) { output in (0..<size.images).map { g($0, output) }.reduce(0, +) }
  }

  /// Only a source without padding lies as its inputs are counted.
  @Test(
    .enabled(if: InstructionSet.name == "AVX2"), arguments: [(32, 4, true), (24, 8, false), (16, 3, false)])
  func servesWhatIsNotPadded(_ channels: Int, _ size: Int, isServed: Bool) throws {
    let engine = try Engine()
    let extents = [4, channels, size, size]
    let source = try Layout(extents, .float32, .blocks16)
    let open = try Layout(extents, .float32, .any)
    func forward(_ source: Layout) throws -> Primitive {
      try Primitive.innerProductForward(
        "dense forward", source: source, extents: extents, outputs: 16, purpose: .training, relu: false,
        engine: engine)
    }
    let made = try (try? forward(source)) ?? forward(open)
    #expect(
      try DenseGradient.format(of: source, extents: extents, forward: made) == (isServed ? .blocks16 : nil))
  }
}
