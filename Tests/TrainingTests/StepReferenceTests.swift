import Networks
import OneDNN
import Testing

@testable import Training

/// Against PyTorch in double precision: two steps, the second over 5 of the batch's 8 images.
///
/// Tolerances are relative to a tensor's largest value. Gradients (the first step's momentum) sum up to 512
/// float products several layers deep, and BatchNorm's subtract nearly equal sums: 3·10⁻⁵, some 250 ulp.
/// Parameters move by 5 % of that in a step: 10⁻⁶.
@Suite struct StepReferenceTests {
  static let networks = [
    "regular-bn", "regular-plain", "groupwise4-bn", "groupwise4-plain", "depthwise-bn", "depthwise-plain",
    "maxpool-bn", "maxpool-depthwise-bn", "maxpool-depthwise-plain", "narrow-bn", "groupwise2-bn",
    "groupwise2-plain",
  ]

  @Test(arguments: networks, ConvolutionAlgorithm.allCases)
  func twoStepsEqualPyTorch(name: String, algorithm: ConvolutionAlgorithm) throws {
    let reference = try Reference(named: name)
    let compiled = try reference.compiled(algorithm)

    let first = try reference.step(compiled, count: reference.labels.count)
    let gradients = reference.parameters("step1.momentum", statistics: false)
    #expect(worst(try compiled.momentum(), gradients).error < 3e-5)
    #expect(worst(try compiled.parameters(), reference.parameters("step1")).error < 1e-6)
    #expect(abs(first.lossSum - reference.number("lossSum1")) < 2e-5)
    #expect(first.correct == Int(reference.number("correct1")))

    let second = try reference.step(compiled, count: reference.partial)
    #expect(worst(try compiled.parameters(), reference.parameters("step2")).error < 2e-6)
    #expect(abs(second.lossSum - reference.number("lossSum2")) < 2e-5)
    #expect(second.correct == Int(reference.number("correct2")))
  }

  /// Slices of one or two images: what the small networks would otherwise compute all at once.
  @Test(arguments: networks, [(1, 1), (20_000, 1), (1, 2)])
  func slicesGiveTheSameStep(name: String, slicing: (bytes: Int, threads: Int)) throws {
    let sliceBytes = slicing.bytes
    let reference = try Reference(named: name)
    let compiled = try CompiledNetwork(
      reference.network, batch: reference.labels.count, purpose: .training, algorithm: .automatic,
      threads: slicing.threads, sliceBytes: sliceBytes)
    try compiled.load(reference.parameters("initial"))
    _ = compiled.images.update(fromContentsOf: reference.images)
    let forward = try compiled.plan(for: compiled.batch).forward
    for (layer, steps) in zip(reference.network.layers, forward) where layer.role == .pointwise {
      #expect(sliceBytes > 1 || steps.count >= compiled.batch / slicing.threads, "\(layer.name) is sliced")
    }
    let first = try reference.step(compiled, count: reference.labels.count)
    let gradients = reference.parameters("step1.momentum", statistics: false)
    #expect(worst(try compiled.momentum(), gradients).error < 3e-5)
    #expect(worst(try compiled.parameters(), reference.parameters("step1")).error < 1e-6)
    #expect(abs(first.lossSum - reference.number("lossSum1")) < 2e-5)
    _ = try reference.step(compiled, count: reference.partial)
    #expect(worst(try compiled.parameters(), reference.parameters("step2")).error < 2e-6)
  }

  @Test func winogradRunsWhereItsRuleSays() throws {
    let reference = try Reference(named: "regular-bn")
    let used = try reference.compiled(.automatic).algorithms.filter { $0.implementation.contains("wino") }
    let eligible = reference.network.layers.filter {
      $0.role == .regular && (Engine.hasWinograd ? $0.stride == 1 : $0.outputSize % 4 == 0)
        && $0.inChannels % 16 == 0
        && $0.outChannels % 16 == 0
    }
    #expect(
      eligible.contains { $0.stride == 1 } && (Engine.hasWinograd || eligible.contains { $0.stride == 2 }))
    #expect(Set(used.map(\.layer)) == Set(eligible.map(\.name)) && used.count == 3 * eligible.count)
    #expect(
      used.allSatisfy { ($0.implementation == WinogradConvolution.implementation) != Engine.hasWinograd })
    #expect(try !reference.compiled(.direct).algorithms.contains { $0.implementation.contains("wino") })
    let groups = try Reference(named: "groupwise2-bn").compiled(.automatic).algorithms
    #expect(groups.count { $0.layer == "stage1.0.spatial" && $0.implementation.contains("wino") } == 3)
  }

  /// Gradients of depthwise inputs and of dense layers are Strata's own under AVX2, and oneDNN's elsewhere.
  @Test func gradientsRunWhereTheirRuleSays() throws {
    let reference = try Reference(named: "depthwise-bn")
    let algorithms = try reference.compiled(.automatic).algorithms
    func found(_ implementation: String) -> Set<String> {
      Set(algorithms.filter { $0.implementation == implementation }.map { "\($0.layer) \($0.pass)" })
    }
    let isAVX2 = InstructionSet.name == "AVX2"
    let layers = isAVX2 ? reference.network.layers : []
    let spatial = layers.filter { !$0.isDense && $0.groups > 1 }.map { "\($0.name) backward-data" }
    let dense = layers.filter { $0.isDense && $0.inChannels % 64 == 0 }
      .flatMap { ["\($0.name) backward-data", "\($0.name) backward-weights"] }
    #expect(!isAVX2 || !spatial.isEmpty && !dense.isEmpty)
    #expect(found(DepthwiseGradient.implementation) == Set(spatial))
    #expect(found(DenseGradient.implementation) == Set(dense))
  }

  @Test func noPassFallsBackToAReferenceImplementation() throws {
    for name in Self.networks {
      let algorithms = try Reference(named: name).compiled(.automatic).algorithms
      #expect(!algorithms.isEmpty)
      #expect(algorithms.allSatisfy { !$0.implementation.contains("ref") })
    }
  }
}
