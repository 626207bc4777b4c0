import Networks
import Tensors
import Testing
import Training

/// Samples against the moments of SPEC B1–B5. With n weights the mean's standard error is σ/√n and the standard
/// deviation's at most σ/√(2n)·√(kurtosis…) ≤ σ/√(2n) for these (excess kurtosis ≤ 0); 5 of them are allowed. The kurtosis' own is at most √(24/n) = 0.013.
@Suite struct WeightInitializationTests {
  /// The default stages on 8 × 8 images, which keeps the first dense layer small.
  private func network(_ factorization: Factorization) throws -> Network {
    var architecture = Architecture()
    architecture.inputSize = 8
    architecture.factorization = factorization
    return try Network(architecture)
  }

  /// Two regular blocks; `stage1.1.conv` has 128 → 128 channels, 147,456 weights, fan_in = fan_out = 9 · 128.
  private func smallNetwork(batchNorm: Bool = true) throws -> Network {
    var architecture = Architecture()
    architecture.inputSize = 4
    architecture.firstWidth = 128
    architecture.stages = [Stage(width: 128, blocks: 2)]
    architecture.head = []
    architecture.batchNorm = batchNorm
    return try Network(architecture)
  }

  private func initialization(_ strategy: Initialization.Strategy) -> Initialization {
    var initialization = Initialization()
    initialization.strategy = strategy
    return initialization
  }

  private struct Moments {
    let count: Double, mean: Double, deviation: Double, kurtosis: Double, largest: Double

    init(_ values: [Float]) {
      let n = Double(values.count)
      let mean = values.reduce(0.0) { $0 + Double($1) } / n
      var square = 0.0
      var fourth = 0.0
      for value in values {
        let d = (Double(value) - mean) * (Double(value) - mean)
        square += d
        fourth += d * d
      }
      count = n
      self.mean = mean
      deviation = (square / n).squareRoot()
      kurtosis = fourth / n / (square / n * square / n)
      largest = values.map { abs(Double($0)) }.max()!
    }
  }

