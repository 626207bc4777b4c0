import Foundation
import GRDB
import Sweeps
import Testing

@testable import ResultStore

/// What `Store` makes of the file it is given, and what it promises of what is in it.
@Suite struct StoreFileTests {
  let directory = try! TemporaryDirectory()

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

  @Test func whoWritesAStoreCanBeAsked() throws {
    let path = directory.file("a.store")
    let host = ProcessInfo.processInfo.hostName
    func isMine() -> Bool { Store.isWritten(path, byProcess: getpid(), on: host) }
    #expect(!isMine())
    let store = try Store.open(path)
    #expect(isMine() && isMine())
    #expect(!Store.isWritten(path, byProcess: getpid() + 1, on: host))
    #expect(!Store.isWritten(path, byProcess: getpid(), on: "another host"))
    try store.close()
    // As a crash leaves it.
    try Data("process \(getpid()) on \(host)\n".utf8).write(to: URL(fileURLWithPath: path + "-lock"))
    #expect(!isMine())
  }

  @Test func aFileOfAnotherKindIsRefusedAndUntouched() throws {
    let text = directory.file("notes.txt")
    try "some notes".write(toFile: text, atomically: true, encoding: .utf8)
    let other = directory.file("other.sqlite")
    try DatabaseQueue(path: other).write { try $0.execute(sql: "CREATE TABLE t (x)") }
    for path in [text, other] {
      let before = try bytes(path)
      #expect(throws: StoreError.notAStore(path: path)) { try Store.open(path) }
      #expect(throws: StoreError.notAStore(path: path)) { try Store.reading(path) }
      #expect(try bytes(path) == before)
    }
    #expect(throws: StoreError.notAStore(path: directory.path)) { try Store.open(directory.path) }
  }

  @Test func whatIsMissingIsNamed() throws {
    let path = directory.file("none.store")
    #expect(throws: StoreError.missing(path: path)) { try Store.reading(path) }
    #expect(throws: StoreError.missing(path: path)) { try Store.open(path, create: false) }
    #expect(!FileManager.default.fileExists(atPath: path))
    let error = #expect(throws: StoreError.self) { try Store.open(directory.file("no/such/a.store")) }
    #expect(error?.description.contains("no such file or directory") == true)
  }

  @Test func anEmptyFileBecomesAStore() throws {
    let path = directory.file("a.store")
    #expect(FileManager.default.createFile(atPath: path, contents: nil))
    try Store.open(path).close()
    try Store.reading(path).close()
  }

  @Test func anOlderStoreIsMigratedAndANewerOneRefused() throws {
    let path = directory.file("a.store")
    let trial = try Samples.trial()
    let store = try Store.sample(path, trials: [trial])
    try store.fill(trial, epochs: [0, 1], seed: 1, outcome: .completed)
    let content = try StoreContent.hash(store)
    try store.close()
    let next = Schema(
      steps: Schema.current.steps + [{ try $0.execute(sql: "CREATE TABLE later (x INTEGER) STRICT") }])
    do {
      let migrated = try Store.open(path, create: false, schema: next)
      #expect(try StoreContent.hash(migrated) == content)
      try migrated.withDatabase { db throws in
        #expect(try db.tableExists("later"))
        #expect(try Schema.version(of: db) == next.version)
      }
      try migrated.close()
    }
    let refusal = StoreError.newerSchema(path: path, version: next.version, known: Schema.current.version)
    #expect(throws: refusal) { try Store.open(path) }
    #expect(throws: refusal) { try Store.reading(path) }
    #expect(refusal.description.contains("version \(next.version)"))
  }

  @Test func aFailedMigrationLeavesTheStoreAsItWas() throws {
    let path = directory.file("a.store")
    try Store.open(path).close()
    let broken = Schema(
      steps: Schema.current.steps + [
        { db in
          try db.execute(sql: "CREATE TABLE later (x INTEGER) STRICT")
          try db.execute(sql: "INSERT INTO nowhere VALUES (1)")
        }
      ])
    #expect(throws: StoreError.self) { try Store.open(path, create: false, schema: broken) }
    let store = try Store.open(path)
    try store.withDatabase { db throws in #expect(try !db.tableExists("later")) }
  }

  @Test func aSecondWriterIsRefusedUntilTheFirstIsGone() throws {
    let path = directory.file("a.store")
    do {
      let first = try Store.open(path)
      let error = #expect(throws: StoreError.self) { try Store.open(path) }
      #expect(error?.description.contains("process \(getpid())") == true)
      try first.close()
    }
    let second = try Store.open(path)
    try second.close()
  }

  /// A copy of the files as they lie is what a crash would leave: it holds all that `write` has returned from.
  @Test func whatWriteReturnedFromOutlivesACrash() throws {
    let path = directory.file("a.store")
    let trial = try Samples.trial()
    let store = try Store.sample(path, trials: [trial])
    try store.withDatabase { db throws in
      #expect(try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal")
      #expect(try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2)
    }
    for epoch in 0..<4 {
      try store.fill(trial, epochs: [epoch], seed: 2)
      let crashed = directory.file("crashed-\(epoch).store")
      for suffix in ["", "-wal"] {
        try FileManager.default.copyItem(atPath: path + suffix, toPath: crashed + suffix)
      }
      let recovered = try Store.open(crashed, create: false)
      #expect(try recovered.read { try $0.epochs(trial: trial.id) } == Array(0...epoch))
      #expect(try StoreContent.difference(store, recovered) == nil)
      try recovered.close()
    }
  }

  @Test func aBatchIsWholeOrNotThere() throws {
    struct Stop: Error {}
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    let before = try StoreContent.hash(store)
    #expect(throws: Stop.self) {
      try store.write { batch throws in
        try batch.saveSnapshot(trial: trial.id, attempt: 1, Samples.snapshot(epoch: 0, seed: 1))
        try batch.setOutcome(trial.id, .completed, weightsSHA256: "aa", seconds: 1)
        throw Stop()
      }
    }
    #expect(try StoreContent.hash(store) == before)
  }

