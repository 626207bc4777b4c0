import LayerAnalysis
import Networks
import SweepProtocol
import Sweeps
import Testing
import Worker

/// Synthetic trials: what they report, and that interruption changes nothing.
@Suite struct DrillRunnerTests {
  static func configuration(seed: Int = 1) -> TrialConfiguration {
    var configuration = TrialConfiguration()
    configuration.network.factorization = .depthwise
    configuration.training.epochs = 5
    configuration.analysis.snapshots = [2, 3]
    configuration.quantization.draws = 2
    configuration.seed = seed
    return configuration
  }

  struct Run {
    var ending = TrialEnding.stopped
    var snapshots: [Snapshot] = []
    var checkpoints: [(position: CheckpointPosition, bytes: [UInt8])] = []
    var progress: [TrialProgress] = []

    /// Without what may differ: times.
    var measured: [Snapshot] {
      snapshots.map {
        var snapshot = $0
        snapshot.snapshotSeconds = 0
        return snapshot
      }
    }
  }

  /// - Parameter stop: asked after every output; what it returns is asked of the trial.
  static func run(
    _ configuration: TrialConfiguration = configuration(), from checkpoint: [UInt8]? = nil,
    duration: Duration = .zero, size: Int = 0, interval: Duration = .seconds(1000),
    stop: (TrialOutput) -> TrialControl.Request = { _ in .none }
  ) throws -> Run {
    let trial = Trial(configuration)
    let control = TrialControl()
    var run = Run()
    let runner = DrillRunner(duration: duration, checkpointBytes: size, checkpointInterval: interval)
    run.ending = try runner.run(
      Assignment(
        attempt: AttemptID(trial: trial.id, number: 1), label: trial.label,
        configuration: trial.configuration.canonicalJSON),
      checkpoint: checkpoint, control: control
    ) { output in
      switch output {
      case .progress(let progress): run.progress.append(progress)
      case .snapshot(let snapshot): run.snapshots.append(snapshot)
      case .checkpoint(let position, let bytes): run.checkpoints.append((position, bytes))
      }
      control.ask(stop(output))
    }
    return run
  }

  @Test func reportsWhatARealTrialDoes() throws {
    let run = try Self.run(size: 100_000)
    let network = try Network(Self.configuration().network)
    #expect(run.snapshots.map(\.epoch) == [0, 2, 3, 5])
    for snapshot in run.snapshots {
      let rows = Dictionary(grouping: snapshot.layers) { "\($0.kind.rawValue)\($0.draw)" }
      #expect(rows.keys.sorted() == ["A0", "A1", "F0", "W0"])
      for rows in rows.values { #expect(rows.map(\.layer) == network.layers.map(\.name)) }
      #expect(snapshot.layers.count >= 60)
      #expect(snapshot.draws.map(\.draw) == [0, 1])
      #expect(snapshot.errors.count == 2 * network.layers.count)
    }
    #expect(run.checkpoints.map(\.position) == [CheckpointPosition(epoch: 5, step: 0)])
    #expect(run.checkpoints.map(\.bytes.count) == [100_000])
    #expect(Set(run.progress.map(\.phase)) == Set(TrialPhase.allCases))
    guard case .result(.completed, let hash, let algorithms) = run.ending else {
      Issue.record("\(run.ending)")
      return
    }
    #expect(hash.count == 64 && algorithms.count == network.layers.count)
  }

  /// Interrupted at its first chance after one, two or three checkpoints, again and again.
  @Test func interruptedTrialEndsTheSame() throws {
    let whole = try Self.run()
    var byEpoch: [Int: [Snapshot]] = [:]
    var checkpoint: [UInt8]?
    var attempts = 0
    var ending = TrialEnding.stopped
    while ending == .stopped, attempts < 100 {
      attempts += 1
      var left = attempts % 3 + 1
      let run = try Self.run(from: checkpoint, interval: .zero) { output in
        if case .checkpoint = output { left -= 1 }
        return left == 0 ? .checkpointAndStop : .none
      }
      for snapshot in run.measured { byEpoch[snapshot.epoch, default: []].append(snapshot) }
      checkpoint = run.checkpoints.last?.bytes ?? checkpoint
      ending = run.ending
    }
    #expect(attempts > 5 && ending == whole.ending)
    for expected in whole.measured {
      #expect(byEpoch[expected.epoch]?.allSatisfy { $0 == expected } == true, "epoch \(expected.epoch)")
    }
    #expect(checkpoint == whole.checkpoints.last?.bytes)
  }

  @Test func everyStepCounts() throws {
    let ending = try Self.run().ending
    let other = try Self.run(Self.configuration(seed: 2)).ending
    #expect(ending != other)
    let early = try Self.run(interval: .zero) { output in
      if case .checkpoint(let position, _) = output, position.epoch == 2 { return .cancel }
      return .none
    }
    #expect(early.ending == .stopped)
    let resumed = try Self.run(from: early.checkpoints.last!.bytes)
    #expect(resumed.ending == ending)
    // Its head aside, a checkpoint is the hash: another one there leads elsewhere.
    var altered = early.checkpoints.last!.bytes
    altered[altered.count - 1] ^= 1
    #expect(try Self.run(from: altered).ending != ending)
  }

  @Test func takesTheTimeAskedFor() throws {
    let began = ContinuousClock.now
    _ = try Self.run(duration: .milliseconds(60))
    #expect(ContinuousClock.now - began >= .milliseconds(60))
  }

  @Test func aRequestEndsALongStep() throws {
    let run = try Self.run(duration: .seconds(10_000)) { output in
      if case .snapshot = output { return .cancel }
      return .none
    }
    #expect(run.ending == .stopped && run.checkpoints.isEmpty)
  }

  @Test func checkpointOfAnotherTrialIsRefused() throws {
    let bytes = try Self.run().checkpoints.last!.bytes
    #expect(throws: UnusableCheckpoint.self) { try Self.run(Self.configuration(seed: 2), from: bytes) }
    #expect(throws: UnusableCheckpoint.self) { try Self.run(from: Array(bytes.dropLast())) }
  }
}
