public import SweepProtocol
public import Sweeps

extension WorkerSession {
  public enum Event: Hashable, Sendable {
    /// The message socket is connected (answers `connect`).
    case connected
    /// The connection failed or was lost.
    case disconnected
    case message(CoordinatorEnvelope)
    /// Bytes that are no coordinator's message of this protocol version.
    case unreadable(WireError)
    case runner(RunnerEvent)
    /// The end of `uploadCheckpoint`.
    case uploadEnded(AttemptID, CheckpointDescriptor, TransferEnd)
    /// The end of `downloadCheckpoint`.
    case downloadEnded(AttemptID, TransferEnd)
    /// Comes at least every `WorkerSettings.tick`.
    case tick
    /// SIGTERM (`preempted` or `stopping`), for instance.
    case stopRequested(ReleaseReason)
  }

  /// What the trial runner reports, in the order it happens.
  public enum RunnerEvent: Hashable, Sendable {
    case progress(AttemptID, TrialProgress)
    case snapshot(AttemptID, Snapshot)
    /// A checkpoint file is written locally. One at (e, 0) holds a state whose snapshot of epoch e, if one is
    /// due, has been reported before: whoever goes on from it does not take that snapshot again.
    case checkpoint(AttemptID, CheckpointDescriptor)
    /// The attempt is over, with a result or an error.
    case finished(AttemptReport)
    /// The attempt is over without either: `cancelTrial` or `stopAndCheckpoint` was obeyed. After the latter
    /// comes a `checkpoint` first, if there is anything to keep.
    case stopped(AttemptID)
    /// The attempt has not begun, because of the checkpoint it was to go on from; why, in one line.
    case checkpointUnusable(AttemptID, String)
  }

  public enum TransferEnd: Hashable, Sendable {
    /// Stored by the coordinator; or downloaded whole, its hash checked.
    case done
    case refused(CheckpointRefusal, String)
    /// The connection was lost, or the coordinator fell silent.
    case interrupted
  }
}
