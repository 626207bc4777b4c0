/// One worker's go at a trial: what every write is fenced by.
public struct AttemptID: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The trial's identity: 64 lower-case hexadecimal digits, the SHA-256 of its canonical configuration.
  public var trial: String
  /// From 1, growing with every assignment of the trial.
  public var number: Int

  public init(trial: String, number: Int) {
    self.trial = trial
    self.number = number
  }

  public static func < (a: AttemptID, b: AttemptID) -> Bool { (a.trial, a.number) < (b.trial, b.number) }

  public var description: String { "trial \(trial.prefix(8)) attempt \(number)" }
}

/// How far a trial's training has come: whole epochs done, and steps done of the epoch under way.
public struct CheckpointPosition: Hashable, Sendable, Comparable, CustomStringConvertible {
  public var epoch: Int
  public var step: Int

  public init(epoch: Int, step: Int) {
    self.epoch = epoch
    self.step = step
  }

  public static func < (a: CheckpointPosition, b: CheckpointPosition) -> Bool {
    (a.epoch, a.step) < (b.epoch, b.step)
  }

  public var description: String { "epoch \(epoch) step \(step)" }
}

/// A checkpoint file, by what it holds.
public struct CheckpointDescriptor: Hashable, Sendable {
  public var position: CheckpointPosition
  /// Bytes.
  public var size: Int
  /// 64 lower-case hexadecimal digits.
  public var sha256: String

  public init(position: CheckpointPosition, size: Int, sha256: String) {
    self.position = position
    self.size = size
    self.sha256 = sha256
  }
}

/// What a worker is doing for a trial.
public enum TrialPhase: String, Hashable, Sendable, CaseIterable {
  /// Fetching the checkpoint, loading data, compiling the network.
  case preparing
  case training
  /// Taking a snapshot: evaluation, quantization, statistics.
  case measuring
  /// Over, or being given back; its last messages are not yet acknowledged.
  case finishing
}

/// Where a running trial is.
public struct TrialProgress: Hashable, Sendable {
  public var phase = TrialPhase.preparing
  /// Whole epochs done, and steps done of the epoch under way.
  public var epoch = 0
  public var step = 0
  public var stepsPerEpoch = 0
  /// Epochs the trial will train in all.
  public var epochs = 0
  /// Running mean cross-entropy (nats) and accuracy (0 ... 1) of the epoch under way; NaN before its first step.
  public var loss = Double.nan
  public var accuracy = Double.nan
  public var imagesPerSecond = 0.0
  /// Estimated wall seconds to the end; nil while unknown.
  public var secondsLeft: Double?
  /// Grows by at least 1 with every batch trained or evaluated; a trial for which it stands still is hung.
  public var work: UInt64 = 0
  /// The last checkpoint the coordinator has stored.
  public var checkpoint: CheckpointPosition?

  public init() {}
}

/// An attempt a worker holds, as its hello and heartbeats list it.
public struct HeldAttempt: Hashable, Sendable {
  public var attempt: AttemptID
  public var progress: TrialProgress

  public init(_ attempt: AttemptID, progress: TrialProgress) {
    self.attempt = attempt
    self.progress = progress
  }
}
