internal import Crypto
internal import Foundation
internal import GRDB

/// What a store says, without who computed it when: all results, configurations and states, but no times, attempts,
/// workers, checkpoints or settings. An interrupted run and an undisturbed one have equal content.
public enum StoreContent {
  /// SHA-256, in hexadecimal digits, of a store's content, or of what it says of one trial. Rows enter in the order
  /// of their keys, every value with its type and, for numbers, all its bits.
  public static func hash(_ store: Store, trial: String? = nil) throws -> String {
    try store.read { reader in
      var hash = SHA256()
      for table in tables(of: trial) {
        hash.update(data: Data("table \(table.name)\n".utf8))
        let cursor = try rows(reader.db, table, trial: trial)
        while let row = try cursor.next() {
          for (_, value) in row { value.feed(&hash) }
        }
      }
      return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }
  }

  /// The first difference in content between two stores, in one line; nil where there is none.
  public static func difference(_ first: Store, _ second: Store, trial: String? = nil) throws -> String? {
    try first.read { a in
      try second.read { b in
        for table in tables(of: trial) {
          let left = try rows(a.db, table, trial: trial)
          let right = try rows(b.db, table, trial: trial)
          if let found = try difference(left, right, table) { return found }
        }
        return nil
      }
    }
  }

  private static func difference(_ left: RowCursor, _ right: RowCursor, _ table: StoreTable) throws -> String?
  {
    while true {
      switch (try left.next(), try right.next()) {
      case (nil, nil): return nil
      case (let row?, nil): return "\(table.describe(row)) is in the first only, or comes earlier"
      case (nil, let row?): return "\(table.describe(row)) is in the second only, or comes earlier"
      case (let a?, let b?):
        if table.key.contains(where: { a[$0] as DatabaseValue != b[$0] as DatabaseValue }) {
          return "the first goes on with \(table.describe(a)), the second with \(table.describe(b))"
        }
        for (column, value) in a where value != b[column] as DatabaseValue {
          return "\(table.describe(a)): \(column) is \(value.summary) in the first, "
            + "\((b[column] as DatabaseValue).summary) in the second"
        }
      }
    }
  }

  private static func tables(of trial: String?) -> [StoreTable] {
    StoreTable.all.filter { !$0.isBookkeeping && (trial == nil || $0.trialColumn != nil) }
  }

  private static func rows(_ db: Database, _ table: StoreTable, trial: String?) throws -> RowCursor {
    let columns = try table.columns(db).filter { !table.incidental.contains($0) }
    var sql = "SELECT \(columns.joined(separator: ", ")) FROM \(table.name)"
    if trial != nil, let column = table.trialColumn { sql += " WHERE \(column) = ?" }
    sql += " ORDER BY \(table.key.joined(separator: ", "))"
    return try Row.fetchCursor(db, sql: sql, arguments: trial.map { [$0] } ?? [])
  }
}

extension StoreTable {
  /// The column that names a trial the row tells of; nil for tables of other things.
  var trialColumn: String? {
    switch name {
    case "trial": "id"
    case "sweep_trial": nil
    default: key.first == "trial" ? "trial" : nil
    }
  }

  /// Columns that are written, in the table's order: all but those worked out from others.
  func columns(_ db: Database) throws -> [String] {
    try String.fetchAll(
      db, sql: "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0 ORDER BY cid", arguments: [name]
    ).filter { !derived.contains($0) }
  }

  /// `layer_statistics trial 3f… epoch 5 draw 0 layer_index 2 kind W`.
  func describe(_ row: Row) -> String {
    name + " " + key.map { "\($0) \((row[$0] as DatabaseValue).summary)" }.joined(separator: " ")
  }
}

extension DatabaseValue {
  /// For messages.
  var summary: String {
    switch storage {
    case .null: return "NULL"
    case .int64(let value): return "\(value)"
    case .double(let value): return "\(value)"
    case .string(let text): return text.count > 80 ? "'\(text.prefix(77))…'" : text
    case .blob(let data): return "\(data.count) bytes"
    }
  }

  fileprivate func feed(_ hash: inout SHA256) {
    switch storage {
    case .null: hash.update(data: [0])
    case .int64(let value): hash.update(data: [1] + bytes(UInt64(bitPattern: value)))
    case .double(let value): hash.update(data: [2] + bytes(value.bitPattern))
    case .string(let text): hash.update(data: [3] + bytes(UInt64(text.utf8.count)) + Array(text.utf8))
    case .blob(let data):
      hash.update(data: [4] + bytes(UInt64(data.count)))
      hash.update(data: data)
    }
  }

  private func bytes(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}
