internal import GRDB

/// Copies snapshots with all that they are made of into a merged store, and compares what is there already.
enum SnapshotCopy {
  struct Key: Hashable {
    var trial: String
    var epoch: Int
  }

  /// Throws `StoreError.conflict` for a snapshot that both have and that differs in anything but times.
  static func copy(
    from source: Database, to target: Database, known: Set<Key>
  ) throws {
    let snapshots = try Row.fetchAll(
      source, sql: "SELECT id, trial, epoch FROM snapshot ORDER BY trial, epoch")
    for row in snapshots {
      let key = Key(trial: row[1], epoch: row[2])
      if known.contains(key) {
        for table in StoreTable.results { try compare(table, key, source, target) }
      } else {
        let number = try copySnapshot(key, source, target)
        for rows in StoreTable.results.compactMap(\.rows) {
          try copy(rows, of: row[0], as: number, source, target)
        }
      }
    }
  }

  /// Returns the snapshot's number in the target.
  private static func copySnapshot(_ key: Key, _ source: Database, _ target: Database) throws -> Int64 {
    let columns = try StoreTable.named("snapshot").columns(source).filter { $0 != "id" }
    let row = try Row.fetchOne(
      source.cachedStatement(
        sql: "SELECT \(columns.joined(separator: ", ")) FROM snapshot WHERE trial = ? AND epoch = ?"),
      arguments: [key.trial, key.epoch])
    let insert = try target.cachedStatement(sql: TableLayout.insertion(into: "snapshot", columns))
    insert.setUncheckedArguments(StatementArguments(row!.databaseValues))
    try insert.execute()
    return target.lastInsertedRowID
  }

  private static func copy(
    _ table: String, of number: Int64, as copy: Int64, _ source: Database, _ target: Database
  ) throws {
    let columns = try String.fetchAll(
      source.cachedStatement(sql: "SELECT name FROM pragma_table_info(?) ORDER BY cid"), arguments: [table])
    let insert = try target.cachedStatement(sql: TableLayout.insertion(into: table, columns))
    let (old, new) = (SnapshotRows.all(of: number), SnapshotRows.all(of: copy))
    let rows = try Row.fetchCursor(
      source.cachedStatement(
        sql: "SELECT \(columns.joined(separator: ", ")) FROM \(table) WHERE id >= ? AND id < ? ORDER BY id"),
      arguments: [old.lowerBound, old.upperBound])
    while let row = try rows.next() {
      var values = Array(row.databaseValues)
      values[0] = ((row[0] as Int64) - old.lowerBound + new.lowerBound).databaseValue
      insert.setUncheckedArguments(StatementArguments(values))
      try insert.execute()
    }
  }

  private static func compare(_ table: StoreTable, _ key: Key, _ source: Database, _ target: Database) throws
  {
    let columns = try table.columns(source).filter { !table.incidental.contains($0) }
    let sql =
      "SELECT \(columns.joined(separator: ", ")) FROM \(table.name) WHERE trial = ? AND epoch = ? "
      + "ORDER BY \(table.key.joined(separator: ", "))"
    let mine = try Row.fetchCursor(target.cachedStatement(sql: sql), arguments: [key.trial, key.epoch])
    let theirs = try Row.fetchCursor(source.cachedStatement(sql: sql), arguments: [key.trial, key.epoch])
    while true {
      switch (try mine.next(), try theirs.next()) {
      case (nil, nil): return
      case (let row?, nil), (nil, let row?):
        throw StoreError.conflict(
          key: "trial \(key.trial) epoch \(key.epoch)", column: table.name, first: table.describe(row),
          second: "without it")
      case (let a?, let b?):
        for (column, value) in a where value != b[column] as DatabaseValue {
          throw StoreError.conflict(
            key: table.describe(a), column: column, first: value.summary,
            second: (b[column] as DatabaseValue).summary)
        }
      }
    }
  }
}
