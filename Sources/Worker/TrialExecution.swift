import Datasets
import Networks
import SweepProtocol
import Sweeps
import Training

/// One attempt at a trial, run on the calling thread from the beginning or from a checkpoint to its end.
///
/// Its results are a pure function of the configuration: interruption and resumption, on whichever worker of the
/// same instruction set, change no bit of them (times aside).
final class TrialExecution {
  private let trial: String
  private let configuration: TrialConfiguration
  private let network: Network
  private let dataset: Dataset
  private let compiled: CompiledNetwork
  private let pipeline: BatchPipeline
  private let snapshots: SnapshotTaker
  private let control: TrialControl
  private let checkpointInterval: Duration
  private let schedule: StepSchedule
  private let put: (TrialOutput) -> Void

  private var position = CheckpointPosition(epoch: 0, step: 0)
  private var sums = EpochSums()
  private var meter = ProgressMeter()
  private var lastCheckpoint = ContinuousClock.now

  /// - Parameters:
  ///   - checkpoint: the bytes of an earlier attempt's checkpoint to go on from.
  ///   - checkpointInterval: time between two checkpoints, also within an epoch.
  ///   - put: takes what the trial produces, in order, on the calling thread.
  init(
    trial: String, configuration: TrialConfiguration, datasets: DatasetLibrary, checkpoint: [UInt8]?,
    checkpointInterval: Duration, control: TrialControl, put: @escaping (TrialOutput) -> Void
  ) throws {
    self.trial = trial
    self.configuration = configuration
    self.control = control
    self.checkpointInterval = checkpointInterval
    self.put = put
    network = try Network(configuration.network)
    dataset = try datasets.dataset(for: configuration)
    let training = configuration.training
    schedule = StepSchedule(
      base: training.learningRate, decayEpochs: training.decayEpochs, factor: training.decayFactor)
    compiled = try CompiledNetwork(
      network, batch: training.batch, purpose: .training, algorithm: .init(training.convolution),
      threads: training.threads)
    let scaling = try PixelScaling(configuration.data.scaling, of: dataset)
    pipeline = BatchPipeline(
      BatchLoader(
        training: dataset.train, scaling: scaling, batch: training.batch,
        augmentation: Augmentation(training.augmentation), seed: configuration.streamSeed))
    snapshots = try SnapshotTaker(configuration: configuration, network: network, dataset: dataset)
    meter.epochs = training.epochs
    meter.stepsPerEpoch = pipeline.loader.batches
    meter.snapshotsLeft = configuration.snapshotEpochs.count
    try restore(checkpoint)
  }

  private func restore(_ bytes: [UInt8]?) throws {
    guard let bytes else {
      try compiled.load(
        Parameters(configuration.initialization.parameters(of: network, seed: configuration.streamSeed)))
      return
    }
    let checkpoint = try UnusableCheckpoint.catching {
      let checkpoint = try TrialCheckpoint(decoding: bytes, trial: trial, network: network)
      try checkpoint.validate(epochs: configuration.training.epochs, steps: pipeline.loader.batches)
      try compiled.load(checkpoint.parameters)
      if let momentum = checkpoint.momentum { try compiled.loadMomentum(momentum) }
      return checkpoint
    }
    position = checkpoint.position
    sums = checkpoint.sums
    meter.resume(at: position, of: configuration)
  }

  func run() throws -> TrialEnding {
    defer { pipeline.stop() }
    report(.preparing)
    if position == CheckpointPosition(epoch: 0, step: 0) {
      guard try takeSnapshot(epoch: 0) else { return .stopped }
    }
    while position.epoch < configuration.training.epochs {
      switch try trainEpoch() {
      case .stopped: return .stopped
      case .diverged: return try endDiverged()
      case .done: break
      }
      let epoch = position.epoch + 1
      if configuration.snapshotEpochs.contains(epoch) {
        guard try takeSnapshot(epoch: epoch) else { return .stopped }
      }
      position = CheckpointPosition(epoch: epoch, step: 0)
      let last = epoch == configuration.training.epochs
      if !last { sums = EpochSums() }
      if last || checkpointIsDue { try putCheckpoint(final: last) }
    }
    return try end(snapshots.finalOutcome(of: compiled.parameters(), trainAccuracy: sums.accuracy))
  }

