public import SweepProtocol

/// All that a scheduler keeps over a restart, as the store's rows give it.
public struct SchedulerRestoration: Hashable, Sendable {
  public struct Trial: Hashable, Sendable {
    public var plan: PlannedTrial
    public var state = TrialState.pending
    /// Number of the last attempt started; 0: none was.
    public var attempts = 0
    /// The last attempt's worker.
    public var worker: String?
    /// The last attempt is ended by loss, so that its worker may take it up again.
    public var lost = false
    /// Attempts that ended in failure since the trial was last put back.
    public var failures = 0
    /// The last failure's line, and the error in full.
    public var error: String?
    public var detail = ""
    /// The last attempt's host.
    public var host = ""
    /// Attempts that ended in failure, as far as is known where; the last is the latest.
    public var failed: [FailedAttempt] = []
    public var checkpoint: StoredCheckpoint?

    /// Where the last attempt began; nil: from the beginning.
    public var origin: CheckpointPosition?
    /// Attempts just before the last that were lost and whose successor began where they had.
    public var losses = 0

    /// The attempt that trained the trial to its end: it says how long its work takes.
    public var measured: Attempt?

    public init(plan: PlannedTrial) { self.plan = plan }

    /// Takes over what the rows say of the trial's attempts, by number. They do not say which losses were excused,
    /// so all of them count.
    public mutating func recall(_ history: [Attempt]) {
      guard let last = history.last else { return }
      attempts = last.number
      worker = last.worker
      origin = last.origin
      lost = last.isLost
      host = last.host
      failed = history.compactMap { attempt in
        attempt.failure.map { FailedAttempt(host: attempt.host, line: $0) }
      }
      detail = history.last { $0.failure != nil }?.detail ?? ""
      if [.completed, .vanished].contains(state), last.seconds > 0 { measured = last }
      losses =
        zip(history, history.dropFirst()).reversed()
        .prefix { earlier, later in earlier.isLost && earlier.origin == later.origin }.count
    }
  }

  public struct Attempt: Hashable, Sendable {
    public var number: Int
    public var worker: String
    /// The checkpoint it went on from; nil: from the beginning.
    public var origin: CheckpointPosition?
    public var isLost: Bool
    public var host: String
    /// The error's line, where it ended in failure, and the error in full.
    public var failure: String?
    public var detail: String
    /// Wall time, if it ended with a result; 0 otherwise.
    public var seconds: Double

    public init(
      number: Int, worker: String, origin: CheckpointPosition?, isLost: Bool, host: String = "",
      failure: String? = nil, detail: String = "", seconds: Double = 0
    ) {
      self.number = number
      self.worker = worker
      self.origin = origin
      self.isLost = isLost
      self.host = host
      self.failure = failure
      self.detail = detail
      self.seconds = seconds
    }
  }
  /// In the order of the sweep.
  public var trials: [Trial] = []
  public var fingerprints: [String: String] = [:]
  /// Sequence number of the last delivery applied, by worker.
  public var applied: [String: UInt64] = [:]
  /// Workers that said goodbye.
  public var left: Set<String> = []
  /// Names of the sweeps whose trials these are.
  public var sweeps: [String] = []
  public var paused = false
  /// Why, by host.
  public var quarantinedHosts: [String: String] = [:]
  public var rules: [StoppingRule] = []

  public init() {}
}
