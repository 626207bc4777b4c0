import LayerAnalysis
import OneDNN
import Quantization
import Testing

@Suite struct IntegerConvolutionTests {
  /// Every level of every implementation, requantized with ties to even, equals ONNX Runtime's.
  @Test(arguments: QLinearConvCase.all)
  func equalsONNXRuntime(_ expected: QLinearConvCase) throws {
    let problem = expected.problem
    let requantizer = Requantizer(
      input: expected.input, weights: expected.weights, output: expected.output, relu: false,
      rounding: .tiesToEven)
    let engine = try Engine()
    var implementations: [(String, any IntegerConvolution)] = [("plain", PlainIntegerConvolution(problem))]
    for arithmetic in IntegerArithmetic.usable {
      implementations.append(
        (arithmetic.rawValue, try makeIntegerConvolution(problem, arithmetic: arithmetic, engine: engine)))
    }
    for (name, convolution) in implementations {
      guard case .narrow(let sums) = try convolution.accumulate(expected.levels, images: expected.images)
      else {
        Issue.record("8-bit operands need 32-bit sums")
        continue
      }
      let pixels = expected.images * expected.outputSize * expected.outputSize
      var levels = [UInt16](repeating: .max, count: expected.expected.count)
      requantizer.requantize(sums, pixels: pixels, into: &levels)
      #expect(levels == expected.expected, "\(name)")
      for i in levels.indices
      where requantizer.level(of: sums[i], channel: i % expected.outChannels) != levels[i] {
        Issue.record("\(name): vectorised and single requantization differ at \(i)")
        break
      }
    }
  }

  /// A bias that 32 bits cannot hold, and the largest sum of products beside it: their total keeps its sign.
  @Test(arguments: [Float(1e20), -1e20])
  func greatBiasDoesNotWrap(_ bias: Float) throws {
    var problem = try #require(QLinearConvCase.all.first { $0.name.hasPrefix("dense, zero points 0 0") })
      .problem
    problem.weights = QuantizedWeights(
      levels: problem.weights.levels.map { _ in bias > 0 ? 255 : 0 },
      quantizers: [AffineQuantizer(scale: 1e-6, zeroPoint: bias > 0 ? 0 : 255, bits: 8)],
      outChannels: problem.weights.outChannels)
    problem.bias = quantizedBias(
      [Float](repeating: bias, count: problem.weights.outChannels), input: problem.input,
      weights: problem.weights)
    let levels = [UInt16](repeating: 255, count: problem.geometry.batch * problem.geometry.inChannels)
    for arithmetic in IntegerArithmetic.usable {
      let found = try sums(
        makeIntegerConvolution(problem, arithmetic: arithmetic, engine: Engine()), problem, levels)
      #expect(found.allSatisfy { $0 == (bias > 0 ? Int64(Int32.max) : -Int64(Int32.max)) }, "\(arithmetic)")
    }
  }

  /// The fast path is not silently the slow one for the shapes that networks are made of.
  @Test(arguments: ["regular", "first", "stride 2", "pointwise", "two groups", "groups of 4", "dense"])
  func oneDNNServesTheUsualShapes(_ shape: String) throws {
    let problem = try #require(QLinearConvCase.all.first { $0.name.hasPrefix("\(shape),") }).problem
    let convolution = try makeIntegerConvolution(problem, arithmetic: .automatic, engine: Engine())
    #expect(convolution is ByteConvolution)
  }

  /// 16-bit operands: planes of bytes against 64-bit loops.
  @Test(arguments: [(16, 16), (8, 12), (11, 8), (16, 3)])
  func wideOperandsGiveTheSameSums(inputBits: Int, weightBits: Int) throws {
    for base in QLinearConvCase.all where base.name.contains("zero points 128 255") {
      var problem = base.problem
      problem.input = AffineQuantizer(scale: 0.1, zeroPoint: Int32(1) << (inputBits - 1) + 3, bits: inputBits)
      let zero = Int32(1) << weightBits - 2
      problem.weights = QuantizedWeights(
        levels: base.weights.levels.enumerated().map { ($1 &* 257 &+ UInt16($0 % 251)) >> (16 - weightBits) },
        quantizers: [AffineQuantizer(scale: 0.1, zeroPoint: zero, bits: weightBits)],
        outChannels: base.outChannels)
      let levels = base.levels.enumerated().map { ($1 &* 257 &+ UInt16($0 % 239)) >> (16 - inputBits) }
      let plain = try sums(PlainIntegerConvolution(problem), problem, levels)
      for arithmetic in IntegerArithmetic.usable {
        let fast = try makeIntegerConvolution(problem, arithmetic: arithmetic, engine: Engine())
        #expect(try sums(fast, problem, levels) == plain, "\(base.name), \(arithmetic)")
      }
    }
  }

  private func sums(
    _ convolution: any IntegerConvolution, _ problem: IntegerConvolutionProblem, _ levels: [UInt16]
  ) throws -> [Int64] {
    let g = problem.geometry
    let count = g.batch * g.outputSize * g.outputSize * g.outChannels
    switch try convolution.accumulate(levels, images: g.batch) {
    case .narrow(let sums): return (0..<count).map { Int64(sums[$0]) }
    case .wide(let sums): return (0..<count).map { sums[$0] }
    }
  }
}

extension IntegerArithmetic {
  /// Those that are right on this processor.
  static var usable: [Self] {
    InstructionSet.sumsByteProductsExactly ? [.bytes, .sevenBits, .plain] : [.sevenBits, .plain]
  }
}