  /// The weights are those before the step that could not be taken: what they are like is the trial's last snapshot,
  /// at the epoch under way.
  private func endDiverged() throws -> TrialEnding {
    if try compiled.parameters().areFinite {
      guard try takeSnapshot(epoch: position.epoch + 1) else { return .stopped }
    }
    return try end(.diverged)
  }

  private enum EpochEnding { case done, stopped, diverged }

  /// Trains from `position` to the end of its epoch.
  private func trainEpoch() throws -> EpochEnding {
    let training = configuration.training
    let epoch = position.epoch + 1
    let learningRate = schedule.learningRate(epoch: epoch)
    pipeline.start(epoch: epoch, fromBatch: position.step)
    while let batch = try pipeline.next() {
      switch control.request {
      case .cancel: return .stopped
      case .checkpointAndStop:
        try putCheckpoint(final: false)
        return .stopped
      case .none: break
      }
      if checkpointIsDue { try putCheckpoint(final: false) }
      let began = ContinuousClock.now
      compiled.images.baseAddress!.update(from: batch.images.baseAddress!, count: batch.images.count)
      let result = try compiled.trainStep(
        count: batch.count, labels: UnsafeBufferPointer(batch.labels), learningRate: learningRate,
        momentum: training.momentum,
        weightDecay: training.weightDecay)
      guard result.isFinite else { return .diverged }
      sums.loss += result.lossSum
      sums.correct += result.correct
      sums.images += batch.count
      position.step += 1
      let seconds = (ContinuousClock.now - began).seconds
      sums.seconds += seconds
      meter.trained(images: batch.count, seconds: seconds)
      report(.training)
    }
    return .done
  }

  /// - Returns: false if the trial was asked to stop meanwhile; the snapshot is then taken anew on resumption.
  private func takeSnapshot(epoch: Int) throws -> Bool {
    report(.measuring)
    let began = ContinuousClock.now
    let control = control
    compiled.releaseActivations()
    let measured = try snapshots.take(
      epoch: epoch, parameters: compiled.parameters(),
      goesOn: { [self] in
        meter.worked()
        report(.measuring)
        return control.request == .none
      })
    guard var snapshot = measured else {
      if control.request == .checkpointAndStop { try putCheckpoint(final: false) }
      return false
    }
    snapshot.learningRate = schedule.learningRate(epoch: max(epoch, 1))
    if epoch > 0 {
      snapshot.trainLoss = sums.meanLoss
      snapshot.trainAccuracy = sums.accuracy
      snapshot.trainSeconds = sums.seconds
    }
    snapshot.snapshotSeconds = (ContinuousClock.now - began).seconds
    meter.snapshotTaken(seconds: snapshot.snapshotSeconds)
    put(.snapshot(snapshot))
    return true
  }

  private var checkpointIsDue: Bool { ContinuousClock.now - lastCheckpoint >= checkpointInterval }

  private func putCheckpoint(final: Bool) throws {
    guard position > CheckpointPosition(epoch: 0, step: 0) else { return }
    let checkpoint = TrialCheckpoint(
      trial: trial, position: position, sums: sums, parameters: try compiled.parameters(),
      momentum: final ? nil : try compiled.momentum())
    put(.checkpoint(position, checkpoint.encoded()))
    lastCheckpoint = ContinuousClock.now
  }

  private func end(_ outcome: TrialOutcome) throws -> TrialEnding {
    report(.finishing)
    return .result(
      outcome, weightsSHA256: try compiled.parameters().sha256(), compiled.layerAlgorithms)
  }

  private func report(_ phase: TrialPhase) {
    if let progress = meter.progress(phase: phase, position: position, sums: sums) {
      put(.progress(progress))
    }
  }
}