  @Test func writingTwiceChangesNothing() throws {
    let trials = try (1...2).map { try Samples.trial(seed: $0) }
    let store = try Store.sample(directory.file("a.store"), trials: trials)
    func everything() throws -> [[String]] {
      try store.withDatabase { db throws in
        try StoreTable.all.map { try $0.rowsWithoutNumbers(db, order: $0.key.joined(separator: ", ")) }
      }
    }
    func batch() throws {
      try store.write { batch throws in
        try batch.addSweep(Samples.sweep(), trials: trials)
        try batch.saveWorker(Samples.worker())
        try batch.saveDataset(name: "cifar10", fingerprint: "f0")
      }
      try store.fill(trials[0], epochs: [0, 1], seed: 5, outcome: .vanished)
    }
    try batch()
    let once = try everything()
    try batch()
    #expect(try everything() == once)
  }

  @Test func contradictionsAreRefusedByName() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    try store.write { try $0.saveDataset(name: "cifar10", fingerprint: "aaaa") }
    #expect(throws: StoreError.differentDataset(name: "cifar10", known: "aaaa", found: "bbbb")) {
      try store.write { try $0.saveDataset(name: "cifar10", fingerprint: "bbbb") }
    }
    #expect(throws: StoreError.unknownTrial("nobody")) {
      try store.write { try $0.setTrialState("nobody", .pending, failures: 0) }
    }
    #expect(throws: StoreError.unknownWorker("nobody")) {
      try store.write { try $0.attemptStarted(trial: trial.id, number: 1, worker: "nobody", at: Samples.now) }
    }
    var other = trial
    other.json = try Samples.trial(seed: 2).json
    let error = #expect(throws: StoreError.self) { try store.write { try $0.addTrial(other) } }
    #expect(error?.description.contains("trial \(trial.id): configuration") == true)
  }

  /// SQLite's own limit on the number of pages stands in for the end of the disk: both are SQLITE_FULL.
  @Test func aFullDiskIsSaidInOneLineAndHarmsNothing() throws {
    let path = directory.file("a.store")
    let trial = try Samples.trial()
    let store = try Store.sample(path, trials: [trial])
    let before = try StoreContent.hash(store)
    try store.withDatabase { db throws in
      let pages = try #require(try Int.fetchOne(db, sql: "PRAGMA page_count"))
      try db.execute(sql: "PRAGMA max_page_count = \(pages)")
    }
    let error = #expect(throws: StoreError.full(path: path)) {
      try store.fill(trial, epochs: Array(0..<20), seed: 1)
    }
    #expect(error?.description.contains("\n") == false)
    #expect(try StoreContent.hash(store) == before)
    try store.withDatabase { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
    try store.fill(trial, epochs: Array(0..<20), seed: 1)
    #expect(try store.read { try $0.epochs(trial: trial.id).count } == 20)
  }

  @Test func aReaderSeesWholeBatchesWhileTheStoreIsWritten() throws {
    let path = directory.file("a.store")
    let trial = try Samples.trial()
    let store = try Store.sample(path, trials: [trial])
    let reader = try Store.reading(path)
    try store.write { batch throws in
      try batch.saveSnapshot(trial: trial.id, attempt: 1, Samples.snapshot(epoch: 0, seed: 1))
      #expect(try reader.read { try $0.epochs(trial: trial.id) } == [])
    }
    #expect(try reader.read { try $0.epochs(trial: trial.id) } == [0])
    try reader.read { view throws in
      try store.write {
        try $0.saveSnapshot(trial: trial.id, attempt: 1, Samples.snapshot(epoch: 1, seed: 1))
      }
      #expect(try view.epochs(trial: trial.id) == [0])
    }
    #expect(try StoreContent.difference(store, reader) == nil)
  }

  @Test func aDamagedStoreIsNamed() throws {
    let path = directory.file("a.store")
    let trial = try Samples.trial()
    let store = try Store.sample(path, trials: [trial])
    try store.withDatabase { db throws in
      try db.execute(sql: "UPDATE trial SET configuration = '[]'")
    }
    let error = #expect(throws: StoreError.self) { try store.read { try $0.trials() } }
    #expect(error?.description.contains("configuration of trial") == true)
  }

  /// Version 1, with rows in every table that version 2 writes anew; its first stores had no trigger.
  @Test(arguments: [true, false]) func aStoreOfVersionOneKeepsItsRows(hasTrigger: Bool) throws {
    let path = directory.file("a.store")
    let trial = try Samples.trial()
    do {
      let old = try Store.open(path, create: true, schema: Schema(steps: [Schema.current.steps[0]]))
      try old.withDatabase { db throws in
        try db.execute(
          sql: """
            INSERT INTO sweep VALUES ('s', 'd', 'name: s', '2026-01-01T00:00:00.000Z');
            INSERT INTO trial (id, label, network, block, factorization, batch_norm, initialization, seed, dataset,
              epochs, convolution_macs, parameters, configuration, state, failures)
              VALUES ('\(trial.id)', 'l', 'n', 'regular', 'none', 1, 'i', 1, 'cifar10', 2, 3, 4, '\(trial.json)',
              'failed', 2);
            INSERT INTO sweep_trial VALUES ('s', 0, '\(trial.id)', 'l');
            INSERT INTO attempt (trial, number, worker, host, instruction_set, threads, started, ending, message)
              VALUES ('\(trial.id)', 1, 'w', 'h', 'AVX2', 1, '2026-01-01T00:00:00.000Z', 'failed', 'broken');
            INSERT INTO snapshot (trial, epoch, attempt) VALUES ('\(trial.id)', 0, 1);
            """)
        if !hasTrigger { try db.execute(sql: "DROP TRIGGER snapshot_removed") }
      }
      try old.close()
    }
    #expect(throws: StoreError.olderSchema(path: path, version: 1, known: Schema.current.version)) {
      try Store.reading(path)
    }
    let store = try Store.open(path, create: false)
    try store.read { reader throws in
      let row = try #require(try reader.trials(sweep: "s").first)
      #expect(row.id == trial.id && row.state == .failed && row.failures == 2)
      let attempt = try #require(try reader.attempts(trial: trial.id).first)
      #expect(attempt.message == "broken" && attempt.detail == nil && attempt.ending == .failed)
      #expect(try reader.sweeps().map(\.isSubmitted) == [false])
      #expect(try reader.finalResults().count == 1)
      #expect(try reader.quarantinedHosts() == [])
    }
    try store.write { batch throws in
      try batch.setTrialState(trial.id, .quarantined, failures: 2, message: "broken")
      try batch.attemptEnded(
        trial: trial.id, number: 1, .cancelled, at: Samples.now, detail: "broken\nhere")
    }
    #expect(try store.read { try $0.attempts() }.first?.detail == "broken\nhere")
    try store.withDatabase { db throws in
      #expect(try Int.fetchOne(db, sql: "PRAGMA foreign_keys") == 1)
      try db.checkForeignKeys()
      #expect(throws: DatabaseError.self) { try db.execute(sql: "UPDATE trial SET state = 'lazy'") }
      #expect(throws: DatabaseError.self) { try db.execute(sql: "DELETE FROM trial") }
    }
  }

  @Test func aStoreCutShortIsNamedAndRefused() throws {
    let path = directory.file("a.store")
    let trial = try Samples.trial()
    let store = try Store.sample(path, trials: [trial])
    try store.fill(trial, epochs: Array(0..<20), seed: 1)
    try store.close()
    let whole = try bytes(path)
    for length in [whole.count / 2, whole.count - 1, 16384] {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      for open in [{ try Store.open(path) }, { try Store.reading(path) }] {
        let error = #expect(throws: StoreError.self) { _ = try open() }
        #expect(
          error?.description.contains("is damaged: it is cut short, to \(length) of \(whole.count) bytes")
            == true)
      }
    }
    try whole.write(to: URL(fileURLWithPath: path))
    try Store.open(path).close()
  }

  /// What is whole of a log that was cut short is recovered: all transactions before the cut.
  @Test func aLogCutShortLosesItsLastTransactionsOnly() throws {
    let path = directory.file("a.store")
    let trial = try Samples.trial()
    let store = try Store.sample(path, trials: [trial])
    var lengths: [Int] = []
    for epoch in 0..<4 {
      try store.fill(trial, epochs: [epoch], seed: 2)
      lengths.append(StoreFile.size(path + "-wal"))
    }
    let (file, log) = (try bytes(path), try bytes(path + "-wal"))
    #expect(lengths[3] == log.count && lengths[2] < log.count)
    let cut = directory.file("cut.store")
    try file.write(to: URL(fileURLWithPath: cut))
    try log.prefix(lengths[3] - 100).write(to: URL(fileURLWithPath: cut + "-wal"))
    let recovered = try Store.open(cut, create: false)
    #expect(try recovered.read { try $0.epochs(trial: trial.id) } == [0, 1, 2])
    try recovered.close()
    try store.close()
  }
}
