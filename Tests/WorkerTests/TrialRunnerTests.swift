import LayerAnalysis
import Networks
import SweepProtocol
import Sweeps
import Testing
import Worker

/// Trials executed in this process: how they end, and that interruption changes nothing.
@Suite struct TrialRunnerTests {
  static let datasets = Result { try DatasetLibrary(directory: nil) }

  static func configuration(_ change: (inout TrialConfiguration) -> Void = { _ in }) -> TrialConfiguration {
    var configuration = TrialConfiguration()
    configuration.network.firstWidth = 16
    configuration.network.stages = [Stage(width: 16, blocks: 1), Stage(width: 16, blocks: 1)]
    configuration.network.head = [16]
    configuration.training.epochs = 2
    configuration.training.batch = 50
    configuration.training.decayEpochs = []
    configuration.data.dataset = .synthetic
    configuration.data.train = 220
    configuration.data.test = 200
    configuration.quantization.calibrationImages = 64
    configuration.analysis.sensitivityImages = 8
    change(&configuration)
    return configuration
  }

  /// What a trial puts out, and how it ends.
  struct Run {
    var ending: TrialEnding
    var snapshots: [Snapshot] = []
    var checkpoints: [(position: CheckpointPosition, bytes: [UInt8])] = []

    /// Snapshots without what may differ: times.
    var measured: [Snapshot] {
      snapshots.map {
        var snapshot = $0
        snapshot.trainSeconds = 0
        snapshot.snapshotSeconds = 0
        return snapshot
      }
    }

    var outcome: TrialOutcome? {
      guard case .result(let outcome, _, _) = ending else { return nil }
      return outcome
    }

    var weights: String? {
      guard case .result(_, let weights, _) = ending else { return nil }
      return weights
    }
  }

  /// - Parameter stop: asked after every output; what it returns is asked of the trial.
  static func run(
    _ configuration: TrialConfiguration, from checkpoint: [UInt8]? = nil, interval: Duration = .seconds(1000),
    stop: (TrialOutput) -> TrialControl.Request = { _ in .none }
  ) throws -> Run {
    let trial = Trial(configuration)
    let control = TrialControl()
    var run = Run(ending: .stopped)
    run.ending = try TrialRunner(datasets: datasets.get(), checkpointInterval: interval).run(
      Assignment(
        attempt: AttemptID(trial: trial.id, number: 1), label: trial.label,
        configuration: trial.configuration.canonicalJSON),
      checkpoint: checkpoint, control: control
    ) { output in
      switch output {
      case .progress: break
      case .snapshot(let snapshot): run.snapshots.append(snapshot)
      case .checkpoint(let position, let bytes): run.checkpoints.append((position, bytes))
      }
      control.ask(stop(output))
    }
    return run
  }

  @Test func completedTrialHoldsEveryStatistic() throws {
    let run = try Self.run(Self.configuration { $0.training.learningRate = 0.05 })
    #expect(run.outcome == .completed)
    #expect(run.snapshots.map(\.epoch) == [0, 2])
    let network = try Network(Self.configuration().network)
    for snapshot in run.snapshots {
      for kind in [TensorKind.weights, .foldedWeights, .activations] {
        let layers = snapshot.layers.filter { $0.kind == kind }
        #expect(layers.map(\.layer) == network.layers.map(\.name))
        for layer in layers {
          #expect(layer.statistics.channelLower.count == network.layers[layer.index].outChannels)
          #expect(layer.statistics.histogram.reduce(0, +) == layer.statistics.count)
        }
      }
      #expect(snapshot.errors.count == network.layers.count)
      #expect(snapshot.errors.allSatisfy { $0.weightsAloneQMSE != nil && $0.activationsAloneQMSE != nil })
      #expect(snapshot.draws.count == 1)
    }
    #expect(run.checkpoints.map(\.position) == [CheckpointPosition(epoch: 2, step: 0)])
  }

  @Test(arguments: [true, false]) func divergedTrialKeepsWhatWasBefore(batchNorm: Bool) throws {
    let run = try Self.run(
      Self.configuration {
        $0.network.batchNorm = batchNorm
        $0.training.learningRate = 1e25
      })
    #expect(run.outcome == .diverged)
    #expect(run.snapshots.first?.epoch == 0)
    for layer in run.snapshots.flatMap(\.layers) where layer.kind == .weights {
      #expect(layer.statistics.count == network(batchNorm).layers[layer.index].weightCount)
    }
  }

  private func network(_ batchNorm: Bool) -> Network {
    try! Network(Self.configuration { $0.network.batchNorm = batchNorm }.network)
  }

  @Test func trialThatLearnsNothingHasVanished() throws {
    let run = try Self.run(
      Self.configuration {
        $0.network.batchNorm = false
        $0.network.factorization = .depthwise
        $0.training.learningRate = 1e-6
        $0.training.epochs = 1
      })
    #expect(run.outcome == .vanished)
  }

  /// Interrupted at its first chance after every checkpoint, again and again.
  @Test func interruptedTrialEndsBitIdentical() throws {
    let configuration = Self.configuration()
    let whole = try Self.run(configuration)
    var snapshots: [Snapshot] = []
    var checkpoint: [UInt8]?
    var last: Run?
    for attempt in 1...40 {
      var left = attempt % 3 + 1
      let run = try Self.run(configuration, from: checkpoint, interval: .zero) { output in
        if case .checkpoint = output { left -= 1 }
        return left == 0 ? .checkpointAndStop : .none
      }
      snapshots += run.measured
      checkpoint = run.checkpoints.last?.bytes ?? checkpoint
      last = run
      if run.outcome != nil { break }
    }
    #expect(last?.weights == whole.weights && whole.weights != nil)
    #expect(last?.outcome == whole.outcome)
    let byEpoch = Dictionary(grouping: snapshots, by: \.epoch)
    for expected in whole.measured {
      #expect(byEpoch[expected.epoch]?.allSatisfy { $0 == expected } == true, "epoch \(expected.epoch)")
    }
  }

  @Test func resumedAfterItsLastCheckpointItOnlyReports() throws {
    let configuration = Self.configuration()
    let whole = try Self.run(configuration)
    let again = try Self.run(configuration, from: whole.checkpoints.last!.bytes)
    #expect(again.weights == whole.weights && again.outcome == whole.outcome)
    #expect(again.snapshots.isEmpty)
  }

  @Test func checkpointOfAnotherTrialIsRefused() throws {
    let bytes = try Self.run(Self.configuration()).checkpoints.last!.bytes
    let other = Self.configuration { $0.seed = 2 }
    #expect(throws: UnusableCheckpoint.self) { try Self.run(other, from: bytes) }
    #expect(throws: UnusableCheckpoint.self) {
      try Self.run(Self.configuration(), from: Array(bytes.dropLast(100)))
    }
    // Weights alone, as training ends with, are nothing to go on with where training is longer; nor is a later epoch.
    for epochs in [1, 3] {
      #expect(throws: UnusableCheckpoint.self) {
        try Self.run(Self.configuration(), from: Self.replacing(epoch: epochs, in: bytes))
      }
    }
  }

  /// The checkpoint of epoch 2, saying that it is of another.
  private static func replacing(epoch: Int, in bytes: [UInt8]) -> [UInt8] {
    let field = Array("\"epoch\":\"2".utf8)
    let start = bytes.indices.first { bytes[$0...].starts(with: field) }!
    var altered = bytes
    altered[start + field.count - 1] = UInt8(ascii: "0") + UInt8(epoch)
    return altered
  }
}
