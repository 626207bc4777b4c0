public import SweepProtocol
public import Sweeps

extension Scheduler {
  /// What the service is to do, in this order. All `persist` commands of a batch are committed before any of
  /// its other commands is carried out.
  public enum Command: Hashable, Sendable {
    case persist(Record)
    case send(CoordinatorEnvelope, to: ConnectionID)
    case reply(ClientReply, to: ConnectionID)
    case answerUpload(UploadAnswer, TransferID)
    case answerDownload(DownloadAnswer, TransferID)
    /// Deletes exactly this file, if it is there.
    case deleteCheckpoint(StoredCheckpoint)
    case log(LogLevel, String)
    /// Shutdown is done: no worker is left, or none answers.
    case end
  }

  public enum UploadAnswer: Hashable, Sendable {
    /// The bytes may come.
    case accept
    /// The checkpoint's row is committed.
    case stored
    case refuse(CheckpointRefusal, String)
  }

  public enum DownloadAnswer: Hashable, Sendable {
    /// This file may be sent.
    case accept(StoredCheckpoint)
    case refuse(CheckpointRefusal, String)
  }

  public enum LogLevel: String, Hashable, Sendable, CaseIterable { case info, notice, warning }
}

/// A checkpoint file at the coordinator. Equal bits from two attempts are two files, so that what becomes of one
/// never touches the other.
public struct StoredCheckpoint: Hashable, Sendable {
  /// Who uploaded it.
  public var attempt: AttemptID
  public var descriptor: CheckpointDescriptor

  public init(attempt: AttemptID, descriptor: CheckpointDescriptor) {
    self.attempt = attempt
    self.descriptor = descriptor
  }
}

/// A change of the store. Applying one twice changes nothing.
public enum Record: Hashable, Sendable {
  /// A worker's row, by its id.
  case worker(WorkerRecord)
  /// The worker said goodbye.
  case workerLeft(String)
  /// Deliveries of the worker are applied up to this sequence number.
  case applied(worker: String, sequence: UInt64)
  /// The fingerprint every worker's copy of the data set must have from now on: that of the first result.
  case fingerprint(dataset: String, String)
  /// `failures`: attempts that ended in failure since the trial was added or last put back. `error` is the line
  /// of a failed trial, or why it was stopped; nil otherwise.
  case trialState(trial: String, TrialState, failures: Int, error: String?)
  /// `resumedFrom`: nil if from the beginning.
  case attemptStarted(AttemptID, worker: String, resumedFrom: CheckpointPosition?)
  /// The lost attempt goes on after all: it has not ended.
  case attemptReattached(AttemptID)
  case attemptEnded(AttemptID, AttemptEnd)
  /// Keyed by trial and epoch; the same key comes with the same bits from every attempt, but for the seconds.
  case snapshot(AttemptID, Snapshot)
  /// The trial's result: outcome, hash of the final weights, seconds, algorithms.
  case result(AttemptReport)
  /// The trial's last checkpoint. It stays when the trial is over: its weights are the trained ones.
  case checkpoint(StoredCheckpoint)
  /// The checkpoint cannot be read any more, and the attempt that was to go on from it begins anew.
  case checkpointDamaged(StoredCheckpoint, of: AttemptID)
  /// No attempt is to go on from the checkpoint any more.
  case checkpointDropped(StoredCheckpoint)
  /// Whether trials are handed out, also by the next coordinator.
  case paused(Bool)
  /// The host gets no trials, and why.
  case hostQuarantined(String, reason: String)
  case hostReleased(String)
}

public struct WorkerRecord: Hashable, Sendable {
  public var id = ""
  public var name = ""
  public var host = ""
  public var pid = 0
  public var program = ""
  public var instructionSet = ""
  public var threads = 1

  public init() {}
}

public enum TrialState: String, Hashable, Sendable, CaseIterable {
  case pending, running, completed, diverged, vanished, stopped, failed, quarantined, cancelled

  /// No more work is needed.
  public var isOver: Bool { self != .pending && self != .running }
  /// It is over by errors.
  public var isGivenUp: Bool { self == .failed || self == .quarantined }
}

/// Why an attempt is no longer under way.
public enum AttemptEnd: Hashable, Sendable {
  case result(TrialOutcome)
  /// The error in one line, and in full.
  case failed(String, detail: String = "")
  case released(ReleaseReason)
  /// Its worker fell silent for a lease, left, or never took it up.
  case lost
  /// A person took the trial back.
  case cancelled
  /// The sweep's rule ended the trial, and why: its snapshots up to then are its result.
  case stopped(String)
}
