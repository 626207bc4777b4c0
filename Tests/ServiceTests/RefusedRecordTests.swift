import Coordinator
import Foundation
import ResultStore
import SweepProtocol
import Sweeps
import Synchronization
import Testing
import Worker

/// Measurements that pass for good and that the store cannot hold.
@Suite(.timeLimit(.minutes(2))) struct RefusedRecordTests {
  /// Says everything of one trial's draws twice.
  private func stutter(_ store: Store, of trial: String) -> StandInStore {
    StandInStore(store: store) { records, store in
      try store.commit(
        records.map { record in
          guard case .snapshot(let attempt, var snapshot) = record, attempt.trial == trial else {
            return record
          }
          snapshot.draws = [DrawMetrics(), DrawMetrics()]
          return .snapshot(attempt, snapshot)
        })
    }
  }

  @Test func oneTrialsFailAndAllOthersAreStored() async throws {
    let cluster = try Cluster(trials: 6)
    let store = try Store.open(cluster.path)
    let damaged = cluster.trials[2].id
    let service = try CoordinatorService(
      options: cluster.options(), store: stutter(store, of: damaged))
    let endpoint = try await service.start().messages
    async let first = cluster.worker(endpoint, ScriptedRunner(), named: "one").finished()
    async let second = cluster.worker(endpoint, ScriptedRunner(), named: "two").finished()
    let ending = try await service.finished()
    #expect(ending.isComplete && ending.counts.completed == 5 && ending.counts.failed == 1)
    #expect(try await [first, second].map(\.status) == [0, 0])
    try store.close()
    let rows = try cluster.rows()
    for trial in rows.trials where trial.id != damaged {
      #expect(trial.weightsSHA256 == ScriptedRunner.expectedHash(trial.id, epochs: 3))
    }
    let trial = try #require(rows.trials.first { $0.id == damaged })
    #expect(trial.state == .failed && trial.weightsSHA256 == nil)
    let line = try #require(trial.message)
    #expect(line.hasPrefix("its measurements cannot be stored: UNIQUE constraint failed"))
    let attempts = rows.attempts.filter { $0.trial == damaged }
    #expect(attempts.count == 4 && attempts.allSatisfy { $0.ending == .failed && $0.message == line })
    let reader = try Store.reading(cluster.path)
    defer { try? reader.close() }
    #expect(try reader.read { try $0.snapshots(trial: damaged) }.isEmpty)
  }

  /// The last result is refused while a coordinator that leaves when all is done looks whether it is.
  @Test func aCoordinatorDoesNotLeaveBeforeTheLastResultIsDurable() async throws {
    let cluster = try Cluster(trials: 1)
    let store = try Store.open(cluster.path)
    let refusals = Mutex(1)
    let standIn = StandInStore(store: store) { records, store in
      for case .result(let report) in records where refusals.withLock({ $0 > 0 }) {
        refusals.withLock { $0 -= 1 }
        // Ticks pass meanwhile.
        Thread.sleep(forTimeInterval: 0.2)
        throw RefusedRecord(attempt: report.attempt, reason: "once")
      }
      try store.commit(records)
    }
    let service = try CoordinatorService(options: cluster.options(), store: standIn)
    let endpoint = try await service.start().messages
    async let worker = cluster.worker(endpoint, ScriptedRunner()).finished()
    let ending = try await service.finished()
    #expect(ending.isComplete && ending.counts.completed == 1)
    #expect(try await worker.status == 0)
    try store.close()
    #expect(try cluster.rows().attempts.map(\.ending) == [.failed, .result])
  }

  /// Nothing went out meanwhile: that the worker took nothing up is the coordinator's own doing.
  @Test func aDiskThatStandsStillCostsNoAttempt() async throws {
    let cluster = try Cluster(trials: 1)
    let store = try Store.open(cluster.path)
    let standIn = StandInStore(store: store) { records, store in
      let begins = records.contains { if case .attemptStarted = $0 { true } else { false } }
      if begins { Thread.sleep(forTimeInterval: 1.5) }
      try store.commit(records)
    }
    var options = cluster.options()
    options.settings.lease = .milliseconds(500)
    options.settings.grace = .milliseconds(500)
    let service = try CoordinatorService(options: options, store: standIn)
    let endpoint = try await service.start().messages
    async let worker = cluster.worker(endpoint, ScriptedRunner()).finished()
    #expect(try await service.finished().isComplete)
    #expect(try await worker.status == 0)
    try store.close()
    #expect(try cluster.rows().attempts.map(\.ending) == [.result])
  }

  /// What is no worker's doing ends the transaction as before.
  @Test func otherErrorsAreTheStoresOwn() async throws {
    let cluster = try Cluster(trials: 1)
    let store = try Store.open(cluster.path)
    let trial = cluster.trials[0].id
    let attempt = AttemptID(trial: trial, number: 1)
    var snapshot = Snapshot()
    snapshot.draws = [DrawMetrics(), DrawMetrics()]
    #expect(throws: RefusedRecord.self) { try store.commit([.snapshot(attempt, snapshot)]) }
    let unknown = AttemptID(trial: String(repeating: "0", count: 64), number: 1)
    #expect(throws: StoreError.unknownTrial(unknown.trial)) {
      try store.commit([
        .snapshot(attempt, Snapshot()), .trialState(trial: unknown.trial, .failed, failures: 0, error: nil),
      ])
    }
    #expect(try store.read { try $0.snapshots(trial: trial) }.isEmpty)
    try store.close()
  }
}
