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
    /// The last failure's line.
    public var error: String?
    public var checkpoint: StoredCheckpoint?

    public init(plan: PlannedTrial) { self.plan = plan }
  }
  /// In the order of the sweep.
  public var trials: [Trial] = []
  public var fingerprints: [String: String] = [:]
  /// Sequence number of the last delivery applied, by worker.
  public var applied: [String: UInt64] = [:]
  /// Workers that said goodbye.
  public var left: Set<String> = []

  public init() {}
}
