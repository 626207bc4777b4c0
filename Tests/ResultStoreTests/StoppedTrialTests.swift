import GRDB
import Sweeps
import Testing

@testable import ResultStore

/// Trials that a sweep's rule stopped, in stores of this version and of the one before there were any.
@Suite struct StoppedTrialTests {
  let directory = try! TemporaryDirectory()

  private func stop(_ trial: NewTrial, in store: Store) throws {
    try store.write { try $0.setTrialState(trial.id, .stopped, failures: 0, message: "the worst") }
  }

  @Test func aStoppedTrialHasAResultOfItsOwnKind() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    try store.fill(trial, epochs: [0, 5], seed: 1)
    try stop(trial, in: store)
    try store.read { reader throws in
      let record = try reader.trial(trial.id)
      #expect(record?.state == .stopped)
      #expect(record?.state.hasResult == true)
      #expect(record?.message == "the worst")
      #expect(try reader.counts() == [.stopped: 1])
      #expect(try reader.finalResults().map(\.epoch) == [5])
    }
    let row = try store.withDatabase { try Row.fetchOne($0, sql: "SELECT * FROM table_4_2") }
    #expect(row?["stopped"] == 1)
    #expect(row?["completed"] == 0)
  }

  @Test func anOlderStoreLearnsOfThem() throws {
    let path = directory.file("a.store")
    let trials = try (1...2).map { try Samples.trial(seed: $0) }
    let newer = try Store.sample(directory.file("newer.store"), trials: trials)
    try newer.fill(trials[0], epochs: [0, 1], seed: 1, outcome: .completed)
    try newer.fill(trials[1], epochs: [0], seed: 2)
    let content = try StoreContent.hash(newer)
    try OlderStore.make(path, version: 2, like: newer)
    let older = try Store.open(path, create: false, schema: OlderStore.schema(2))
    #expect(throws: StoreError.self) { try stop(trials[1], in: older) }
    try older.close()
    let store = try Store.open(path, create: false)
    #expect(try StoreContent.hash(store) == content)
    try stop(trials[1], in: store)
    try store.close()
    let reader = try Store.reading(path)
    #expect(try reader.read { try $0.counts() } == [.completed: 1, .stopped: 1])
    let checks = try reader.withDatabase { db in
      try String.fetchAll(db, sql: "PRAGMA integrity_check")
    }
    #expect(checks == ["ok"])
    try reader.close()
  }

  @Test func aWholeTrainingStandsAboveAStoppedOne() throws {
    let trial = try Samples.trial()
    let (a, b) = (directory.file("a.store"), directory.file("b.store"))
    let stopped = try Store.sample(a, trials: [trial])
    try stopped.fill(trial, epochs: [0, 1], seed: 1)
    try stop(trial, in: stopped)
    try stopped.close()
    let whole = try Store.sample(b, trials: [trial])
    try whole.fill(trial, epochs: [0, 1, 2], seed: 1, outcome: .completed)
    try whole.close()
    for (name, inputs) in [("ab", [a, b]), ("ba", [b, a])] {
      let output = directory.file("\(name).store")
      try StoreMerge.merge(inputs: inputs, output: output)
      let merged = try Store.reading(output)
      let record = try merged.read { try $0.trial(trial.id) }
      #expect(record?.state == .completed)
      #expect(record?.message == nil)
      try merged.close()
    }
  }

  @Test func evaluationsAreThoseOfTheSweepAtTheEpoch() throws {
    let trials = try (1...3).map { try Samples.trial(seed: $0) }
    let store = try Store.sample(directory.file("a.store"), trials: [trials[0], trials[1]])
    try store.write { try $0.addSweep(Samples.sweep("other"), trials: [trials[2]]) }
    for (trial, epochs) in [(trials[0], [0, 5]), (trials[1], [0]), (trials[2], [5])] {
      try store.fill(trial, epochs: epochs, seed: 3)
    }
    let found = try store.read { try $0.evaluations(sweep: "sample", epoch: 5) }
    let expected = Samples.snapshot(epoch: 5, seed: 3)
    #expect(found.keys.sorted() == [trials[0].id])
    let rule = EarlyStopping(epoch: 5, metric: .percentDecrease, worstPercent: 25, atLeast: 2)
    #expect(found[trials[0].id].map(rule.badness) == rule.badness(of: expected))
    #expect(try store.read { try $0.trialIDs(sweep: "sample") } == [trials[0].id, trials[1].id])
  }
}
