internal import GRDB

/// The small tables of a merge, each a set of rows by key that joins row by row: by a rule that is commutative,
/// associative and idempotent, so that the order of the inputs cannot matter.
struct MergedRecords {
  typealias Values = [String: DatabaseValue]

  /// An attempt, whatever number its store gave it.
  struct Attempt: Hashable, Comparable {
    var started: String
    var worker: String
    static func < (a: Attempt, b: Attempt) -> Bool { (a.started, a.worker) < (b.started, b.worker) }
  }
  struct TrialAttempt: Hashable {
    var trial: String
    var attempt: Attempt
  }
  struct Membership: Hashable {
    var sweep: String
    var trial: String
  }
  /// The incidental part of a snapshot.
  struct Timing {
    var train: DatabaseValue
    var snapshot: DatabaseValue
    var attempt: Attempt?
  }

  private var datasets: [String: String] = [:]
  private var sweeps: [String: Values] = [:]
  private var trials: [String: Values] = [:]
  private var memberships: [Membership: Values] = [:]
  private var workers: [String: Values] = [:]
  private var attempts: [TrialAttempt: Values] = [:]
  private(set) var snapshots: [SnapshotCopy.Key: Timing] = [:]

  /// Joins a store's rows. Throws `StoreError` where results or data disagree.
  mutating func add(_ db: Database) throws {
    for row in try Self.rows(db, "dataset") { try addDataset(row.text("name"), row.text("fingerprint")) }
    for row in try Self.rows(db, "sweep") {
      let name = row.text("name")
      sweeps[name] = Self.later(sweeps[name], row, by: ["created"])
    }
    for row in try Self.rows(db, "trial") {
      let id = row.text("id")
      trials[id] = try trials[id].map { try Self.join($0, row) } ?? Self.atRest(row)
    }
    for row in try Self.rows(db, "sweep_trial") {
      let key = Membership(sweep: row.text("sweep"), trial: row.text("trial"))
      // The lesser of each column, whichever store it is from.
      memberships[key] = memberships[key]?.merging(row) { $0.isLess(than: $1) ? $0 : $1 } ?? row
    }
    for row in try Self.rows(db, "worker") {
      let id = row.text("id")
      workers[id] = Self.later(workers[id], row, by: ["last_seen"])
    }
    try addAttempts(db)
  }

  private mutating func addAttempts(_ db: Database) throws {
    var numbers: [String: [DatabaseValue: Attempt]] = [:]
    for row in try Self.rows(db, "attempt") {
      let attempt = Attempt(started: row.text("started"), worker: row.text("worker"))
      let key = TrialAttempt(trial: row.text("trial"), attempt: attempt)
      numbers[key.trial, default: [:]][row["number"]!] = attempt
      attempts[key] = Self.later(
        attempts[key], row,
        by: ["ended", "ending", "message", "detail", "seconds", "algorithms", "resumed_epoch", "host"])
    }
    let sql = "SELECT trial, epoch, attempt, train_seconds, snapshot_seconds FROM snapshot"
    for row in try Row.fetchAll(db, sql: sql) {
      let key = SnapshotCopy.Key(trial: row[0], epoch: row[1])
      let timing = Timing(train: row[3], snapshot: row[4], attempt: numbers[key.trial]?[row[2]])
      if let known = snapshots[key], !timing.isLess(than: known) { continue }
      snapshots[key] = timing
    }
  }

  private mutating func addDataset(_ name: String, _ fingerprint: String) throws {
    if let known = datasets[name], known != fingerprint {
      throw StoreError.differentDataset(name: name, known: known, found: fingerprint)
    }
    datasets[name] = fingerprint
  }

  private static func rows(_ db: Database, _ table: String) throws -> [Values] {
    try Row.fetchAll(db, sql: "SELECT * FROM \(table)").map { row in
      Values(uniqueKeysWithValues: row.map { ($0, $1) })
    }
  }

  /// The row that is greater in these columns, in turn, and then in the others by name. A number counts for nothing:
  /// every store gives its own.
  private static func later(_ a: Values?, _ b: Values, by columns: [String]) -> Values {
    guard let a else { return b }
    let others = a.keys.filter { $0 != "number" && !columns.contains($0) }.sorted()
    for column in columns + others where a[column] != b[column] {
      return a[column]!.isLess(than: b[column]!) ? b : a
    }
    return a
  }

  // MARK: Trials

  private static func rank(_ row: Values) -> Int {
    switch row.text("state") {
    case "completed", "diverged", "vanished": 3
    case "stopped": 2
    case "failed", "quarantined", "cancelled": 1
    default: 0
    }
  }

