import SweepProtocol
import Sweeps

/// Speed and time left of a trial, and how often that is worth telling.
struct ProgressMeter {
  var epochs = 0
  var stepsPerEpoch = 0
  var snapshotsLeft = 0
  private var work: UInt64 = 0
  private var secondsPerStep: Double?
  private var imagesPerSecond = 0.0
  private var snapshotSeconds: Double?
  private var lastPhase: TrialPhase?
  /// When the snapshot under way was begun.
  private var measuringSince: ContinuousClock.Instant?
  private var lastTold = ContinuousClock.now
  private static let interval = Duration.milliseconds(200)

  mutating func resume(at position: CheckpointPosition, of configuration: TrialConfiguration) {
    snapshotsLeft = configuration.snapshotEpochs.count {
      $0 > position.epoch || ($0 == position.epoch && position.step > 0)
    }
  }

  mutating func trained(images: Int, seconds: Double) {
    work += 1
    let weight = secondsPerStep == nil ? 1 : 0.1
    secondsPerStep = (secondsPerStep ?? 0) * (1 - weight) + seconds * weight
    imagesPerSecond = imagesPerSecond * (1 - weight) + Double(images) / seconds * weight
  }

  mutating func worked() { work += 1 }

  mutating func snapshotTaken(seconds: Double) {
    snapshotsLeft -= 1
    snapshotSeconds = seconds
  }

  /// nil when the last one was told less than a fifth of a second ago in the same phase.
  mutating func progress(
    phase: TrialPhase, position: CheckpointPosition, sums: EpochSums
  ) -> TrialProgress? {
    let now = ContinuousClock.now
    guard phase != lastPhase || now - lastTold >= Self.interval else { return nil }
    if phase != lastPhase { measuringSince = phase == .measuring ? now : nil }
    lastPhase = phase
    lastTold = now
    var progress = TrialProgress()
    progress.phase = phase
    progress.epoch = position.epoch
    progress.step = position.step
    progress.stepsPerEpoch = stepsPerEpoch
    progress.epochs = epochs
    progress.loss = sums.meanLoss ?? .nan
    progress.accuracy = sums.accuracy ?? .nan
    progress.imagesPerSecond = imagesPerSecond
    if let secondsPerStep {
      let steps = Double((epochs - position.epoch) * stepsPerEpoch - position.step)
      let snapshot = snapshotSeconds ?? 0
      let measured = measuringSince.map { min((now - $0).seconds, snapshot) } ?? 0
      progress.secondsLeft = steps * secondsPerStep + Double(snapshotsLeft) * snapshot - measured
    }
    progress.work = work
    return progress
  }
}

extension Duration {
  var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
