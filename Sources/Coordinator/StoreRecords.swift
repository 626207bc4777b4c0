internal import Foundation
public import ResultStore
public import SweepProtocol
public import Sweeps

extension Store: RecordStore {
  public func commit(_ records: [Record]) throws {
    let now = Date()
    var algorithms = AlgorithmTexts()
    var attempt: AttemptID?
    do {
      try write { batch in
        for record in Self.withoutSuperseded(records) {
          attempt = record.told
          try batch.apply(record, at: now, &algorithms)
        }
        attempt = nil
      }
    } catch StoreError.refused(let path, let reason) {
      guard let attempt else { throw StoreError.refused(path: path, reason: reason) }
      throw RefusedRecord(attempt: attempt, reason: reason)
    }
  }

  /// A worker's later sequence number takes the place of its earlier ones.
  private static func withoutSuperseded(_ records: [Record]) -> [Record] {
    var seen: Set<String> = []
    var kept: [Record] = []
    kept.reserveCapacity(records.count)
    for record in records.reversed() {
      if case .applied(let worker, _) = record, !seen.insert(worker).inserted { continue }
      kept.append(record)
    }
    kept.reverse()
    return kept
  }

  public func ports() throws -> RecordedPorts? {
    try read { try $0.setting(portsKey) }.flatMap {
      try? JSONDecoder().decode(RecordedPorts.self, from: Data($0.utf8))
    }
  }

  public func record(_ ports: RecordedPorts) throws {
    let text = String(decoding: try JSONEncoder().encode(ports), as: UTF8.self)
    try write { try $0.setSetting(portsKey, text) }
  }

  public func checkpointFiles() throws -> Set<String> { try read { Set(try $0.checkpoints().map(\.file)) } }

  public func restoration(sweep: String?, planned: [PlannedTrial]) throws -> SchedulerRestoration {
    try read { reader in
      let attempts = Dictionary(grouping: try reader.attempts(), by: \.trial)
      let checkpoints = Dictionary(uniqueKeysWithValues: try reader.checkpoints().map { ($0.trial, $0) })
      let workers = try reader.workers()
      var restoration = SchedulerRestoration()
      let sweeps = try reader.sweeps().filter { sweep == nil || $0.name == sweep || $0.isSubmitted }
      restoration.sweeps = sweeps.map(\.name)
      let standings = planned.isEmpty ? [:] : try reader.standings()
      restoration.trials = planned.map { plan in
        SchedulerRestoration.Trial(
          plan, standings[plan.id], attempts: attempts[plan.id] ?? [], checkpoint: checkpoints[plan.id])
      }
      let others = restoration.sweeps.filter { planned.isEmpty || $0 != sweep }
      var rows = try others.flatMap { try reader.trials(sweep: $0) }
      if sweep == nil { rows += try reader.trials() }
      var seen = Set(planned.map(\.id))
      var estimate = WorkEstimate()
      restoration.trials += try rows.filter { seen.insert($0.id).inserted }.map { row in
        SchedulerRestoration.Trial(
          PlannedTrial(row, try estimate.work(of: row.configuration)), TrialStanding(row),
          attempts: attempts[row.id] ?? [], checkpoint: checkpoints[row.id])
      }
      restoration.rules = try sweeps.compactMap { try reader.stoppingRule(of: $0) }
      restoration.paused = try reader.setting(pausedKey) != nil
      restoration.quarantinedHosts = Dictionary(
        uniqueKeysWithValues: try reader.quarantinedHosts().map { ($0.host, $0.message) })
      restoration.fingerprints = try reader.datasets()
      restoration.applied = Dictionary(uniqueKeysWithValues: workers.map { ($0.id, $0.acknowledged) })
      restoration.left = Set(workers.filter { $0.left != nil }.map(\.id))
      return restoration
    }
  }
}

private let portsKey = "coordinator.ports"
private let pausedKey = "coordinator.paused"

// MARK: - Submissions

extension Store {
  public func beginSubmission(_ sweep: SubmittedSweep) throws {
    let record = SweepRecord(
      name: sweep.name, description: sweep.description, source: sweep.source, created: Date(),
      isSubmitted: true)
    try write { try $0.beginSubmission(record) }
  }

