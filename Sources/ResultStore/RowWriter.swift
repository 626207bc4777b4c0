internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// A table's columns in the order rows are written and read. The last is `special` where numbers need it.
struct TableLayout {
  let table: String
  let columns: [String]
  let hasSpecial: Bool

  init(_ table: String, _ columns: [String], special: Bool = false) {
    self.table = table
    self.columns = special ? columns + ["special"] : columns
    self.hasSpecial = special
  }

  var insertion: String {
    "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES "
      + "(\(columns.map { _ in "?" }.joined(separator: ", ")))"
  }
  /// The same columns for every sweep the row's trial is in, with the sweep's label in place of the trial's, and
  /// after them `sweep` and `position` to choose and order by.
  ///
  /// - Parameter id: the column that names the trial.
  func labelled(bySweep id: String) -> TableLayout {
    let chosen = columns.map { $0 == "label" ? "m.label AS label" : "t.\($0) AS \($0)" }
    let source = "\(table) t JOIN sweep_trial m ON m.trial = t.\(id)"
    return TableLayout(
      "(SELECT \(chosen.joined(separator: ", ")), m.sweep AS sweep, m.position AS position FROM \(source))",
      columns)
  }

  func selection(_ rest: String) -> String {
    "SELECT \(columns.joined(separator: ", ")) FROM \(table) \(rest)"
  }
}

/// Inserts rows through one prepared statement, value by value in the layout's order, without boxing them.
struct RowWriter {
  private let layout: TableLayout
  private let statement: Statement
  private let handle: SQLiteStatement
  private var index: CInt = 0
  private var special = ""

  init(_ db: Database, _ layout: TableLayout) throws {
    self.layout = layout
    statement = try db.cachedStatement(sql: layout.insertion)
    statement.setUncheckedArguments(StatementArguments())
    handle = statement.sqliteStatement
  }

  private mutating func next() -> CInt {
    if index == 0 { sqlite3_reset(handle) }
    index += 1
    return index
  }

  private func check(_ code: CInt) throws {
    if code != SQLITE_OK {
      throw DatabaseError(resultCode: ResultCode(rawValue: code), sql: layout.insertion)
    }
  }

  mutating func add(_ value: String) throws {
    var value = value
    let index = next()
    try check(
      value.withUTF8 { bytes in
        bytes.withMemoryRebound(to: CChar.self) {
          sqlite3_bind_text(handle, index, $0.baseAddress ?? Self.empty, CInt($0.count), Self.copied)
        }
      })
  }

  mutating func add(_ value: String?) throws {
    guard let value else { return try addNull() }
    try add(value)
  }

  mutating func add(_ value: Int) throws { try check(sqlite3_bind_int64(handle, next(), Int64(value))) }

  mutating func add(_ value: Int?) throws {
    guard let value else { return try addNull() }
    try add(value)
  }

  mutating func add(_ value: Float) throws { try add(Double(value)) }

  mutating func add(_ value: Double) throws {
    let index = next()
    if value.isNaN {
      note("NaN", index)
    } else if value == 0, value.sign == .minus {
      note("-0", index)
    }
    try check(sqlite3_bind_double(handle, index, value))
  }

  mutating func add(_ value: Double?) throws {
    guard let value else { return try addNull() }
    try add(value)
  }

  /// As little-endian bytes.
  mutating func add(_ values: [UInt32]) throws { try addBlob(values.map(\.littleEndian)) }
  mutating func add(_ values: [Float]) throws { try addBlob(values.map(\.bitPattern.littleEndian)) }

  private mutating func addBlob(_ values: [UInt32]) throws {
    let index = next()
    try check(
      values.withUnsafeBytes { bytes in
        bytes.isEmpty
          ? sqlite3_bind_zeroblob(handle, index, 0)
          : sqlite3_bind_blob(handle, index, bytes.baseAddress, CInt(bytes.count), Self.copied)
      })
  }

  private mutating func addNull() throws { try check(sqlite3_bind_null(handle, next())) }

  private mutating func note(_ what: String, _ index: CInt) {
    precondition(layout.hasSpecial, "\(layout.table) has no column for special numbers")
    if !special.isEmpty { special += " " }
    special += "\(layout.columns[Int(index) - 1])=\(what)"
  }

  /// Inserts the row; the next begins.
  mutating func insert() throws {
    if layout.hasSpecial {
      if special.isEmpty { try addNull() } else { try add(special) }
      special = ""
    }
    precondition(
      Int(index) == layout.columns.count, "a row of \(layout.table) has \(layout.columns.count) values")
    try statement.execute()
    index = 0
  }

  /// SQLITE_TRANSIENT: SQLite takes a copy.
  private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
  nonisolated(unsafe) private static let empty = UnsafePointer(strdup("")!)
}