  /// Nothing runs in a merged store.
  private static func atRest(_ row: Values) -> Values {
    var row = row
    if row.text("state") == "running" { row["state"] = "pending".databaseValue }
    return row
  }

  /// The result of a whole training stands above that of a stopped one, that above a failure, and that above what
  /// is unfinished; between equals the greater of each column.
  private static func join(_ a: Values, _ b: Values) throws -> Values {
    let b = atRest(b)
    let id = a.text("id")
    try agree(a, b, ["configuration"], trial: id)
    if rank(a) == 3, rank(b) == 3 { try agree(a, b, ["state", "weights_sha256"], trial: id) }
    let greater = a.merging(b) { $0.isLess(than: $1) ? $1 : $0 }
    if rank(a) == rank(b) { return greater }
    var joined = rank(a) > rank(b) ? a : b
    for column in ["label", "network"] { joined[column] = greater[column] }
    return joined
  }

  private static func agree(_ a: Values, _ b: Values, _ columns: [String], trial: String) throws {
    for column in columns where a[column] != b[column] {
      throw StoreError.conflict(
        key: "trial \(trial)", column: column, first: a[column]!.summary, second: b[column]!.summary)
    }
  }

  // MARK: Writing

  /// Writes all but the snapshots, which are there already, and puts right who made those.
  func write(_ db: Database) throws {
    for (name, fingerprint) in datasets {
      try insert(db, "dataset", ["name": name.databaseValue, "fingerprint": fingerprint.databaseValue])
    }
    for row in sweeps.values { try insert(db, "sweep", row) }
    for row in trials.values { try insert(db, "trial", row) }
    for row in memberships.values { try insert(db, "sweep_trial", row) }
    for row in workers.values { try insert(db, "worker", row) }
    let numbers = numbered()
    for (key, row) in attempts {
      var row = row
      row["number"] = numbers[key]!.databaseValue
      try insert(db, "attempt", row)
    }
    for (key, timing) in snapshots {
      let number = timing.attempt.flatMap { numbers[TrialAttempt(trial: key.trial, attempt: $0)] } ?? 0
      try db.cachedStatement(
        sql: """
          UPDATE snapshot SET attempt = ?, train_seconds = ?, snapshot_seconds = ? WHERE trial = ? AND epoch = ?
          """
      ).execute(arguments: [number, timing.train, timing.snapshot, key.trial, key.epoch])
    }
  }

  /// Attempts of a trial are counted anew, in the order they started.
  private func numbered() -> [TrialAttempt: Int] {
    var numbers: [TrialAttempt: Int] = [:]
    for (trial, keys) in Dictionary(grouping: attempts.keys, by: \.trial) {
      for (index, attempt) in keys.map(\.attempt).sorted().enumerated() {
        numbers[TrialAttempt(trial: trial, attempt: attempt)] = index + 1
      }
    }
    return numbers
  }

  private func insert(_ db: Database, _ table: String, _ row: Values) throws {
    let columns = try StoreTable.named(table).columns(db)
    try db.cachedStatement(
      sql: "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES "
        + "(\(columns.map { _ in "?" }.joined(separator: ", ")))"
    ).execute(arguments: StatementArguments(columns.map { row[$0]! }))
  }
}

extension MergedRecords.Timing {
  func isLess(than other: Self) -> Bool {
    if train != other.train { return train.isLess(than: other.train) }
    if snapshot != other.snapshot { return snapshot.isLess(than: other.snapshot) }
    switch (attempt, other.attempt) {
    case (let a?, let b?): return a < b
    case (nil, _?): return true
    default: return false
    }
  }
}

extension [String: DatabaseValue] {
  func text(_ column: String) -> String { String.fromDatabaseValue(self[column]!) ?? "" }
}

extension DatabaseValue {
  /// A total order: NULL, then numbers, text, blobs, as SQLite's.
  func isLess(than other: DatabaseValue) -> Bool {
    switch (storage, other.storage) {
    case (.int64(let a), .int64(let b)): a < b
    case (.double(let a), .double(let b)): a < b
    case (.int64(let a), .double(let b)): Double(a) < b
    case (.double(let a), .int64(let b)): a < Double(b)
    case (.string(let a), .string(let b)): a < b
    case (.blob(let a), .blob(let b)): a.lexicographicallyPrecedes(b)
    default: kind < other.kind
    }
  }

  private var kind: Int {
    switch storage {
    case .null: 0
    case .int64, .double: 1
    case .string: 2
    case .blob: 3
    }
  }
}
