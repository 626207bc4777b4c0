import Networks
import Tensors
import Testing
import Training

@Suite struct ParametersTests {
  private func zeros(_ network: Network) -> Parameters {
    Parameters(Parameters.expected(for: network).map { ($0.name, Tensor(zeros: $0.shape)) })
  }

  @Test func namesFollowTheLayers() throws {
    var architecture = Architecture()
    architecture.factorization = .uniform(4)
    let expected = Parameters.expected(for: try Network(architecture))
    #expect(expected.prefix(2).map(\.name) == ["conv1.weight", "conv1.bn.weight"])
    let shapes = Dictionary(uniqueKeysWithValues: expected.map { ($0.name, $0.shape) })
    #expect(shapes["stage2.0.spatial.weight"] == [64, 16, 3, 3])
    #expect(shapes["stage2.0.pointwise.weight"] == [128, 64, 1, 1])
    #expect(shapes["stage2.0.pointwise.bn.running_var"] == [128])
    #expect(shapes["stage2.0.pointwise.bias"] == nil)
    #expect(shapes["dense1.weight"] == [128, 16384])
    let trainable = Parameters.expected(for: try Network(architecture), statistics: false)
    #expect(!trainable.contains { $0.name.contains("running") })
    #expect(trainable.count == expected.count - 2 * 17)
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let network = try Network(Architecture())
    try zeros(network).validate(for: network)

    var missing = zeros(network)
    missing["stage1.0.conv.weight"] = nil
    #expect(throws: ParametersError.missing(name: "stage1.0.conv.weight", shape: [64, 64, 3, 3])) {
      try missing.validate(for: network)
    }
    var shaped = zeros(network)
    shaped["dense3.bias"] = Tensor(zeros: [9])
    #expect(throws: ParametersError.shape(name: "dense3.bias", found: [9], expected: [10])) {
      try shaped.validate(for: network)
    }
    var unknown = zeros(network)
    unknown["dense4.bias"] = Tensor(zeros: [9])
    #expect(throws: ParametersError.unknown(name: "dense4.bias")) { try unknown.validate(for: network) }
  }

  @Test func learningRateFallsAfterADecayEpoch() {
    let schedule = StepSchedule(base: 0.01, decayEpochs: [75, 120, 170], factor: 0.1)
    let rates = [1, 75, 76, 120, 121, 170, 171, 200].map(schedule.learningRate)
    let expected = [1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5]
    #expect(zip(rates, expected).allSatisfy { abs($0 - $1) < 1e-15 })
  }
}