  public func submit(
    _ trials: [NewTrial], to sweep: String, at offset: Int
  ) throws -> (added: Int, rows: [SchedulerRestoration.Trial]) {
    let added = try write { try $0.submit(trials, to: sweep, at: offset) }
    var estimate = WorkEstimate()
    let rows = try read { reader in
      try trials.map { trial in
        let work = try estimate.work(of: trial.configuration)
        if added.contains(trial.id) { return SchedulerRestoration.Trial(plan: PlannedTrial(trial, work)) }
        guard let row = try reader.trial(trial.id) else { throw StoreError.unknownTrial(trial.id) }
        return SchedulerRestoration.Trial(
          PlannedTrial(trial, work), TrialStanding(row), attempts: try reader.attempts(trial: trial.id),
          checkpoint: try reader.checkpoints(trial: trial.id).first)
      }
    }
    return (added.count, rows)
  }

  public func endSubmission(of sweep: String) throws -> EndedSubmission {
    let withdrawn = try write { try $0.endSubmission(of: sweep) }
    let rule = try read { reader in
      try reader.sweeps().first { $0.name == sweep }.flatMap { try reader.stoppingRule(of: $0) }
    }
    return EndedSubmission(rule: rule, withdrawn: withdrawn)
  }
}

extension PlannedTrial {
  init(_ trial: NewTrial, _ work: TrialWork) {
    self.init(
      id: trial.id, label: trial.label, dataset: trial.configuration.data.dataset.rawValue,
      configuration: trial.json, work: work)
  }

  fileprivate init(_ row: TrialRecord, _ work: TrialWork) {
    self.init(
      id: row.id, label: row.label, dataset: row.configuration.data.dataset.rawValue,
      configuration: row.json, work: work)
  }

  /// A sweep's, in its order.
  ///
  /// - Throws: where a network cannot be built.
  public static func all(of sweep: Sweep) throws -> [PlannedTrial] {
    var estimate = WorkEstimate()
    return try sweep.trials.map { trial in
      PlannedTrial(
        id: trial.id, label: trial.label, dataset: trial.configuration.data.dataset.rawValue,
        configuration: trial.canonicalJSON, work: try estimate.work(of: trial.configuration))
    }
  }
}

extension StoreReader {
  /// nil: the sweep has none.
  fileprivate func stoppingRule(of sweep: SweepRecord) throws -> StoppingRule? {
    guard let rule = EarlyStopping(sweepFile: sweep.source) else { return nil }
    let known = try evaluations(sweep: sweep.name, epoch: rule.epoch).mapValues { rule.badness(of: $0) }
    return StoppingRule(rule, of: sweep.name, trials: Set(try trialIDs(sweep: sweep.name)), known: known)
  }
}

extension SchedulerRestoration.Trial {
  /// - Parameters:
  ///   - standing: nil: pending, and nothing has come of it yet.
  ///   - attempts: the trial's, by number.
  fileprivate init(
    _ plan: PlannedTrial, _ standing: TrialStanding?, attempts: [AttemptRecord], checkpoint: CheckpointRecord?
  ) {
    self.init(plan: plan)
    if let standing {
      state = TrialState(rawValue: standing.state.rawValue)!
      error = standing.message
      failures = standing.failures
    }
    recall(
      attempts.map { attempt in
        let origin = attempt.resumedEpoch.map {
          CheckpointPosition(epoch: $0, step: attempt.resumedStep ?? 0)
        }
        return .init(
          number: attempt.number, worker: attempt.worker, origin: origin, isLost: attempt.ending == .lost,
          host: attempt.host, failure: attempt.ending == .failed ? attempt.message ?? "" : nil,
          detail: attempt.detail ?? "", seconds: attempt.ending == .result ? attempt.seconds ?? 0 : 0)
      })
    self.checkpoint = checkpoint.map { checkpoint in
      StoredCheckpoint(
        attempt: AttemptID(trial: plan.id, number: checkpoint.attempt),
        descriptor: CheckpointDescriptor(
          position: CheckpointPosition(epoch: checkpoint.epoch, step: checkpoint.step), size: checkpoint.size,
          sha256: checkpoint.sha256))
    }
  }
}

