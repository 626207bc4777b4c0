import GRDB
import LayerAnalysis
import Sweeps
import Testing

@testable import ResultStore

/// Snapshots' rows by their numbers: in stores of this version and of the ones before there were any.
@Suite struct SnapshotRowsTests {
  let directory = try! TemporaryDirectory()

  private func counts(_ store: Store) throws -> [Int] {
    try store.withDatabase { db in
      try StoreTable.results.map { table in
        try Int.fetchOne(db, sql: "SELECT count(*) FROM \(table.rows ?? table.name)")!
      }
    }
  }

  @Test(arguments: 1...3) func anOlderStoreKeepsItsSnapshots(version: Int) throws {
    let trials = try (1...3).map { try Samples.trial(seed: $0) }
    let newer = try Store.sample(directory.file("newer.store"), trials: trials)
    for (seed, trial) in trials.enumerated() {
      try newer.fill(trial, epochs: [0, 1, 5], seed: UInt64(seed), outcome: .completed)
    }
    var special = Samples.snapshot(epoch: 2, draws: 3, layers: 4, seed: 9)
    special.layers[2].statistics.mean = .nan
    special.layers[3].statistics.minimum = -0.0
    special.draws[1].qmse = .nan
    special.errors[0].mse = -0.0
    try newer.write { try $0.saveSnapshot(trial: trials[1].id, attempt: 1, special) }

    let path = directory.file("older.store")
    try OlderStore.make(path, version: version, like: newer)
    let migrated = try Store.open(path, create: false)
    #expect(try StoreContent.difference(newer, migrated) == nil)
    #expect(try StoreContent.hash(newer) == StoreContent.hash(migrated))
    #expect(try counts(migrated) == counts(newer))
    try migrated.withDatabase { db throws in
      #expect(try String.fetchAll(db, sql: "PRAGMA integrity_check") == ["ok"])
      let left = try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE name LIKE 'old%'")
      #expect(left == [])
      // Trials and attempts lie in the order they came.
      for table in ["trial", "attempt"] {
        #expect(try Int.fetchOne(db, sql: "SELECT min(rowid) FROM \(table)") == 1)
      }
    }
    try migrated.fill(trials[0], epochs: [0, 6], seed: 4)
    try newer.fill(trials[0], epochs: [0, 6], seed: 4)
    #expect(try StoreContent.difference(newer, migrated) == nil)
    #expect(try counts(migrated) == counts(newer))
    try migrated.close()
  }

