import Dispatch
import Foundation
import ResultStore
import SweepProtocol
import Sweeps
import Synchronization
import Testing

@testable import Coordinator

/// What is committed together, what is done when, and what becomes of refusals and errors, with transactions that the
/// test ends.
@Suite(.timeLimit(.minutes(1))) final class CommitLineTests {
  /// Transactions that have begun, each of which waits to be let go.
  private final class Transactions: Sendable {
    let begun = Mutex<[[Record]]>([])
    let refused = Mutex<Set<AttemptID>>([])
    let fails = Mutex(false)
    let begins = DispatchSemaphore(value: 0)
    let ends = DispatchSemaphore(value: 0)

    func commit(_ records: [Record]) throws {
      begun.withLock { $0.append(records) }
      begins.signal()
      ends.wait()
      if fails.withLock({ $0 }) { throw CocoaError(.fileWriteOutOfSpace) }
      for record in records {
        guard let attempt = record.told, refused.withLock({ $0.contains(attempt) }) else { continue }
        throw RefusedRecord(attempt: attempt, reason: "too large")
      }
    }
  }

  private let transactions = Transactions()
  private let folder: URL
  private let line: CommitLine

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let store = try Store.open(folder.appendingPathComponent("a.store").path)
    line = CommitLine(
      StandInStore(store: store) { [transactions] records, _ in try transactions.commit(records) },
      whenEnded: {})
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func add(_ commands: Scheduler.Command...) { line.add(commands, .init(messages: 1, bytes: 100)) }

  private func say(_ line: String) -> Scheduler.Command { .log(.info, line) }

  private func change(_ trial: String) -> Scheduler.Command {
    .persist(.trialState(trial: trial, .running, failures: 0, error: nil))
  }

  private func result(_ attempt: AttemptID) -> [Scheduler.Command] {
    let report = AttemptReport(attempt, .result(.completed, weightsSHA256: ""))
    return [
      .persist(.snapshot(attempt, Snapshot())), .persist(.result(report)),
      .persist(.trialState(trial: attempt.trial, .completed, failures: 0, error: nil)),
    ]
  }

  private func said() throws -> [Scheduler.Command] { try line.takeEnded().commands }

  @Test func whatChangesNothingIsDoneAtOnceUnlessAChangeComesBeforeIt() throws {
    add(say("a"))
    #expect(try said() == [say("a")])
    add(change("1"), say("b"))
    transactions.begins.wait()
    add(say("c"))
    #expect(try said() == [])
    transactions.ends.signal()
    while line.wait() {}
    #expect(try said() == [say("b"), say("c")])
    #expect(transactions.begun.withLock { $0.count } == 1)
  }

  @Test func whatComesDuringATransactionIsCommittedTogetherAfterIt() throws {
    add(change("1"), say("a"))
    transactions.begins.wait()
    for trial in ["2", "3", "4"] { add(change(trial), say(trial)) }
    transactions.ends.signal()
    transactions.begins.wait()
    #expect(try said() == [say("a")])
    #expect(transactions.begun.withLock { $0.map(\.count) } == [1, 3])
    transactions.ends.signal()
    while line.wait() {}
    #expect(try said() == ["2", "3", "4"].map(say))
  }

  @Test func itIsFullOfWhatGathersOnly() {
    add(change("1"))
    transactions.begins.wait()
    line.add([change("2")], .init(messages: 2047, bytes: 0))
    #expect(!line.isFull)
    add(change("3"))
    #expect(line.isFull)
    transactions.ends.signal()
    transactions.begins.wait()
    #expect(!line.isFull)
    transactions.ends.signal()
    while line.wait() {}
  }

  /// The scheduler goes on as if the first had been stored, until it is told.
  @Test func anAttemptsOutcomesAreDroppedWhereverOneOfThemIsRefused() throws {
    let (bad, good) = (AttemptID(trial: "bad", number: 1), AttemptID(trial: "good", number: 1))
    transactions.refused.withLock { _ = $0.insert(bad) }
    line.add([.persist(.snapshot(bad, Snapshot())), change("1")], .init())
    transactions.begins.wait()
    line.add(result(bad) + result(good), .init())
    // The first without, and then what had gathered.
    for _ in 0..<2 {
      transactions.ends.signal()
      transactions.begins.wait()
    }
    line.add(result(bad), .init())
    transactions.ends.signal()
    while line.wait() {}
    #expect(try line.takeEnded().events == [.recordsRefused(bad, "too large")])
    #expect(transactions.begun.withLock { $0.map(\.count) } == [2, 1, 3])
    // It has been told: what it says now counts.
    transactions.refused.withLock { $0 = [] }
    line.add(result(bad), .init())
    transactions.begins.wait()
    transactions.ends.signal()
    while line.wait() {}
    #expect(transactions.begun.withLock { $0.map(\.count) } == [2, 1, 3, 3])
  }

  @Test func nothingIsDoneOrCommittedAfterAnError() throws {
    add(change("1"), say("a"))
    transactions.begins.wait()
    add(change("2"), say("b"))
    transactions.fails.withLock { $0 = true }
    transactions.ends.signal()
    while line.wait() {}
    #expect(throws: CocoaError.self) { try line.takeEnded() }
    add(change("3"), say("c"))
    #expect(throws: CocoaError.self) { try line.takeEnded() }
    #expect(transactions.begun.withLock { $0.count } == 1)
    #expect(!line.wait())
  }
}
