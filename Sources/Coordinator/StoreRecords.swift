internal import Foundation
public import ResultStore
internal import SweepProtocol
internal import Sweeps

extension Store: RecordStore {
  public func commit(_ records: [Record]) throws {
    let now = Date()
    var algorithms = AlgorithmTexts()
    try write { batch in
      for record in Self.withoutSuperseded(records) { try batch.apply(record, at: now, &algorithms) }
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

  public func restoration(sweep: String?) throws -> SchedulerRestoration {
    try read { reader in
      let attempts = Dictionary(grouping: try reader.attempts(), by: \.trial)
      let checkpoints = Dictionary(uniqueKeysWithValues: try reader.checkpoints().map { ($0.trial, $0) })
      let workers = try reader.workers()
      var restoration = SchedulerRestoration()
      restoration.trials = try reader.trials(sweep: sweep).map { row in
        try SchedulerRestoration.Trial(row, attempts: attempts[row.id] ?? [], checkpoint: checkpoints[row.id])
      }
      restoration.fingerprints = try reader.datasets()
      restoration.applied = Dictionary(uniqueKeysWithValues: workers.map { ($0.id, $0.acknowledged) })
      restoration.left = Set(workers.filter { $0.left != nil }.map(\.id))
      return restoration
    }
  }
}

private let portsKey = "coordinator.ports"

extension SchedulerRestoration.Trial {
  /// - Parameter attempts: the trial's, by number.
  fileprivate init(_ row: TrialRecord, attempts: [AttemptRecord], checkpoint: CheckpointRecord?) throws {
    self.init(
      plan: PlannedTrial(
        id: row.id, label: row.label, dataset: row.configuration.data.dataset.rawValue,
        configuration: row.json))
    state = TrialState(rawValue: row.state.rawValue)!
    error = row.message
    failures = row.failures
    recall(
      attempts.map { attempt in
        let origin = attempt.resumedEpoch.map {
          CheckpointPosition(epoch: $0, step: attempt.resumedStep ?? 0)
        }
        return .init(
          number: attempt.number, worker: attempt.worker, origin: origin, isLost: attempt.ending == .lost)
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

/// The text of the column `algorithms`, made once for the many attempts that have the same.
private struct AlgorithmTexts {
  private var texts: [[LayerAlgorithm]: String] = [:]

  /// JSON; nil for none.
  mutating func text(_ algorithms: [LayerAlgorithm]) throws -> String? {
    if algorithms.isEmpty { return nil }
    if let text = texts[algorithms] { return text }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let entries = algorithms.map { Entry(index: $0.index, layer: $0.layer, algorithm: $0.algorithm) }
    let text = String(decoding: try encoder.encode(entries), as: UTF8.self)
    texts[algorithms] = text
    return text
  }

  private struct Entry: Encodable {
    let index: Int
    let layer: String
    let algorithm: String
  }
}
