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
    try renewViews(db)
  }

  /// The views are those of the newest version.
  private static func renewViews(_ db: Database) throws {
    for name in try String.fetchAll(db, sql: "SELECT name FROM sqlite_schema WHERE type = 'view'") {
      try db.execute(sql: "DROP VIEW \(name)")
    }
    try db.execute(sql: SchemaViews.all)
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
}