  private func weights(_ name: String, _ initialization: Initialization, _ network: Network) throws -> Moments
  {
    let parameters = initialization.parameters(of: network, seed: 17)
    return Moments(try #require(parameters.first { $0.name == "\(name).weight" }).tensor.values)
  }

  private func expect(_ m: Moments, deviation: Double, kurtosis: Double) {
    #expect(abs(m.mean) < 5 * deviation / m.count.squareRoot())
    #expect(abs(m.deviation - deviation) < 5 * deviation / (2 * m.count).squareRoot())
    #expect(abs(m.kurtosis - kurtosis) < 0.07)
  }

  @Test func uniformStrategiesFillTheirBounds() throws {
    let network = try smallNetwork()
    let fans = Double(2 * 9 * 128)
    let cases: [(Initialization.Strategy, Double)] = [
      (.uniform(bound: 0.25), 0.25),
      (.modifiedGlorotUniform(c: 36), (36 / fans).squareRoot()),
      (.glorotUniform, (6 / fans).squareRoot()),
      (.heUniform, (6 / (fans / 2)).squareRoot()),
    ]
    for (strategy, bound) in cases {
      let m = try weights("stage1.1.conv", initialization(strategy), network)
      expect(m, deviation: bound / 3.0.squareRoot(), kurtosis: 1.8)
      #expect(m.largest <= bound * (1 + 1e-6) && m.largest > bound * 0.9999)
    }
  }

  /// Truncated: σ as asked after the cut, nothing beyond 2σ of the parent normal, the kurtosis of a normal cut at
  /// 2 (2.3655). Plain: kurtosis 3 and weights beyond 4σ.
  @Test func normalStrategiesHaveTheirDeviation() throws {
    let network = try smallNetwork()
    let fan = Double(9 * 128)
    let cases: [(Initialization.Strategy, Double)] = [
      (.glorotNormal, (1 / fan).squareRoot()), (.heNormal, (2 / fan).squareRoot()),
    ]
    for (strategy, sigma) in cases {
      var initialization = initialization(strategy)
      let cut = try weights("stage1.1.conv", initialization, network)
      expect(cut, deviation: sigma, kurtosis: 2.3655)
      let limit = 2 * sigma / 0.879_625_661_034_239_78
      #expect(cut.largest <= limit * (1 + 1e-6) && cut.largest > limit * 0.999)
      initialization.truncatesNormals = false
      let plain = try weights("stage1.1.conv", initialization, network)
      expect(plain, deviation: sigma, kurtosis: 3)
      #expect(plain.largest > 4 * sigma)
    }
    let half = try weights("stage1.1.conv", initialization(.normal(standardDeviation: 0.5)), network)
    expect(half, deviation: 0.5, kurtosis: 3)
    #expect(half.largest > 2)
  }

  @Test func onlySpatialKernelsOfBlocksTakeTheStrategy() throws {
    let network = try network(.depthwise)
    let wide = initialization(.uniform(bound: 1))
    #expect(try weights("stage1.0.spatial", wide, network).largest > 0.9)
    let glorot = (6 / Double(9 * 3 + 9 * 64)).squareRoot()
    #expect(try weights("conv1", wide, network).largest <= glorot)
    #expect(try weights("stage3.1.pointwise", wide, network).largest <= (6 / Double(512)).squareRoot())
    #expect(try weights("dense1", wide, network).largest <= (6 / Double(1_024 + 128)).squareRoot())
  }

  @Test func namesShapesAndConstants() throws {
    let parameters = Initialization().parameters(of: try network(.uniform(4)), seed: 1)
    let byName = Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.tensor) })
    #expect(
      parameters.prefix(6).map(\.name) == [
        "conv1.weight", "conv1.bn.weight", "conv1.bn.bias", "conv1.bn.running_mean", "conv1.bn.running_var",
        "stage1.0.spatial.weight",
      ])
    #expect(parameters.suffix(2).map(\.name) == ["dense3.weight", "dense3.bias"])
    #expect(byName["conv1.weight"]?.shape == [64, 3, 3, 3])
    #expect(byName["stage2.0.spatial.weight"]?.shape == [64, 16, 3, 3])
    #expect(byName["stage2.0.pointwise.weight"]?.shape == [128, 64, 1, 1])
    #expect(byName["dense1.weight"]?.shape == [128, 1_024])
    #expect(byName["stage2.0.pointwise.bn.weight"]?.values == [Float](repeating: 1, count: 128))
    #expect(byName["stage2.0.pointwise.bn.bias"]?.values == [Float](repeating: 0, count: 128))
    #expect(byName["stage2.0.pointwise.bn.running_mean"]?.values == [Float](repeating: 0, count: 128))
    #expect(byName["stage2.0.pointwise.bn.running_var"]?.values == [Float](repeating: 1, count: 128))
    #expect(byName["conv1.bias"] == nil && byName["dense1.bias"]?.values == [Float](repeating: 0, count: 128))
    let plain = Initialization().parameters(of: try smallNetwork(batchNorm: false), seed: 1)
    #expect(plain.prefix(2).map(\.name) == ["conv1.weight", "conv1.bias"])
    #expect(!plain.contains { $0.name.contains(".bn.") })
  }

  /// Layers draw from streams of their own: another strategy in the blocks leaves all other layers as they were,
  /// and layers of equal shape differ.
  @Test func layersDrawIndependently() throws {
    let network = try smallNetwork()
    let glorot = initialization(.glorotUniform).parameters(of: network, seed: 3)
    let normal = initialization(.glorotNormal).parameters(of: network, seed: 3)
    for (a, b) in zip(glorot, normal) {
      let swept = a.name.hasSuffix("conv.weight")
      #expect((a.tensor == b.tensor) == !swept, "\(a.name)")
    }
    let byName = Dictionary(uniqueKeysWithValues: glorot.map { ($0.name, $0.tensor) })
    #expect(byName["stage1.0.conv.weight"] != byName["stage1.1.conv.weight"])
    let other = initialization(.glorotUniform).parameters(of: network, seed: 4)
    #expect(other[0].tensor != glorot[0].tensor)
    #expect(
      initialization(.glorotUniform).parameters(of: network, seed: 3).map(\.tensor) == glorot.map(\.tensor))
  }
}
