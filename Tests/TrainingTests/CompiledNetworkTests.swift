import Networks
import Tensors
import Testing
import Training

@Suite struct CompiledNetworkTests {
  @Test(arguments: StepReferenceTests.networks)
  func parametersAndMomentumComeBackAsLoaded(name: String) throws {
    let reference = try Reference(named: name)
    let compiled = try reference.compiled(.automatic)
    let initial = reference.parameters("initial")
    let momentum = reference.parameters("step1.momentum", statistics: false)
    try compiled.loadMomentum(momentum)
    #expect(try compiled.parameters() == initial)
    #expect(try compiled.momentum() == momentum)
    let inference = try CompiledNetwork(reference.network, batch: 8, purpose: .inference)
    try inference.load(initial)
    #expect(try inference.parameters() == initial)
  }

  @Test(arguments: ["regular-bn", "groupwise4-plain", "depthwise-bn"])
  func threeStepsAreTheSameEveryTime(name: String) throws {
    let reference = try Reference(named: name)
    func train() throws -> Parameters {
      let compiled = try reference.compiled(.automatic, threads: 2)
      for count in [8, 5, 8] { _ = try reference.step(compiled, count: count) }
      return try compiled.parameters()
    }
    #expect(try train() == train())
  }

  /// What is given back between two steps is all made anew by the next.
  @Test(arguments: StepReferenceTests.networks)
  func activationsGivenBackChangeNoBit(name: String) throws {
    let reference = try Reference(named: name)
    func train(releasing: Bool) throws -> (Parameters, Parameters) {
      let compiled = try reference.compiled(.automatic)
      for count in [8, 5, 8] {
        if releasing { compiled.releaseActivations() }
        _ = compiled.images.update(fromContentsOf: reference.images)
        _ = try reference.step(compiled, count: count)
      }
      return (try compiled.parameters(), try compiled.momentum())
    }
    #expect(try train(releasing: true) == train(releasing: false))
  }

  /// Momentum, weights and statistics are all there is to a training run's state.
  @Test func aRunGoesOnFromItsParametersAndMomentum() throws {
    let reference = try Reference(named: "groupwise4-bn")
    let whole = try reference.compiled(.automatic)
    _ = try reference.step(whole, count: 8)
    let resumed = try reference.compiled(.automatic)
    try resumed.load(whole.parameters())
    try resumed.loadMomentum(whole.momentum())
    _ = try reference.step(whole, count: 8)
    _ = try reference.step(resumed, count: 8)
    #expect(try whole.parameters() == resumed.parameters())
    #expect(try whole.momentum() == resumed.momentum())
  }

  @Test(arguments: [1, 2, 3, 7], ["depthwise-bn", "regular-plain"])
  func aPartialBatchIsABatchOfItsOwn(count: Int, name: String) throws {
    let reference = try Reference(named: name)
    let large = try reference.compiled(.automatic)
    let small = try CompiledNetwork(reference.network, batch: count, purpose: .training)
    try small.load(reference.parameters("initial"))
    _ = small.images.update(fromContentsOf: reference.images.prefix(small.images.count))
    let fromLarge = try reference.step(large, count: count)
    let fromSmall = try reference.step(small, count: count)
    #expect(fromLarge == fromSmall)
    #expect(try large.parameters() == small.parameters())
  }

  /// (L(w + h·d) − L(w − h·d))/2h = |g| along d = g/|g| of each tensor. The loss carries a float rounding of some
  /// 10⁻⁷ and h moves it by 5·10⁻⁵, which leaves 10⁻³; ReLUs that change sides on the way add to that: 1 %.
  @Test(arguments: ["groupwise4-plain", "regular-bn", "depthwise-bn"])
  func gradientsAreTheSlopeOfTheLoss(name: String) throws {
    let reference = try Reference(named: name)
    let compiled = try reference.compiled(.direct)
    func loss(_ parameters: Parameters) throws -> Double {
      try compiled.load(parameters)
      let result = try reference.labels.withUnsafeBufferPointer {
        try compiled.trainStep(count: 8, labels: $0, learningRate: 0, momentum: 0, weightDecay: 0)
      }
      return result.lossSum / 8
    }
    let start = reference.parameters("initial")
    _ = try loss(start)
    let gradients = try compiled.gradients()
    for (tensorName, gradient) in gradients.entries {
      let norm = gradient.values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      let h = 5e-5 / max(norm, 0.1)
      func moved(_ sign: Double) -> Parameters {
        var result = start
        for i in gradient.values.indices {
          result[tensorName]!.values[i] += Float(sign * h * Double(gradient.values[i]) / norm)
        }
        return result
      }
      let slope = try (loss(moved(1)) - loss(moved(-1))) / (2 * h)
      #expect(abs(slope - norm) < 0.01 * norm + 1e-3, "\(tensorName): slope \(slope), gradient \(norm)")
    }
  }

  @Test func aLossThatIsNotFiniteIsReturned() throws {
    let reference = try Reference(named: "regular-plain")
    let compiled = try reference.compiled(.automatic)
    var parameters = reference.parameters("initial")
    parameters["dense2.bias"]!.values[0] = .infinity
    try compiled.load(parameters)
    let result = try reference.step(compiled, count: 8)
    #expect(!result.lossSum.isFinite && !result.isFinite)
    #expect(try compiled.parameters() == parameters)
  }

  /// ReLU makes 0 of NaN, so that the loss is finite all the same.
  @Test(arguments: ["regular-plain", "regular-bn", "groupwise4-plain", "depthwise-bn"])
  func notANumberIsSeenBehindReLU(name: String) throws {
    let reference = try Reference(named: name)
    for layer in ["conv1", "stage1.0.conv", "stage1.0.spatial", "stage1.0.pointwise"] {
      var parameters = reference.parameters("initial")
      guard parameters["\(layer).weight"] != nil else { continue }
      parameters["\(layer).weight"]!.values[0] = .nan
      let compiled = try reference.compiled(.automatic)
      try compiled.load(parameters)
      #expect(try !reference.step(compiled, count: 8).isFinite, "\(layer)")
    }
  }

  @Test func anUpdateThatOverflowsIsSeen() throws {
    let reference = try Reference(named: "regular-plain")
    let compiled = try reference.compiled(.automatic)
    try compiled.load(reference.parameters("initial"))
    let result = try reference.step(compiled, count: 8, learningRate: 1e39)
    #expect(result.lossSum.isFinite && !result.isFinite)
  }

  /// Every factorization of widths that are and are not multiples of oneDNN's blocks.
  @Test(arguments: [8, 12, 16, 20, 64])
  func everyFactorizationCompiles(width: Int) throws {
    for f in 1...width where width % f == 0 {
      var architecture = Architecture()
      architecture.inputSize = 8
      architecture.firstWidth = width
      architecture.stages = [Stage(width: width, blocks: 1), Stage(width: width + 4, blocks: 1)]
      architecture.head = [7]
      architecture.factorization = .explicit([f, f])
      let network = try Network(architecture)
      let training = try CompiledNetwork(network, batch: 2, purpose: .training)
      let inference = try CompiledNetwork(network, batch: 2, purpose: .inference)
      #expect(training.algorithms.count == 3 * network.layers.count - 1)
      #expect(inference.algorithms.count == network.layers.count)
    }
  }
}
