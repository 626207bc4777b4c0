import LayerAnalysis
import OneDNN
import Quantization
import Tensors
import Testing

@Suite struct IntegerConvolutionTests {
  /// Every level of every implementation, requantized with ties to even, equals ONNX Runtime's.
  @Test(arguments: QLinearConvCase.all)
  func equalsONNXRuntime(_ expected: QLinearConvCase) throws {
    let problem = expected.problem
    let requantizer = Requantizer(
      input: expected.input, weights: expected.weights, output: expected.output, relu: false,
      rounding: .tiesToEven)
    try check(UInt8.self, expected, problem, requantizer)
    try check(UInt16.self, expected, problem, requantizer)
  }

  private func check<Level: LevelScalar>(
    _: Level.Type, _ expected: QLinearConvCase, _ problem: IntegerConvolutionProblem,
    _ requantizer: Requantizer
  ) throws {
    let engine = try Engine()
    var implementations: [(String, IntegerConvolution<Level>)] = [
      ("plain", .plain(PlainIntegerConvolution(problem)))
    ]
    for arithmetic in IntegerArithmetic.usable {
      let made = try IntegerConvolution<Level>(problem, arithmetic: arithmetic, engine: engine)
      implementations.append((arithmetic.rawValue, made))
    }
    let input = expected.levels.map { Level($0) }
    for (name, convolution) in implementations {
      var levels = [Level](repeating: .max, count: expected.expected.count)
      try convolution.accumulate(input, images: expected.images) { sums, pixels in
        let first = pixels.lowerBound * expected.outChannels
        levels.withUnsafeMutableBufferPointer {
          requantizer.requantize(sums, pixels: pixels.count, into: $0.baseAddress! + first)
        }
        guard case .narrow(let narrow) = sums else {
          Issue.record("8-bit operands need 32-bit sums")
          return
        }
        for i in 0..<pixels.count * expected.outChannels {
          let (pixel, channel) = (i / expected.outChannels, i % expected.outChannels)
          let single = requantizer.level(
            of: narrow.total(pixel: pixel, channel: channel), channel: channel)
          if single != levels[first + i] {
            Issue.record("\(name): vectorized and single requantization differ at \(first + i)")
            return
          }
        }
      }
      #expect(levels.map { UInt16($0) } == expected.expected, "\(name)")
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
        IntegerConvolution<UInt16>(problem, arithmetic: arithmetic, engine: Engine()), problem,
        levels)
      #expect(found.allSatisfy { $0 == (bias > 0 ? Int64(Int32.max) : -Int64(Int32.max)) }, "\(arithmetic)")
    }
  }

  /// The fast path is not silently the slow one for the shapes that networks are made of.
  @Test(arguments: [
    "regular", "first", "stride 2", "pointwise", "two groups", "groups of 4", "groups of 2", "dense",
  ])
  func vectorCodeServesTheUsualShapes(_ shape: String) throws {
    let problem = try #require(QLinearConvCase.all.first { $0.name.hasPrefix("\(shape),") }).problem
    let convolution = try IntegerConvolution<UInt8>(problem, arithmetic: .automatic, engine: Engine())
    let takesBytes = InstructionSet.sumsByteProductsExactly || shape == "dense"
    switch convolution {
    case .bytes where takesBytes: break
    case .pairs where !takesBytes && ["first", "stride 2", "pointwise", "groups of 4"].contains(shape): break
    case .winograd where !takesBytes && ["regular", "two groups", "groups of 2"].contains(shape): break
    default: Issue.record("\(problem.name) has other code")
    }
  }

  /// Groups of four channels against loops, at the ends of what zero points and levels can be.
  @Test(arguments: [(0, 0), (255, 255), (0, 255), (128, 117)], [8, 16])
  func groupsOfFourGiveTheSameSums(zeroPoints: (input: Int32, weights: Int32), size: Int) throws {
    let (channels, images) = (24, 3)
    var random = RandomStream(seed: 5, purpose: .weights)
    func levels(_ count: Int) -> [UInt16] {
      (0..<count).map { _ in [0, 255, UInt16(random.index(below: 256))][random.index(below: 3)] }
    }
    let problem = IntegerConvolutionProblem(
      name: "groups",
      geometry: ConvolutionGeometry(
        batch: images, inChannels: channels, outChannels: channels, groups: channels / 4, inputSize: size,
        outputSize: size, kernel: 3, stride: 1, padBefore: 1, padAfter: 1),
      weights: QuantizedWeights(
        levels: levels(channels * 36),
        quantizers: [AffineQuantizer(scale: 0.1, zeroPoint: zeroPoints.weights, bits: 8)],
        outChannels: channels),
      input: AffineQuantizer(scale: 0.1, zeroPoint: zeroPoints.input, bits: 8),
      bias: (0..<channels).map { Int64($0) * 1_000_003 })
    let fast = try IntegerConvolution<UInt16>(problem, arithmetic: .automatic, engine: Engine())
    guard case .grouped = fast else {
      Issue.record("groups of four have no fast code")
      return
    }
    let input = levels(images * size * size * channels)
    #expect(
      try sums(fast, problem, input) == sums(.plain(PlainIntegerConvolution(problem)), problem, input))
  }

  /// Pairs against loops: groups of several panels, strides, paddings, kernels, numbers of channels that are odd and of
  /// pixels that six does not divide, fewer bits, a zero point a channel, fewer images than there is room for.
  @Test(
    arguments: [
      PairCase(groups: 2, inputs: 12, outputs: 64, kernel: 3, stride: 2, pads: (0, 1), size: 10),
      PairCase(groups: 1, inputs: 6, outputs: 16, kernel: 5, stride: 1, pads: (2, 2), size: 9),
      PairCase(groups: 3, inputs: 6, outputs: 96, kernel: 3, stride: 1, pads: (1, 1), size: 3, bits: (5, 3)),
      PairCase(groups: 2, inputs: 4, outputs: 64, kernel: 1, stride: 1, pads: (0, 0), size: 4),
      PairCase(groups: 1, inputs: 3, outputs: 32, kernel: 3, stride: 1, pads: (1, 1), size: 7),
      PairCase(groups: 2, inputs: 10, outputs: 32, kernel: 3, stride: 1, pads: (1, 0), size: 6),
      PairCase(groups: 8, inputs: 16, outputs: 16, kernel: 3, stride: 2, pads: (0, 1), size: 8),
    ], [1, 3])
  func pairsGiveTheSameSums(shape: PairCase, threads: Int) throws {
    try equalsLoops(shape, threads: threads, by: "pairs")
  }

  /// The same of Winograd, one tile and many, tiles beyond an image's edges and the cache's share.
  @Test(
    arguments: [
      PairCase(groups: 1, inputs: 16, outputs: 16, kernel: 3, stride: 1, pads: (1, 1), size: 4),
      PairCase(groups: 2, inputs: 96, outputs: 32, kernel: 3, stride: 1, pads: (1, 1), size: 14),
      PairCase(groups: 1, inputs: 64, outputs: 48, kernel: 3, stride: 1, pads: (0, 2), size: 32),
      PairCase(groups: 3, inputs: 48, outputs: 96, kernel: 3, stride: 1, pads: (2, 0), size: 8, bits: (5, 3)),
      PairCase(groups: 4, inputs: 32, outputs: 32, kernel: 3, stride: 1, pads: (1, 1), size: 8),
    ], [1, 3])
  func winogradGivesTheSameSums(shape: PairCase, threads: Int) throws {
    try equalsLoops(shape, threads: threads, by: "pairs:winograd")
  }

  /// Winograd gives up just where a sum could reach the limit; below it the greatest and the least are right.
  @Test(arguments: [(zero: Int32(0), level: UInt16(255)), (0, 0), (255, 255), (255, 0)])
  func winogradKeepsToItsLimit(_ end: (zero: Int32, level: UInt16)) throws {
    // 255 · 255 · 9 · 57 < 2²⁵ < 255 · 255 · 9 · 58, of 64 channels.
    for (channels, fits) in [(57, true), (58, false)] {
      var shape = PairCase(groups: 1, inputs: 64, outputs: 16, kernel: 3, stride: 1, pads: (1, 1), size: 8)
      shape.problem.input = AffineQuantizer(scale: 0.1, zeroPoint: end.zero, bits: 8)
      shape.problem.weights = QuantizedWeights(
        levels: (0..<16 * 64 * 9).map { $0 / 9 % 64 < channels ? 255 - end.level : end.level },
        quantizers: [AffineQuantizer(scale: 0.1, zeroPoint: Int32(end.level), bits: 8)], outChannels: 16)
      let chosen = try IntegerConvolution<UInt16>(shape.problem, arithmetic: .pairs, engine: Engine())
      #expect(chosen.implementation == (fits ? "pairs:winograd" : "pairs"))
      let levels = [UInt16](repeating: 255 - UInt16(end.zero), count: 3 * 64 * 64)
      let found = try sums(chosen, shape.problem, levels)
      #expect(found == (try sums(.plain(PlainIntegerConvolution(shape.problem)), shape.problem, levels)))
      #expect(found.map(abs).max()! >= 255 * 255 * 9 * Int64(channels))
    }
  }

  /// Every output's window of the inputs that make its sum greatest, or least: none exceeds what is promised, and one
  /// comes to it.
  @Test(arguments: [0, 100, 255]) func greatestSumIsReached(zeroPoint: Int32) throws {
    var problem = PairCase(groups: 2, inputs: 32, outputs: 16, kernel: 1, stride: 1, pads: (0, 0), size: 6)
      .problem
    problem.input = AffineQuantizer(scale: 0.1, zeroPoint: zeroPoint, bits: 8)
    problem.bias = problem.bias.map { _ in 0 }
    let levels = (0..<3 * 36 * 32).map { i -> UInt16 in
      let (output, channel) = (i / 32 % 16, i % 32)
      let weight = Int32(problem.weights.levels[output * 16 + channel % 16])
      let isPositive = weight > problem.weights.quantizer(ofChannel: output).zeroPoint
      return isPositive == (i / 32 / 16 % 2 == 0) ? 255 : 0
    }
    let found = try sums(.plain(PlainIntegerConvolution(problem)), problem, levels)
    #expect(found.map(abs).max()! == Int64(problem.greatestSum))
  }

  private func equalsLoops(_ shape: PairCase, threads: Int, by implementation: String) throws {
    let problem = shape.problem
    let convolution = try IntegerConvolution<UInt16>(
      problem, arithmetic: .pairs, threads: threads, engine: Engine())
    #expect(convolution.implementation == implementation)
    let g = problem.geometry
    let input = shape.levels(g.batch * g.inChannels * g.inputSize * g.inputSize, bits: problem.input.bits)
    let plain = try sums(.plain(PlainIntegerConvolution(problem)), problem, input)
    for images in [g.batch, g.batch - 1] {
      let expected = plain.prefix(images * g.outputSize * g.outputSize * g.outChannels)
      #expect(try sums(convolution, problem, input, images: images) == Array(expected))
    }
  }

  struct PairCase: CustomTestStringConvertible {
    var problem: IntegerConvolutionProblem
    var testDescription: String { problem.name }

    init(
      groups: Int, inputs: Int, outputs: Int, kernel: Int, stride: Int, pads: (Int, Int), size: Int,
      bits: (input: Int, weights: Int) = (8, 8)
    ) {
      problem = IntegerConvolutionProblem(
        name: "\(inputs) → \(outputs), \(groups) groups, \(kernel)×\(kernel), stride \(stride), \(size)²",
        geometry: ConvolutionGeometry(
          batch: 3, inChannels: inputs, outChannels: outputs, groups: groups, inputSize: size,
          outputSize: (size + pads.0 + pads.1 - kernel) / stride + 1, kernel: kernel, stride: stride,
          padBefore: pads.0, padAfter: pads.1),
        weights: QuantizedWeights(
          levels: Self.levels(outputs * inputs / groups * kernel * kernel, bits: bits.weights, seed: 5),
          quantizers: (0..<outputs).map {
            AffineQuantizer(scale: 0.1, zeroPoint: Int32($0 * 37 % (1 << bits.weights)), bits: bits.weights)
          }, outChannels: outputs),
        input: AffineQuantizer(scale: 0.1, zeroPoint: Int32(1 << bits.input - 3), bits: bits.input),
        bias: (0..<outputs).map { Int64($0) * 1_000_003 })
    }

    func levels(_ count: Int, bits: Int) -> [UInt16] { Self.levels(count, bits: bits, seed: 7) }

    /// Two thirds of them at either end.
    private static func levels(_ count: Int, bits: Int, seed: UInt64) -> [UInt16] {
      var random = RandomStream(seed: seed, purpose: .weights)
      let last = 1 << bits - 1
      return (0..<count).map { _ in UInt16([0, last, random.index(below: last + 1)][random.index(below: 3)]) }
    }
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
      let plain = try sums(.plain(PlainIntegerConvolution(problem)), problem, levels)
      for arithmetic in IntegerArithmetic.usable {
        let fast = try IntegerConvolution<UInt16>(problem, arithmetic: arithmetic, engine: Engine())
        #expect(try sums(fast, problem, levels) == plain, "\(base.name), \(arithmetic)")
      }
    }
  }

  /// More 16-bit levels in a window than 32 bits can sum.
  @Test func windowsBeyond32BitsGiveTheSameSums() throws {
    let inputs = 40_000
    let problem = IntegerConvolutionProblem(
      name: "wide window",
      geometry: ConvolutionGeometry(
        batch: 1, inChannels: inputs, outChannels: 16, groups: 1, inputSize: 1, outputSize: 1, kernel: 1,
        stride: 1,
        padBefore: 0, padAfter: 0),
      weights: QuantizedWeights(
        levels: (0..<16 * inputs).map { UInt16($0 % 256) },
        quantizers: [AffineQuantizer(scale: 0.1, zeroPoint: 3, bits: 8)], outChannels: 16),
      input: AffineQuantizer(scale: 0.1, zeroPoint: 7, bits: 16), bias: [Int64](repeating: 0, count: 16))
    let levels = [UInt16](repeating: .max, count: inputs)
    let plain = try sums(.plain(PlainIntegerConvolution(problem)), problem, levels)
    for arithmetic in IntegerArithmetic.usable {
      let made = try IntegerConvolution<UInt16>(problem, arithmetic: arithmetic, engine: Engine())
      #expect(try sums(made, problem, levels) == plain, "\(arithmetic)")
    }
  }

  private func sums(
    _ convolution: IntegerConvolution<UInt16>, _ problem: IntegerConvolutionProblem, _ levels: [UInt16],
    images: Int? = nil
  ) throws -> [Int64] {
    let g = problem.geometry
    var totals: [Int64] = []
    try convolution.accumulate(levels, images: images ?? g.batch) { sums, pixels in
      #expect(totals.count == pixels.lowerBound * g.outChannels)
      for pixel in 0..<pixels.count {
        for channel in 0..<g.outChannels {
          switch sums {
          case .narrow(let sums): totals.append(Int64(sums.total(pixel: pixel, channel: channel)))
          case .wide(let sums): totals.append(sums.total(pixel: pixel, channel: channel))
          }
        }
      }
    }
    return totals
  }
}

extension IntegerArithmetic {
  /// Those that are right on this processor.
  static var usable: [Self] {
    InstructionSet.sumsByteProductsExactly ? IntegerArithmetic.allCases : [.sevenBits, .pairs, .plain]
  }
}
