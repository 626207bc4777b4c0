import Coordinator
import SweepProtocol
import Sweeps

/// The store's rows in memory. Every write is checked against what the rows allow and workers know to be stored.
struct SimulatedStore {
  struct TrialRow: Hashable {
    var plan: PlannedTrial
    var state = TrialState.pending
    var failures = 0
    var error: String?
    var attempts: [AttemptRow] = []
    var snapshots: [Int: Snapshot] = [:]
    var report: AttemptReport?
    var checkpoint: StoredCheckpoint?
  }
  struct AttemptRow: Hashable {
    var worker: String
    var origin: CheckpointPosition?
    var end: AttemptEnd?
  }
  var order: [String] = []
  var trials: [String: TrialRow] = [:]
  var fingerprints: [String: String] = [:]
  var applied: [String: UInt64] = [:]
  var left: Set<String> = []
  /// Trials in each state.
  private var states: [TrialState: Int]
  /// Trials that are not over.
  var open: Int { states.reduce(0) { $0 + ($1.key.isOver ? 0 : $1.value) } }
  var ledger = SimulatedLedger()
  /// What went wrong, in the order found.
  var violations: [String] = []

  init(_ plans: [PlannedTrial]) {
    states = [.pending: plans.count]
    for plan in plans {
      order.append(plan.id)
      trials[plan.id] = TrialRow(plan: plan)
    }
  }

  /// One transaction.
  mutating func commit(_ records: [Record]) {
    var touched: Set<String> = []
    for record in records { apply(record, &touched) }
    for trial in touched { check(trial) }
  }

  /// A worker learns that its delivery is acknowledged.
  mutating func acknowledge(_ message: WorkerMessage) {
    if let violation = ledger.acknowledge(message, self) { violations.append(violation) }
  }

  /// The scheduler, none of whose wishes is still to be written, takes the trials for what the rows say.
  mutating func requireAgreement(with counts: TrialCounts) {
    let named: [(TrialState, Int)] = [
      (.pending, counts.pending), (.running, counts.running), (.completed, counts.completed),
      (.diverged, counts.diverged), (.vanished, counts.vanished), (.failed, counts.failed),
      (.quarantined, counts.quarantined),
    ]
    for (state, count) in named {
      let rows = states[state] ?? 0
      require(rows == count, "\(rows) trials are \(state.rawValue), the scheduler counts \(count)")
    }
  }

  private mutating func apply(_ record: Record, _ touched: inout Set<String>) {
    switch record {
    case .worker: break
    case .workerLeft(let worker): left.insert(worker)
    case .applied(let worker, let sequence):
      require(sequence > applied[worker, default: 0], "delivery \(sequence) applied twice")
      applied[worker] = sequence
    case .fingerprint(let dataset, let fingerprint):
      require(fingerprints[dataset] == nil, "a second fingerprint of \(dataset)")
      fingerprints[dataset] = fingerprint
    case .trialState(let trial, let state, let failures, let error):
      touched.insert(trial)
      states[trials[trial]!.state]! -= 1
      states[state, default: 0] += 1
      trials[trial]!.state = state
      trials[trial]!.failures = failures
      trials[trial]!.error = error
    case .attemptStarted(let attempt, let worker, let from):
      touched.insert(attempt.trial)
      let row = trials[attempt.trial]!
      require(row.attempts.count == attempt.number - 1, "\(attempt) follows \(row.attempts.count)")
      require(row.attempts.allSatisfy { $0.end != nil }, "\(attempt) begins beside another")
      require(row.checkpoint?.descriptor.position == from, "\(attempt) begins elsewhere than its checkpoint")
      trials[attempt.trial]!.attempts.append(AttemptRow(worker: worker, origin: from))
    case .attemptReattached(let attempt):
      touched.insert(attempt.trial)
      require(trials[attempt.trial]!.attempts.count == attempt.number, "\(attempt) is not the last")
      require(trials[attempt.trial]!.attempts.last?.end == .lost, "\(attempt) was not lost")
      trials[attempt.trial]!.attempts[attempt.number - 1].end = nil
    case .attemptEnded(let attempt, let end):
      touched.insert(attempt.trial)
      requireCurrent(attempt, "ends")
      trials[attempt.trial]!.attempts[attempt.number - 1].end = end
    case .snapshot(let attempt, let snapshot):
      touched.insert(attempt.trial)
      requireCurrent(attempt, "writes a snapshot")
      let old = trials[attempt.trial]!.snapshots[snapshot.epoch]
      require(old == nil || old!.measured == snapshot.measured, "\(attempt) changes a snapshot's bits")
      trials[attempt.trial]!.snapshots[snapshot.epoch] = snapshot
    case .result(let report):
      touched.insert(report.attempt.trial)
      requireCurrent(report.attempt, "reports")
      require(trials[report.attempt.trial]!.report == nil, "\(report.attempt) reports again")
      trials[report.attempt.trial]!.report = report
    case .paused, .hostQuarantined, .hostReleased: break
    case .checkpointDamaged(let file, let attempt):
      require(
        trials[attempt.trial]!.checkpoint == file, "\(attempt) drops a checkpoint that is not its trial's")
      trials[attempt.trial]!.checkpoint = nil
    case .checkpointDropped(let file):
      require(
        trials[file.attempt.trial]!.checkpoint == file,
        "\(file.attempt)'s checkpoint is dropped, and not its trial's")
      trials[file.attempt.trial]!.checkpoint = nil
    case .checkpoint(let file):
      requireCurrent(file.attempt, "stores a checkpoint")
      let row = trials[file.attempt.trial]!
      let earlier = row.checkpoint.map { $0.descriptor.position <= file.descriptor.position } ?? true
      require(earlier, "\(file.attempt) goes back from its checkpoint")
      let due = 0...file.descriptor.position.epoch
      require(
        due.allSatisfy { row.snapshots[$0] != nil },
        "\(file.attempt) has a checkpoint at \(file.descriptor.position), but not all snapshots before it")
      trials[file.attempt.trial]!.checkpoint = file
    }
  }

