import Networks
import Testing

private func layer(_ name: String, _ factorization: Factorization) throws -> Layer {
  var architecture = Architecture()
  architecture.factorization = factorization
  return try #require(try Network(architecture).layers.first { $0.name == name })
}

private func initialization(_ strategy: Initialization.Strategy) -> Initialization {
  var initialization = Initialization()
  initialization.strategy = strategy
  return initialization
}

@Suite struct InitializationTests {
  /// Keras computes fans of a kernel of shape (3, 3, a, b) as (9·a, 9·b); a depthwise kernel is (3, 3, C, 1), one
  /// group's kernel is (3, 3, C_in/f, C_out/f).
  @Test(
    "Fans (B3)",
    arguments: [
      ("conv1", Factorization.none, 27, 576), ("stage1.0.conv", .none, 576, 576),
      ("stage2.0.conv", .none, 576, 1152), ("stage3.2.conv", .none, 2304, 2304),
      ("stage2.0.spatial", .uniform(4), 144, 144), ("stage3.1.spatial", .reversePyramid(2), 288, 288),
      ("stage1.0.spatial", .depthwise, 576, 9), ("stage3.2.spatial", .depthwise, 2304, 9),
      ("stage1.0.spatial", .uniform(64), 576, 9), ("stage2.0.pointwise", .depthwise, 64, 128),
      ("dense1", .none, 16_384, 128), ("dense3", .none, 128, 10),
    ])
  func fans(name: String, factorization: Factorization, fanIn: Int, fanOut: Int) throws {
    let fans = Initialization.Fans.keras.count(for: try layer(name, factorization))
    #expect(fans == (fanIn, fanOut))
  }

  @Test("Fans per group count a depthwise kernel as independent convolutions, and all else alike")
  func fansPerGroup() throws {
    #expect(Initialization.Fans.perGroup.count(for: try layer("stage2.1.spatial", .depthwise)) == (9, 9))
    #expect(Initialization.Fans.perGroup.count(for: try layer("stage2.1.spatial", .uniform(4))) == (288, 288))
    #expect(
      Initialization.Fans.perGroup.count(for: try layer("stage2.1.pointwise", .depthwise)) == (128, 128))
  }

  @Test(
    "Strategies on stage2.1.conv, whose fans are 1152 and 1152 (4.6–4.10)",
    arguments: [
      (
        Initialization.Strategy.normal(standardDeviation: 0.5),
        WeightDistribution.normal(standardDeviation: 0.5)
      ),
      (.uniform(bound: 0.25), .uniform(bound: 0.25)),
      (.modifiedGlorotUniform(c: 1296), .uniform(bound: 0.75)),
      (.modifiedGlorotUniform(c: 36), .uniform(bound: 0.125)),
      (.glorotUniform, .uniform(bound: 0.051_031_036_307_982_88)),
      (.glorotNormal, .truncatedNormal(standardDeviation: 0.029_462_782_549_439_48)),
      (.heUniform, .uniform(bound: 0.072_168_783_648_703_22)),
      (.heNormal, .truncatedNormal(standardDeviation: 1.0 / 24)),
    ])
  func strategies(strategy: Initialization.Strategy, expected: WeightDistribution) throws {
    let found = initialization(strategy).distribution(for: try layer("stage2.1.conv", .none))
    #expect(isClose(found, expected))
    var plain = initialization(strategy)
    plain.truncatesNormals = false
    if case .truncatedNormal(let sigma) = expected {
      #expect(
        isClose(plain.distribution(for: try layer("stage2.1.conv", .none)), .normal(standardDeviation: sigma))
      )
    }
  }

  /// One part in 10¹⁵, four times a double's rounding.
  private func isClose(_ a: WeightDistribution, _ b: WeightDistribution) -> Bool {
    switch (a, b) {
    case (.uniform(let x), .uniform(let y)), (.normal(let x), .normal(let y)),
      (.truncatedNormal(let x), .truncatedNormal(let y)):
      abs(x - y) <= 1e-15 * y
    default: false
    }
  }

  @Test(
    "The first convolution and dense layers are Glorot uniform whatever the scope (B2)",
    arguments: Initialization.Scope.allCases)
  func scopes(scope: Initialization.Scope) throws {
    var swept = initialization(.normal(standardDeviation: 1))
    swept.scope = scope
    var architecture = Architecture()
    architecture.factorization = .explicit([1, 1, 2, 2, 2, 2, 128, 256])
    for layer in try Network(architecture).layers {
      let expected =
        switch layer.role {
        case .first, .dense: false
        case .regular, .spatial: scope != .pointwise
        case .pointwise: scope != .spatial
        }
      let isSwept = swept.distribution(for: layer) == .normal(standardDeviation: 1)
      #expect(isSwept == expected, "\(layer.name)")
      if !isSwept { #expect(swept.distribution(for: layer) == Initialization().distribution(for: layer)) }
    }
  }

  @Test("The truncation factor is the standard deviation of N(0, 1) cut at ± 2")
  func truncation() {
    let step = 1e-4
    var mass = 0.0
    var square = 0.0
    for i in -20_000..<20_000 {
      let x = (Double(i) + 0.5) * step
      let density = exponential(-x * x / 2)
      mass += density
      square += density * x * x
    }
    // The midpoint rule's error is about step² = 1e-8.
    #expect(abs((square / mass).squareRoot() - WeightDistribution.truncationFactor) < 1e-8)
  }

  /// e^x by its series, halved and squared so that the series converges fast.
  private func exponential(_ x: Double) -> Double {
    var term = 1.0
    var sum = 1.0
    for n in 1...20 {
      term *= x / 8 / Double(n)
      sum += term
    }
    let square = sum * sum
    let fourth = square * square
    return fourth * fourth
  }
}
