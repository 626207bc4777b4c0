public import SweepProtocol

/// Who runs which trial: a pure state machine, without clock, chance, or input and output of its own.
///
/// The service round it turns what arrives into events and carries the commands out: it commits every `persist`
/// of a batch in one transaction, then does the rest. Equal events give equal commands.
public struct Scheduler: Sendable {
  public let settings: SchedulerSettings

  /// In the order of the sweep.
  var trials: [TrialEntry] = []
  /// Positions in `trials`, by the trial's id.
  var positions: [String: Int] = [:]
  /// How many trials are in each state.
  public internal(set) var counts = TrialCounts()
  /// Positions of the pending trials, the longest first …
  var pending = PendingTrials()
  /// … but for those that failed somewhere, which are not for every host.
  var retries: Set<Int> = []
  /// Positions of the running trials.
  var running: Set<Int> = []
  /// By id; those that left stay, so that their late messages are known as such.
  var workers: [String: WorkerEntry] = [:]
  /// Those introduced that have not left.
  var roll = WorkerRoll()
  /// Of every worker that can be reached.
  var workerOfConnection: [ConnectionID: String] = [:]
  /// Idle workers that can be reached.
  var idle = IdleWorkers()
  /// How long trials take, as measured so far.
  var costs = CostModel()
  /// By name.
  var hosts: [String: HostEntry] = [:]
  /// No trials are handed out.
  var paused: Bool
  /// Names of the sweeps whose trials these are.
  var sweeps: [String]
  var fingerprints: [String: String]
  /// When it was last said that all workers are on quarantined hosts.
  var strandedNoted: Moment?
  /// Data sets that were reported missing from every idle worker.
  var missingDatasets: Set<String> = []
  /// Of the sweeps that have one.
  var rules: [SchedulerRule]
  let started: Moment
  var lastTick: Moment
  /// When shutdown is given up on and the process ends all the same; nil: none was asked for.
  var shutdownDeadline: Moment?
  var ended = false
  /// Messages that could not be read, and when one was last logged.
  private var refusals = 0
  private var refusalLogged: Moment?
  /// The status told last, and when; nil where something has happened since.
  var told: (status: ClusterStatus, at: Moment)?
  var output: [Command] = []

  /// Takes up where the store's rows left off: attempts under way stay their workers' for one more lease.
  public init(_ settings: SchedulerSettings, restoring rows: SchedulerRestoration = .init(), at now: Moment) {
    self.settings = settings
    fingerprints = rows.fingerprints
    paused = rows.paused
    sweeps = rows.sweeps.isEmpty && !settings.sweep.isEmpty ? [settings.sweep] : rows.sweeps
    for (host, reason) in rows.quarantinedHosts { hosts[host, default: HostEntry()].quarantine = reason }
    rules = rows.rules.map(SchedulerRule.init)
    started = now
    lastTick = now
    for (worker, sequence) in rows.applied { workers[worker, default: WorkerEntry()].applied = sequence }
    for worker in rows.left { workers[worker, default: WorkerEntry()].left = true }
    for row in rows.trials { restore(row, at: now) }
  }

  public mutating func handle(_ event: Event, at now: Moment) -> [Command] {
    output = []
    if case .request(.status, _) = event {} else { told = nil }
    noticeStall(at: now)
    switch event {
    case .message(let envelope, let connection): receive(envelope, from: connection, at: now)
    case .unreadable(let reason, let line, let connection):
      let worker = workerOfConnection[connection] ?? ""
      noteRefusal(of: worker, line, at: now)
      send(.refused(reason, line), to: worker, on: connection)
    case .request(let request, let connection): answer(request, to: connection, at: now)
    case .connectionLost(let connection): lose(connection, at: now)
    case .uploadOffered(let attempt, let checkpoint, let worker, let transfer):
      offer(checkpoint, of: attempt, from: worker, transfer, at: now)
    case .uploadReceived(let attempt, let checkpoint, let worker, let transfer):
      store(checkpoint, of: attempt, from: worker, transfer, at: now)
    case .downloadRequested(let attempt, let checkpoint, let worker, let transfer):
      serve(checkpoint, of: attempt, to: worker, transfer, at: now)
    case .checkpointDamaged(let file, let attempt, let why): discard(file, of: attempt, why)
    case .recordsRefused(let attempt, let why): refuseRecords(of: attempt, why, at: now)
    case .trialsAdded(let plans): add(plans)
    case .trialsStored(let rows, let sweep):
      if !sweeps.contains(sweep) { sweeps.append(sweep) }
      for row in rows { restore(row, at: now) }
    case .sweepSubmitted(let sweep, let rule):
      rules.removeAll { $0.sweep == sweep }
      if let rule { rules.append(SchedulerRule(rule)) }
    case .trialsWithdrawn(let ids): withdraw(ids)
    case .revoked(let prefix, let line): expel(prefix, line, at: now)
    case .tick: tick(at: now)
    case .shutdownRequested: shutDown(at: now)
    }
    assignTrials(at: now)
    endIfDone(at: now)
    return output
  }

  /// Logs a refused message, but not more than one in ten seconds: whoever sends bytes at random sends many.
  private mutating func noteRefusal(of worker: String, _ line: String, at now: Moment) {
    refusals += 1
    if let last = refusalLogged, last.duration(to: now) < .seconds(10) { return }
    refusalLogged = now
    let whose = worker.isEmpty ? "" : " of \(name(worker))"
    let count = refusals == 1 ? "" : " (\(refusals) so far)"
    log(.warning, "refused a message\(whose)\(count): \(line)")
  }

  // MARK: - Output

  mutating func persist(_ record: Record) { output.append(.persist(record)) }

  mutating func log(_ level: LogLevel, _ line: String) { output.append(.log(level, line)) }

  mutating func send(_ message: CoordinatorMessage, to worker: String, on connection: ConnectionID) {
    let envelope = CoordinatorEnvelope(
      coordinator: settings.coordinator, worker: worker, message: message)
    output.append(.send(envelope, to: connection))
  }

  /// A worker's name for people.
  func name(_ worker: String) -> String {
    guard let record = workers[worker]?.record, !record.name.isEmpty else {
      return "worker \(worker.prefix(8))"
    }
    return "\(record.name) on \(record.host)"
  }
}