extension StoreBatch {
  fileprivate func apply(_ record: Record, at now: Date, _ algorithms: inout AlgorithmTexts) throws {
    switch record {
    case .worker(let worker):
      try saveWorker(
        .init(
          id: worker.id, name: worker.name, host: worker.host, pid: worker.pid,
          instructionSet: worker.instructionSet, threads: worker.threads, version: worker.program,
          firstSeen: now,
          lastSeen: now))
    case .workerLeft(let worker): try workerLeft(worker, at: now)
    case .applied(let worker, let sequence): try setAcknowledged(worker: worker, sequence, at: now)
    case .fingerprint(let dataset, let fingerprint): try saveDataset(name: dataset, fingerprint: fingerprint)
    // The result's own record says it.
    case .trialState(_, .completed, _, _), .trialState(_, .diverged, _, _), .trialState(_, .vanished, _, _):
      break
    case .trialState(let trial, let state, let failures, let error):
      try setTrialState(trial, .init(rawValue: state.rawValue)!, failures: failures, message: error)
    case .attemptStarted(let attempt, let worker, let position):
      try attemptStarted(
        trial: attempt.trial, number: attempt.number, worker: worker, resumedEpoch: position?.epoch,
        resumedStep: position?.step, at: now)
    case .attemptReattached(let attempt): try attemptReattached(trial: attempt.trial, number: attempt.number)
    case .attemptEnded(let attempt, let end): try self.end(attempt, end, at: now)
    case .snapshot(let attempt, let snapshot):
      try saveSnapshot(trial: attempt.trial, attempt: attempt.number, snapshot)
    case .result(let report): try save(report, at: now, algorithms: algorithms.text(report.algorithms))
    case .checkpoint(let checkpoint):
      let descriptor = checkpoint.descriptor
      try saveCheckpoint(
        CheckpointRecord(
          trial: checkpoint.attempt.trial, epoch: descriptor.position.epoch, step: descriptor.position.step,
          attempt: checkpoint.attempt.number, size: descriptor.size, sha256: descriptor.sha256,
          file: CheckpointDirectory.name(checkpoint)))
    case .checkpointDamaged(let checkpoint, let attempt):
      try dropCheckpoint(
        trial: attempt.trial, file: CheckpointDirectory.name(checkpoint), attempt: attempt.number)
    case .checkpointDropped(let checkpoint):
      try dropCheckpoint(trial: checkpoint.attempt.trial, file: CheckpointDirectory.name(checkpoint))
    case .paused(let paused): try setSetting(pausedKey, paused ? "yes" : nil)
    case .hostQuarantined(let host, let reason):
      try quarantineHost(QuarantinedHostRecord(host: host, since: now, message: reason))
    case .hostReleased(let host): try releaseHost(host)
    }
  }

  private func end(_ attempt: AttemptID, _ end: AttemptEnd, at now: Date) throws {
    switch end {
    // The result's own record says more.
    case .result: break
    case .failed(let line, let detail):
      try attemptEnded(
        trial: attempt.trial, number: attempt.number, .failed, at: now, message: line,
        detail: detail.isEmpty ? nil : detail)
    case .released(let reason):
      let ending: AttemptEnding =
        switch reason {
        case .preempted: .preempted
        case .stopping: .stopping
        case .drained: .drained
        case .unusableCheckpoint: .stopping
        }
      let message = reason == .unusableCheckpoint ? "it could not go on from its checkpoint" : nil
      try attemptEnded(trial: attempt.trial, number: attempt.number, ending, at: now, message: message)
    case .lost: try attemptEnded(trial: attempt.trial, number: attempt.number, .lost, at: now)
    case .cancelled: try attemptEnded(trial: attempt.trial, number: attempt.number, .cancelled, at: now)
    case .stopped(let line):
      try attemptEnded(trial: attempt.trial, number: attempt.number, .result, at: now, message: line)
    }
  }

  /// A result ends its attempt.
  private func save(_ report: AttemptReport, at now: Date, algorithms: String?) throws {
    guard case .result(let outcome, let hash) = report.ending else { return }
    let attempt = report.attempt
    try setOutcome(attempt.trial, outcome, weightsSHA256: hash, seconds: report.seconds)
    try attemptEnded(
      trial: attempt.trial, number: attempt.number, .result, at: now, seconds: report.seconds,
      algorithms: algorithms)
  }
}

/// The text of the column `algorithms`, made once for the many attempts in a row that have the same.
private struct AlgorithmTexts {
  private var last: (algorithms: [LayerAlgorithm], text: String)?

  /// JSON; nil for none.
  mutating func text(_ algorithms: [LayerAlgorithm]) throws -> String? {
    if algorithms.isEmpty { return nil }
    if let last, last.algorithms == algorithms { return last.text }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let entries = algorithms.map { Entry(index: $0.index, layer: $0.layer, algorithm: $0.algorithm) }
    let text = String(decoding: try encoder.encode(entries), as: UTF8.self)
    last = (algorithms, text)
    return text
  }

  private struct Entry: Encodable {
    let index: Int
    let layer: String
    let algorithm: String
  }
}
