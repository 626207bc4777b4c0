public import SweepProtocol

extension WorkerSession {
  public enum Command: Hashable, Sendable {
    /// Opens a fresh connection; answered by `connected` or `disconnected`.
    case connect
    /// Closes the connection; not answered.
    case disconnect
    case send(WorkerEnvelope)
    /// Runs a trial on the trial thread; from its checkpoint, which has been downloaded, if it names one.
    /// Answered, at some time, by `finished`, `stopped` or `checkpointUnusable`.
    case startTrial(Assignment)
    /// Stops at once, keeping nothing; answered by `stopped` (or `finished`, if it came first).
    case cancelTrial(AttemptID)
    /// Ends the step under way, writes a checkpoint, stops; answered by `checkpoint` and `stopped`.
    case stopAndCheckpoint(AttemptID)
    case uploadCheckpoint(AttemptID, CheckpointDescriptor)
    case downloadCheckpoint(AttemptID, CheckpointDescriptor)
    /// The attempt's local files are of no more use, and its transfers are to be abandoned.
    case discard(AttemptID)
    /// The process is to end with this status, after what was sent has gone out. Nothing follows.
    case exit(Int32, String)
    case log(LogLevel, String)
  }

  public enum LogLevel: String, Hashable, Sendable, CaseIterable { case info, notice, warning }
}
