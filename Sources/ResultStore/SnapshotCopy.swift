internal import GRDB

/// Copies what snapshots are made of into a merged store, and compares what is there already.
enum SnapshotCopy {
  struct Key: Hashable {
    var trial: String
    var epoch: Int
  }

  /// Throws `StoreError.conflict` for a snapshot that both have and that differs in anything but times.
  static func copy(
    from source: Database, to target: Database, known: Set<Key>
  ) throws {
    let keys = try Row.fetchAll(source, sql: "SELECT trial, epoch FROM snapshot ORDER BY trial, epoch")
      .map { Key(trial: $0[0], epoch: $0[1]) }
    for key in keys {
      for table in StoreTable.results {
        if known.contains(key) {
          try compare(table, key, source, target)
        } else {
          try copy(table, key, source, target)
        }
      }
    }
  }

  private static func select(_ table: StoreTable, _ columns: [String]) -> String {
    "SELECT \(columns.joined(separator: ", ")) FROM \(table.name) WHERE trial = ? AND epoch = ? "
      + "ORDER BY \(table.key.joined(separator: ", "))"
  }

  private static func copy(_ table: StoreTable, _ key: Key, _ source: Database, _ target: Database) throws {
    let columns = try table.columns(source)
    let insert = try target.cachedStatement(
      sql: "INSERT INTO \(table.name) (\(columns.joined(separator: ", "))) VALUES "
        + "(\(columns.map { _ in "?" }.joined(separator: ", ")))")
    let rows = try Row.fetchCursor(
      source.cachedStatement(sql: select(table, columns)), arguments: [key.trial, key.epoch])
    while let row = try rows.next() {
      insert.setUncheckedArguments(StatementArguments(row.databaseValues))
      try insert.execute()
    }
  }

  private static func compare(_ table: StoreTable, _ key: Key, _ source: Database, _ target: Database) throws
  {
    let columns = try table.columns(source).filter { !table.incidental.contains($0) }
    let sql = select(table, columns)
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
