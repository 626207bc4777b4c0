public import Foundation

/// Where a trial stands. The raw values are the store's.
public enum TrialState: String, Codable, Hashable, Sendable, CaseIterable {
  case pending, running
  /// Results (SPEC C5): final, and never trained again.
  case completed, diverged, vanished
  /// Likewise: its sweep's rule ended it at a snapshot (SPEC G6).
  case stopped
  /// Given up after errors, until it is put back to `pending`.
  case failed
  /// The same error came on two hosts: given up at once, likewise.
  case quarantined
  /// Taken back by a person, likewise.
  case cancelled

  /// Nothing is to be done for the trial, as it stands.
  public var isOver: Bool { self != .pending && self != .running }
  /// It is over by errors.
  public var isGivenUp: Bool { self == .failed || self == .quarantined }
  /// The trial has a result.
  public var hasResult: Bool { [.completed, .diverged, .vanished, .stopped].contains(self) }
}

public enum AttemptEnding: String, Codable, Hashable, Sendable, CaseIterable {
  case result, failed
  /// Given back by its worker.
  case preempted, stopping, drained
  /// Its worker fell silent for a lease, left, or never took it up.
  case lost
  /// A person took the trial back.
  case cancelled
}

public struct SweepRecord: Hashable, Sendable {
  public var name: String
  public var description: String
  /// The sweep file's text.
  public var source: String
  /// Kept to the millisecond, as all times are.
  public var created: Date
  /// Every coordinator of the store runs it, whichever sweep it was started with.
  public var isSubmitted: Bool

  public init(
    name: String, description: String = "", source: String, created: Date, isSubmitted: Bool = false
  ) {
    self.name = name
    self.description = description
    self.source = source
    self.created = created
    self.isSubmitted = isSubmitted
  }
}

public struct AttemptRecord: Hashable, Sendable {
  public var trial: String
  /// From 1.
  public var number: Int
  /// Identity of the worker process.
  public var worker: String
  public var host: String
  public var instructionSet: String
  public var threads: Int
  public var started: Date
  /// The checkpoint it went on from; nil: from the beginning.
  public var resumedEpoch: Int?
  public var resumedStep: Int?
  public var ended: Date?
  public var ending: AttemptEnding?
  public var message: String?
  /// The error in full, and where the trial was; several lines.
  public var detail: String?
  /// Wall seconds the worker reported.
  public var seconds: Double?
  /// JSON of the implementation that computed each layer.
  public var algorithms: String?
}

/// One worker process.
public struct WorkerRecord: Hashable, Sendable {
  public var id: String
  public var name: String
  public var host: String
  public var pid: Int
  public var instructionSet: String
  public var threads: Int
  /// Of the program.
  public var version: String
  public var firstSeen: Date
  public var lastSeen: Date
  /// When it said goodbye.
  public var left: Date?
  /// Every delivery of the worker up to this sequence number is in the store.
  public var acknowledged: UInt64

  public init(
    id: String, name: String, host: String, pid: Int, instructionSet: String, threads: Int, version: String,
    firstSeen: Date, lastSeen: Date, acknowledged: UInt64 = 0
  ) {
    self.id = id
    self.name = name
    self.host = host
    self.pid = pid
    self.instructionSet = instructionSet
    self.threads = threads
    self.version = version
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.acknowledged = acknowledged
  }
}

/// A checkpoint file that is published in the checkpoint directory.
public struct CheckpointRecord: Hashable, Sendable {
  public var trial: String
  /// Whole epochs done, and steps done of the epoch under way.
  public var epoch: Int
  public var step: Int
  /// Number of the attempt that made it.
  public var attempt: Int
  /// Bytes.
  public var size: Int
  public var sha256: String
  /// Name in the checkpoint directory.
  public var file: String

  public init(trial: String, epoch: Int, step: Int, attempt: Int, size: Int, sha256: String, file: String) {
    self.trial = trial
    self.epoch = epoch
    self.step = step
    self.attempt = attempt
    self.size = size
    self.sha256 = sha256
    self.file = file
  }
}

/// A host that gets no trials, because many failed there.
public struct QuarantinedHostRecord: Hashable, Sendable {
  public var host: String
  public var since: Date
  public var message: String

  public init(host: String, since: Date, message: String) {
    self.host = host
    self.since = since
    self.message = message
  }
}
