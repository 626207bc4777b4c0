internal import GRDB

/// The file format: an application id that marks a store, and a version in SQLite's `user_version`.
struct Schema {
  /// "STRA"; `file` and `strata` know a store by it.
  static let applicationID: Int32 = 0x5354_5241
  static let current = Schema(steps: [
    { db in
      try db.execute(sql: SchemaTables.words)
      try db.execute(sql: SchemaTables.results)
    },
    SchemaSteps.addControls,
    SchemaSteps.addStopped,
    SchemaSnapshots.addSnapshotNumbers,
  ])

  /// `steps[v]` takes a store from version v to v + 1.
  var steps: [@Sendable (Database) throws -> Void]
  var version: Int { steps.count }

  /// Brings an empty database or an older store to this version, in one transaction.
  func migrate(_ db: Database, path: String) throws {
    let found = try Self.version(of: db)
    if found > version { throw StoreError.newerSchema(path: path, version: found, known: version) }
    if found == version { return }
    // Off while tables are written anew, and checked before the commit.
    try db.execute(sql: "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")
    defer { try? db.execute(sql: "PRAGMA legacy_alter_table = OFF; PRAGMA foreign_keys = ON") }
    try db.inTransaction(.immediate) {
      for step in steps[found...] { try step(db) }
      try db.checkForeignKeys()
      try db.execute(sql: "PRAGMA application_id = \(Self.applicationID)")
      try db.execute(sql: "PRAGMA user_version = \(version)")
      return .commit
    }
  }

  /// Throws unless the database has exactly this version.
  func check(_ db: Database, path: String) throws {
    let found = try Self.version(of: db)
    if found > version { throw StoreError.newerSchema(path: path, version: found, known: version) }
    if found < version { throw StoreError.olderSchema(path: path, version: found, known: version) }
  }

  static func version(of db: Database) throws -> Int {
    try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
  }
}
