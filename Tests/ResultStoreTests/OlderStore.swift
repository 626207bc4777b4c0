import GRDB

@testable import ResultStore

/// Stores as older versions of the program left them.
enum OlderStore {
  static func schema(_ version: Int) -> Schema { Schema(steps: Array(Schema.current.steps.prefix(version))) }

  /// Makes one of schema `version` at `path`, with the rows of `store`, and a view of that time.
  static func make(_ path: String, version: Int, like store: Store) throws {
    try Store.open(path, create: true, schema: schema(version)).close()
    try store.withDatabase { db in
      try db.execute(sql: "ATTACH ? AS older", arguments: [path])
      for table in StoreTable.all {
        let columns = try String.fetchAll(
          db,
          sql: """
            SELECT name FROM pragma_table_xinfo(?, 'older') WHERE hidden = 0
            INTERSECT SELECT name FROM pragma_table_xinfo(?, 'main')
            """, arguments: [table.name, table.name]
        ).joined(separator: ", ")
        if columns.isEmpty { continue }
        try db.execute(
          sql: "INSERT INTO older.\(table.name) (\(columns)) SELECT \(columns) FROM main.\(table.name)")
      }
      try db.execute(
        sql: "CREATE VIEW older.final_epoch AS SELECT trial, max(epoch) AS epoch FROM snapshot GROUP BY trial"
      )
      try db.execute(sql: "DETACH older")
    }
  }
}

extension StoreTable {
  /// Every row, as text, without the numbers that each store gives as they come.
  func rowsWithoutNumbers(_ db: Database, order: String) throws -> [String] {
    let columns = try columns(db).filter { name != "snapshot" || $0 != "id" }
    return try Row.fetchAll(
      db, sql: "SELECT \(columns.joined(separator: ", ")) FROM \(name) ORDER BY \(order)"
    ).map(\.description)
  }
}