  @Test func whatBelongsToASnapshotGoesWithIt() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    for epoch in 0..<3 {
      try store.write {
        try $0.saveSnapshot(trial: trial.id, attempt: 1, Samples.snapshot(epoch: epoch, seed: 1))
      }
    }
    let before = try counts(store)
    let smaller = Samples.snapshot(epoch: 1, draws: 1, layers: 1, seed: 2)
    try store.write { try $0.saveSnapshot(trial: trial.id, attempt: 2, smaller) }
    let each = before.map { $0 / 3 }
    #expect(try counts(store) == zip(each, [1, 1, 3, 1]).map { 2 * $0 + $1 })
    let read = try store.read { try $0.snapshots(trial: trial.id) }
    #expect(
      read.map(\.draws) == [0, 2].map { Samples.snapshot(epoch: $0, seed: 1).draws }.inserting(smaller.draws))
    try store.withDatabase { try $0.execute(sql: "DELETE FROM snapshot WHERE epoch <> 1") }
    #expect(try counts(store) == [1, 1, 3, 1])
  }

  @Test func theFarthestDrawAndLayerHaveRowsOfTheirOwn() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    var snapshot = Snapshot()
    for (draw, index) in [(0, 0), (0, 131_071), (65_536, 65_536), (131_071, 0), (131_071, 131_071)] {
      for kind in TensorKind.allCases {
        var layer = LayerStatistics()
        layer.draw = draw
        layer.index = index
        layer.kind = kind
        layer.layer = "\(draw) \(index) \(kind)"
        snapshot.layers.append(layer)
      }
    }
    for epoch in 0..<2 {
      snapshot.epoch = epoch
      try store.write { try $0.saveSnapshot(trial: trial.id, attempt: 1, snapshot) }
    }
    for epoch in 0..<2 {
      #expect(try store.read { try $0.layers(trial: trial.id, epoch: epoch) } == snapshot.layers)
    }
  }

  /// Among the first rows, which are inserted several at a time, and at the end.
  @Test(arguments: [1, 12]) func aRowComesOnce(again place: Int) throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    var snapshot = Samples.snapshot(epoch: 0, seed: 1)
    let before = try counts(store)
    snapshot.layers.insert(snapshot.layers[0], at: place)
    #expect(throws: StoreError.self) {
      try store.write { try $0.saveSnapshot(trial: trial.id, attempt: 1, snapshot) }
    }
    #expect(try counts(store) == before)
  }

  @Test func anOlderSnapshotIsReplacedWithoutTouchingTheNewer() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    let newer = Samples.snapshot(epoch: 2, draws: 3, layers: 9, seed: 2)
    let again = Samples.snapshot(epoch: 1, draws: 2, layers: 11, seed: 3)
    for snapshot in [Samples.snapshot(epoch: 1, draws: 3, layers: 9, seed: 1), newer, again] {
      try store.write { try $0.saveSnapshot(trial: trial.id, attempt: 1, snapshot) }
    }
    let read = try store.read { try $0.snapshots(trial: trial.id) }
    #expect(read.map(\.epoch) == [1, 2])
    for (read, expected) in zip(read, [again, newer]) {
      #expect(Set(read.layers) == Set(expected.layers) && read.layers.count == expected.layers.count)
      #expect(read.errors == expected.errors && read.draws == expected.draws)
    }
  }

  /// A row beyond the newest snapshot's, which no Strata has written: what comes later is not numbered after it, and
  /// the snapshot that the number would be of is refused.
  @Test(arguments: ["snapshot_layer", "snapshot_error"])
  func aStrayRowMisplacesNone(table: String) throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    func save(_ epoch: Int) throws -> Snapshot {
      let snapshot = Samples.snapshot(epoch: epoch, draws: 3, layers: 9, seed: 1)
      try store.write { try $0.saveSnapshot(trial: trial.id, attempt: 1, snapshot) }
      return snapshot
    }
    var expected = [try save(0)]
    let columns = try store.withDatabase { db in
      try db.columns(in: table).map { $0.name == "id" ? "id + (3 << 36)" : $0.name }.joined(separator: ", ")
    }
    try store.withDatabase {
      try $0.execute(sql: "INSERT INTO \(table) SELECT \(columns) FROM \(table) ORDER BY id LIMIT 1")
    }
    expected += [try save(1), try save(2)]
    let read = try store.read { try $0.snapshots(trial: trial.id) }
    #expect(read.map(\.epoch) == [0, 1, 2])
    for (read, expected) in zip(read, expected) {
      #expect(Set(read.layers) == Set(expected.layers) && read.layers.count == expected.layers.count)
      #expect(read.errors == expected.errors)
    }
    #expect(throws: StoreError.self) { try save(3) }
  }

  /// Whoever asks for a trial's rows, or for all of a view, reads no more rows than that.
  @Test(arguments: [
    "SELECT * FROM layer_statistics WHERE trial = 'a' AND epoch = 5",
    "SELECT * FROM layer_error WHERE trial = 'a'", "SELECT count(*) FROM draw_metrics",
    "SELECT label, layer, kind, sqnr FROM layer_statistics JOIN trial ON trial.id = trial WHERE epoch = 200",
    "SELECT * FROM trial JOIN layer_statistics ON trial.id = trial WHERE label = 'a'",
    "SELECT * FROM layer_statistics JOIN layer_error USING (trial, epoch, draw, layer_index)",
    "SELECT * FROM fold_change", "SELECT * FROM draw_result WHERE epoch = 5",
  ]) func rowsAreFoundByTheirNumbers(query: String) throws {
    let store = try Store.open(directory.file("a.store"))
    let plan = try store.withDatabase { db in
      try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + query).map { $0["detail"] as String }
    }
    // By the names that the views give their tables.
    let numbered = plan.filter { ["d", "l", "e", "w", "f"].contains($0.split(separator: " ")[1]) }
    #expect(!numbered.isEmpty)
    #expect(numbered.allSatisfy { $0.hasPrefix("SEARCH") && $0.contains("INTEGER PRIMARY KEY") }, "\(plan)")
  }
}

extension Array {
  /// With `element` in second place.
  fileprivate func inserting(_ element: Element) -> Self {
    var all = self
    all.insert(element, at: 1)
    return all
  }
}
