internal import Foundation
public import ResultStore
internal import SweepProtocol
internal import Sweeps

extension Store: RecordStore {
  public func commit(_ records: [Record]) throws {
    let now = Date()
    try write { batch in
      for record in records { try batch.apply(record, at: now) }
    }
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

  public func restoration(sweep: String?) throws -> SchedulerRestoration {
    try read { reader in
      let attempts = Dictionary(grouping: try reader.attempts(), by: \.trial)
      let checkpoints = Dictionary(uniqueKeysWithValues: try reader.checkpoints().map { ($0.trial, $0) })
      let workers = try reader.workers()
      var restoration = SchedulerRestoration()
      var estimate = WorkEstimate()
      restoration.trials = try reader.trials(sweep: sweep).map { row in
        try SchedulerRestoration.Trial(
          row, work: estimate.work(of: row.configuration), attempts: attempts[row.id] ?? [],
          checkpoint: checkpoints[row.id])
      }
      restoration.rules = try reader.sweeps().filter { sweep == nil || $0.name == sweep }
        .compactMap { try reader.stoppingRule(of: $0) }
      restoration.fingerprints = try reader.datasets()
      restoration.applied = Dictionary(uniqueKeysWithValues: workers.map { ($0.id, $0.acknowledged) })
      restoration.left = Set(workers.filter { $0.left != nil }.map(\.id))
      return restoration
    }
  }
}

private let portsKey = "coordinator.ports"

extension StoreReader {
  /// nil: the sweep has none.
  fileprivate func stoppingRule(of sweep: SweepRecord) throws -> StoppingRule? {
    guard let rule = EarlyStopping(sweepFile: sweep.source) else { return nil }
    let known = try evaluations(sweep: sweep.name, epoch: rule.epoch).mapValues { rule.badness(of: $0) }
    return StoppingRule(rule, trials: Set(try trialIDs(sweep: sweep.name)), known: known)
  }
}

extension SchedulerRestoration.Trial {
  /// - Parameter attempts: the trial's, by number.
  fileprivate init(
    _ row: TrialRecord, work: TrialWork, attempts: [AttemptRecord], checkpoint: CheckpointRecord?
  ) throws {
    self.init(
      plan: PlannedTrial(
        id: row.id, label: row.label, dataset: row.configuration.data.dataset.rawValue,
        configuration: row.json, work: work))
    state = TrialState(rawValue: row.state.rawValue)!
    error = row.message
    failures = row.failures
    recall(
      attempts.map { attempt in
        let origin = attempt.resumedEpoch.map {
          CheckpointPosition(epoch: $0, step: attempt.resumedStep ?? 0)
        }
        return .init(
          number: attempt.number, worker: attempt.worker, origin: origin, isLost: attempt.ending == .lost,
          seconds: attempt.ending == .result ? attempt.seconds ?? 0 : 0)
      })
    self.checkpoint = checkpoint.map { checkpoint in
      StoredCheckpoint(
        attempt: AttemptID(trial: row.id, number: checkpoint.attempt),
        descriptor: CheckpointDescriptor(
          position: CheckpointPosition(epoch: checkpoint.epoch, step: checkpoint.step), size: checkpoint.size,
          sha256: checkpoint.sha256))
    }
  }
}

extension StoreBatch {
  fileprivate func apply(_ record: Record, at now: Date) throws {
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
    case .result(let report): try save(report, at: now)
    case .checkpoint(let checkpoint):
      let descriptor = checkpoint.descriptor
      try saveCheckpoint(
        CheckpointRecord(
          trial: checkpoint.attempt.trial, epoch: descriptor.position.epoch, step: descriptor.position.step,
          attempt: checkpoint.attempt.number, size: descriptor.size, sha256: descriptor.sha256,
          file: CheckpointDirectory.name(checkpoint)))
    }
  }

  private func end(_ attempt: AttemptID, _ end: AttemptEnd, at now: Date) throws {
    switch end {
    // The result's own record says more.
    case .result: break
    case .failed(let line):
      try attemptEnded(trial: attempt.trial, number: attempt.number, .failed, at: now, message: line)
    case .released(let reason):
      let ending: AttemptEnding =
        switch reason {
        case .preempted: .preempted
        case .stopping: .stopping
        case .drained: .drained
        }
      try attemptEnded(trial: attempt.trial, number: attempt.number, ending, at: now)
    case .lost: try attemptEnded(trial: attempt.trial, number: attempt.number, .lost, at: now)
    case .stopped(let line):
      try attemptEnded(trial: attempt.trial, number: attempt.number, .result, at: now, message: line)
    }
  }

  /// A result ends its attempt.
  private func save(_ report: AttemptReport, at now: Date) throws {
    guard case .result(let outcome, let hash) = report.ending else { return }
    let attempt = report.attempt
    try setOutcome(attempt.trial, outcome, weightsSHA256: hash, seconds: report.seconds)
    let algorithms = report.algorithms.map {
      Algorithm(index: $0.index, layer: $0.layer, algorithm: $0.algorithm)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try attemptEnded(
      trial: attempt.trial, number: attempt.number, .result, at: now, seconds: report.seconds,
      algorithms: algorithms.isEmpty ? nil : String(decoding: try encoder.encode(algorithms), as: UTF8.self))
  }

  /// A layer's entry in the attempt's column `algorithms`.
  private struct Algorithm: Encodable {
    let index: Int
    let layer: String
    let algorithm: String
  }
}
