internal import GRDB

/// What later schema versions change.
enum SchemaSteps {
  /// Version 2: trials can be quarantined and cancelled, attempts tell their errors in full, sweeps are submitted to
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
    try db.execute(sql: SchemaViews.all)
  }

  /// They name tables that are about to go.
  private static func dropViews(_ db: Database) throws {
    for name in try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'view'") {
      try db.execute(sql: "DROP VIEW \(name)")
    }
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
