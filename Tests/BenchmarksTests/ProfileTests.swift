import Benchmarks
import Networks
import Testing
import Training

/// What a profile lists, and that its counts are the network's. Nothing is held to a time.
@Suite struct ProfileTests {
  struct Small: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let network: Network

    init(_ name: String, _ factorization: Factorization, batchNorm: Bool = true) throws {
      var a = Architecture()
      a.inputSize = 8
      a.firstWidth = 16
      a.stages = [Stage(width: 16, blocks: 1), Stage(width: 32, blocks: 1)]
      a.head = [24]
      a.batchNorm = batchNorm
      a.factorization = factorization
      testDescription = name
      network = try Network(a)
    }
  }

  static let networks = [
    try! Small("regular", .none), try! Small("no BatchNorm", .none, batchNorm: false),
    try! Small("groups of 4", .uniform(4)), try! Small("depthwise", .depthwise),
  ]
  static let batch = 4

  @Test(arguments: networks) func aTrainingStepHasEveryPassOfEveryLayer(small: Small) throws {
    let network = small.network
    let workload = try Workload(network, kind: .training, batch: Self.batch, threads: 1)
    try workload.step()
    let steps = try workload.profile()
    for (index, layer) in network.layers.enumerated() {
      let passes = steps.filter { $0.layer == layer.name }.map(\.pass)
      var wanted = ["forward", "backward-weights", "update"]
      if index > 0 { wanted.append("backward-data") }
      if layer.batchNorm { wanted += ["batch statistics", "batch normalization backward"] }
      for pass in wanted {
        #expect(passes.filter { $0 == pass }.count == 1, "\(pass) of \(layer.name) in \(passes)")
      }
      #expect(passes.contains("ReLU backward") == (layer.relu && !layer.batchNorm), "\(layer.name)")
    }
    #expect(steps.filter { $0.pass == "loss" }.count == 1)
    #expect(steps.allSatisfy { $0.seconds >= 0 && !$0.implementation.isEmpty })
    let operations = steps.compactMap { step in
      network.layers.first { $0.name == step.layer }
        .flatMap { StepWork(step.pass, of: $0, batch: Self.batch)?.operations }
    }
    #expect(operations.reduce(0, +) == Self.batch * network.operations(trains: true))
  }

  @Test(arguments: networks, [Workload.Kind.inference, .integer])
  func anInferenceHasEveryLayerOnce(small: Small, kind: Workload.Kind) throws {
    let network = small.network
    let workload = try Workload(network, kind: kind, batch: Self.batch, threads: 1)
    try workload.step()
    let steps = try workload.profile()
    #expect(steps.filter { $0.pass == "forward" }.map(\.layer) == network.layers.map(\.name))
    let operations = steps.compactMap { step in
      network.layers.first { $0.name == step.layer }
        .flatMap { StepWork(step.pass, of: $0, batch: Self.batch)?.operations }
    }
    #expect(operations.reduce(0, +) == Self.batch * network.operations(trains: false))
  }

  /// A profiled step trains: the loss it sees next is that of a step more.
  @Test func aProfiledStepIsATrainingStep() throws {
    let network = try Small("regular", .none).network
    func compiled() throws -> CompiledNetwork {
      let compiled = try CompiledNetwork(network, batch: Self.batch, purpose: .training)
      try compiled.load(Parameters(Initialization().parameters(of: network, seed: 3)))
      for i in compiled.images.indices { compiled.images[i] = Float(i % 7) / 7 }
      return compiled
    }
    let labels: [Int32] = [0, 1, 2, 3]
    let (plain, profiled) = (try compiled(), try compiled())
    try labels.withUnsafeBufferPointer { labels in
      _ = try plain.trainStep(
        count: Self.batch, labels: labels, learningRate: 0.01, momentum: 0.9, weightDecay: 0)
      _ = try profiled.profileTrainStep(labels: labels, learningRate: 0.01, momentum: 0.9)
    }
    #expect(try plain.parameters() == profiled.parameters())
    #expect(try plain.momentum() == profiled.momentum())
  }

  @Test func rowsAreMediansAndAddUp() throws {
    let network = try Small("regular", .none).network
    let layer = network.layers[0]
    func repetition(_ forward: Double) -> [TimedStep] {
      [
        TimedStep(layer: layer.name, pass: "forward", implementation: "jit", seconds: forward),
        TimedStep(layer: nil, pass: "loss", implementation: "strata", seconds: 1),
      ]
    }
    let peaks = MachinePeaks(threads: 1, gigaflops: 2, byteGigaops: 8, gigabytes: 1e6)
    let profile = Profile(
      [repetition(2), repetition(9), repetition(3)], of: network, kind: .training, batch: Self.batch,
      peaks: peaks)
    #expect(profile.rows.map(\.seconds) == [3, 1] && profile.seconds == 4)
    let operations = 2 * Self.batch * layer.cost.macs
    #expect(profile.rows[0].operations == operations && profile.rows[0].implementation == "jit")
    #expect(abs(profile.rows[0].gigaops! - 1e-9 * Double(operations) / 3) < 1e-12)
    #expect(abs(profile.rows[0].ofLimit! - Double(operations) / 2e9 / 3) < 1e-12)
    #expect(profile.rows[1].operations == nil && profile.rows[1].ofLimit == nil)
  }
}