  /// At most one attempt is under way, and one is exactly when the trial runs; nothing acknowledged is gone.
  private mutating func check(_ trial: String) {
    let row = trials[trial]!
    let open = row.attempts.count { $0.end == nil }
    require(
      open == (row.state == .running ? 1 : 0), "\(row.plan.label) is \(row.state) with \(open) attempts")
    let hasResult = [.completed, .diverged, .vanished].contains(row.state)
    require((row.report != nil) == hasResult, "\(row.plan.label) is \(row.state), its report says otherwise")
    if let loss = ledger.loss(of: trial, row) { violations.append(loss) }
  }

  private mutating func requireCurrent(_ attempt: AttemptID, _ what: String) {
    let attempts = trials[attempt.trial]?.attempts ?? []
    let current = attempts.count == attempt.number && attempts.last?.end == nil
    require(current, "\(attempt) \(what), but is not current")
  }

  mutating func require(_ condition: Bool, _ violation: @autoclosure () -> String) {
    if !condition { violations.append(violation()) }
  }

  /// The attempt's writes no longer count.
  func isFenced(_ attempt: AttemptID) -> Bool {
    let attempts = trials[attempt.trial]?.attempts ?? []
    if attempts.count > attempt.number { return true }
    guard let end = attempts.last?.end else { return false }
    return end != .lost
  }

  /// What the sweep has given, without who computed it when.
  struct Content: Hashable {
    struct Trial: Hashable {
      var state: TrialState
      var error: String?
      var snapshots: [Int: Snapshot]
      var ending: AttemptReport.Ending?
    }
    var trials: [String: Trial]
    var fingerprints: [String: String]
  }

  var content: Content {
    Content(
      trials: trials.mapValues {
        .init(
          state: $0.state, error: $0.error, snapshots: $0.snapshots.mapValues(\.measured),
          ending: $0.report?.ending)
      }, fingerprints: fingerprints)
  }

  var restoration: SchedulerRestoration {
    var rows = SchedulerRestoration()
    for id in order {
      let row = trials[id]!
      var trial = SchedulerRestoration.Trial(plan: row.plan)
      trial.state = row.state
      trial.recall(
        row.attempts.enumerated().map { index, attempt in
          var failure: String?
          if case .failed(let line, _) = attempt.end { failure = line }
          return .init(
            number: index + 1, worker: attempt.worker, origin: attempt.origin, isLost: attempt.end == .lost,
            host: "host", failure: failure)
        })
      trial.failures = row.failures
      trial.error = row.error
      trial.checkpoint = row.checkpoint
      rows.trials.append(trial)
    }
    rows.fingerprints = fingerprints
    rows.applied = applied
    rows.left = left
    return rows
  }
}
