internal import Foundation
internal import GRDB

/// What later schema versions change.
enum SchemaSteps {
  /// A trial can be stopped by its sweep's rule.
  static func addStopped(_ db: Database) throws {
    try redefine(
      "trial", db,
      changing: [
        "'diverged', 'vanished'": "'diverged', 'stopped', 'vanished'",
        "message TEXT, -- why it failed": "message TEXT, -- why it was stopped or failed",
      ])
  }

  /// Trials can be quarantined and cancelled, attempts tell their errors in full, sweeps are submitted to
  /// running coordinators, and hosts are quarantined. SQLite changes no CHECK of a table that exists, so tables
  /// are written anew.
  static func addControls(_ db: Database) throws {
    try dropViews(db)
    try rebuild(
      "trial", db,
      changing: [
        "'vanished', 'failed')": "'vanished', 'failed', 'quarantined', 'cancelled')"
      ])
    try rebuild(
      "attempt", db,
      changing: [
        "'drained', 'lost')": "'drained', 'lost', 'cancelled')",
        "message TEXT,":
          "message TEXT,\n      detail TEXT, -- of a failure: the error in full, and where the trial was",
      ])
    try rebuild(
      "sweep", db,
      changing: [
        "created TEXT NOT NULL -- all times are UTC, ISO 8601":
          "created TEXT NOT NULL, -- all times are UTC, ISO 8601\n      "
          + "submitted INTEGER NOT NULL DEFAULT 0 -- 1: every coordinator of the store runs it"
      ])
    try db.execute(
      sql: """
        CREATE TABLE quarantined_host (
          -- A host that gets no trials, because many failed there.
          host TEXT NOT NULL PRIMARY KEY,
          since TEXT NOT NULL,
          message TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        """)
  }

  /// They name tables that are about to go; the last step makes those of the newest version.
  static func dropViews(_ db: Database) throws {
    for name in try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'view'") {
      try db.execute(sql: "DROP VIEW \(name)")
    }
  }

  /// Changes the text of a table's definition where its rows stay as they are, as SQLite allows for CHECK constraints
  /// and comments: each key of `changing` becomes its value.
  private static func redefine(
    _ table: String, _ db: Database, changing: KeyValuePairs<String, String>
  ) throws {
    let found = try String.fetchOne(
      db, sql: "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", arguments: [table])
    var definition = found ?? ""
    for (old, new) in changing {
      let parts = definition.components(separatedBy: old)
      precondition(parts.count == 2, "the definition of \(table) has no, or several, \(old)")
      definition = parts.joined(separator: new)
    }
    let version = try Int.fetchOne(db, sql: "PRAGMA schema_version") ?? 0
    try db.execute(sql: "PRAGMA writable_schema = ON")
    try db.execute(
      sql: "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?",
      arguments: [definition, table])
    // Every connection reads the definitions again.
    try db.execute(sql: "PRAGMA schema_version = \(version + 1)")
    try db.execute(sql: "PRAGMA writable_schema = OFF")
  }

  /// Writes a table anew, with the same rows, under a definition in which each key of `changing` is replaced by its
  /// value. Foreign keys must be off.
  private static func rebuild(_ table: String, _ db: Database, changing: KeyValuePairs<String, String>) throws
  {
    var definition = try String.fetchOne(
      db, sql: "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", arguments: [table])!
    for (old, new) in changing {
      let parts = definition.split(separator: old, omittingEmptySubsequences: false)
      precondition(parts.count == 2, "\(table) has no, or several, \(old)")
      definition = parts.joined(separator: new)
    }
    let columns = try StoreTable.named(table).columns(db).joined(separator: ", ")
    try db.execute(sql: "ALTER TABLE \(table) RENAME TO old_\(table)")
    try db.execute(sql: definition)
    try db.execute(sql: "INSERT INTO \(table) (\(columns)) SELECT \(columns) FROM old_\(table)")
    try db.execute(sql: "DROP TABLE old_\(table)")
  }
}
