import Foundation
import Networks
import SweepProtocol
import Sweeps

/// One attempt at a synthetic trial, on the calling thread, in the order of a real one: snapshots at the
/// configuration's epochs, checkpoints between steps and after snapshots.
final class DrillExecution {
  /// Steps of one epoch, whatever the configuration's data set and batch.
  static let stepsPerEpoch = 4

  private let configuration: TrialConfiguration
  private let network: Network
  private let stepDuration: Duration
  private let checkpointBytes: Int
  private let checkpointInterval: Duration
  private let control: TrialControl
  private let put: (TrialOutput) -> Void

  private var state: DrillState
  private var meter = ProgressMeter()
  private var lastCheckpoint = ContinuousClock.now

  /// - Throws: where the configuration is none; `UnusableCheckpoint` where the checkpoint is not one of this trial.
  init(
    _ assignment: Assignment, checkpoint: [UInt8]?, duration: Duration, checkpointBytes: Int,
    checkpointInterval: Duration, control: TrialControl, put: @escaping (TrialOutput) -> Void
  ) throws {
    configuration = try TrialConfiguration(canonicalJSON: assignment.configuration)
    network = try Network(configuration.network)
    stepDuration = duration / max(1, configuration.training.epochs * Self.stepsPerEpoch)
    self.checkpointBytes = checkpointBytes
    self.checkpointInterval = checkpointInterval
    self.control = control
    self.put = put
    meter.epochs = configuration.training.epochs
    meter.stepsPerEpoch = Self.stepsPerEpoch
    meter.snapshotsLeft = configuration.snapshotEpochs.count
    let trial = assignment.attempt.trial
    if let checkpoint {
      state = try UnusableCheckpoint.catching { try DrillState(decoding: checkpoint, trial: trial) }
      meter.resume(at: state.position, of: configuration)
    } else {
      state = DrillState(trial: trial)
    }
  }

  func run() -> TrialEnding {
    report(.preparing)
    if state.position == CheckpointPosition(epoch: 0, step: 0) { putSnapshot() }
    let epochs = configuration.training.epochs
    while state.position.epoch < epochs {
      while state.position.step < Self.stepsPerEpoch {
        if isStopped { return .stopped }
        if checkpointIsDue { putCheckpoint() }
        takeStep()
      }
      state.endEpoch()
      let epoch = state.position.epoch
      if configuration.snapshotEpochs.contains(epoch) { putSnapshot() }
      if epoch == epochs || checkpointIsDue { putCheckpoint() }
    }
    report(.finishing)
    return .result(.completed, weightsSHA256: state.digest, algorithms)
  }

  /// Whether the trial was asked to stop; what that asks for is then done.
  private var isStopped: Bool {
    switch control.request {
    case .none: return false
    case .cancel: return true
    case .checkpointAndStop:
      if state.position > CheckpointPosition(epoch: 0, step: 0) { putCheckpoint() }
      return true
    }
  }

  /// Longest time during which nothing is looked at.
  private static let nap = Duration.milliseconds(20)

  /// A request to stop cuts the step short: what is hashed does not depend on time.
  private func takeStep() {
    let began = ContinuousClock.now
    let end = began + stepDuration
    while control.request == .none, case let left = ContinuousClock.now.duration(to: end), left > .zero {
      Thread.sleep(forTimeInterval: min(left, Self.nap).seconds)
    }
    state.takeStep()
    let seconds = (ContinuousClock.now - began).seconds
    meter.trained(images: configuration.training.batch, seconds: max(seconds, 1e-9))
    report(.training)
  }

  private var checkpointIsDue: Bool { ContinuousClock.now - lastCheckpoint >= checkpointInterval }

  private func putCheckpoint() {
    put(.checkpoint(state.position, state.encoded(padding: checkpointBytes)))
    lastCheckpoint = ContinuousClock.now
  }

  private func putSnapshot() {
    report(.measuring)
    let began = ContinuousClock.now
    var snapshot = DrillStatistics(network).snapshot(
      epoch: state.position.epoch, seed: state.seed, draws: configuration.quantization.draws)
    snapshot.learningRate = configuration.training.learningRate
    snapshot.snapshotSeconds = (ContinuousClock.now - began).seconds
    put(.snapshot(snapshot))
    meter.snapshotTaken(seconds: snapshot.snapshotSeconds)
  }

  private var algorithms: [LayerAlgorithm] {
    network.layers.enumerated().map { LayerAlgorithm(index: $0, layer: $1.name, algorithm: "drill") }
  }

  private func report(_ phase: TrialPhase) {
    if let progress = meter.progress(phase: phase, position: state.position, sums: EpochSums()) {
      put(.progress(progress))
    }
  }
}
