internal import SweepProtocol
internal import Sweeps

/// A trial as the scheduler knows it.
struct TrialEntry: Hashable, Sendable {
  let plan: PlannedTrial
  var state = TrialState.pending
  /// Number of the last attempt; 0: none.
  var attempts = 0
  /// The last attempt's worker, and its host.
  var worker: String?
  var host = ""
  /// The last attempt was lost, and no other has begun: its worker may take it up again.
  var lost = false
  /// Where the last attempt began; nil: from the beginning.
  var origin: CheckpointPosition?
  /// Attempts just before the last that were lost without progress.
  var losses = 0
  /// The loss of the last attempt says nothing of the trial.
  var isExcused = false
  var failures = 0
  /// Where and by what, as far as is known; the last is the latest.
  var failed: [FailedAttempt] = []
  var error: String?
  /// The last error in full.
  var detail = ""
  var checkpoint: StoredCheckpoint?
  /// No sweep has it any more: pending, it waits for nobody and is not counted.
  var isWithdrawn = false
  /// While running.
  var tenure: Tenure?
  /// When the attempt's speed was last measured, nil where that is not known, and what was done then.
  var measured: Moment?
  var measuredWork = 0.0

  var attempt: AttemptID { AttemptID(trial: plan.id, number: attempts) }

  /// What is left from a checkpoint, or from the beginning.
  func workLeft(from position: CheckpointPosition?) -> Double {
    plan.work.total - (position.map { plan.work.done(epoch: $0.epoch, step: $0.step) } ?? 0)
  }
  /// What another attempt would have to do.
  var workLeft: Double { workLeft(from: checkpoint?.descriptor.position) }
  /// By the worker's last word; of a trial that does not run, by its checkpoint.
  var workDone: Double {
    guard let progress = tenure?.progress, progress.work > 0 else { return plan.work.total - workLeft }
    return plan.work.done(epoch: progress.epoch, step: progress.step)
  }

  /// As `losses`, the last attempt being lost too.
  var lossesInARow: Int {
    if checkpoint?.descriptor.position != origin { return 0 }
    return isExcused ? losses : losses + 1
  }
}

/// A worker's hold on its attempt.
struct Tenure: Hashable, Sendable {
  var leaseEnds: Moment
  /// When the assignment was last sent, or the attempt last listed.
  var confirmed: Moment
  var redeliveries = 0
  var progress = TrialProgress()
  /// When `progress.work` last grew.
  var worked: Moment
}

/// A worker as the scheduler knows it.
struct WorkerEntry: Hashable, Sendable {
  var record = WorkerRecord()
  var datasets: Set<String> = []
  /// Of its copies of them, by their names.
  var fingerprints: [String: String] = [:]
  /// It has said hello to this process.
  var introduced = false
  var left = false
  var connection: ConnectionID?
  var heard = Moment()
  var beat: UInt64 = 0
  /// Sequence number of the last delivery applied.
  var applied: UInt64 = 0
  /// Attempts that are current and its own.
  var held: Set<AttemptID> = []
  var wantsTrial = false
  /// A person asked for its leave.
  var draining = false
  var results = 0
  /// As what it is counted at its host; nil: it cannot be reached.
  var presence: Presence?

  struct Presence: Hashable, Sendable {
    var host: String
    var datasets: Set<String>
  }
}
