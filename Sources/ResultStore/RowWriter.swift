internal import GRDB

/// A table's columns in the order rows are written and read. The last is `special` where numbers need it.
struct TableLayout {
  let table: String
  let columns: [String]
  let hasSpecial: Bool
  let insertion: String

  init(_ table: String, _ columns: [String], special: Bool = false) {
    self.table = table
    self.columns = special ? columns + ["special"] : columns
    self.hasSpecial = special
    insertion = Self.insertion(into: table, self.columns)
  }

  static func insertion(into table: String, _ columns: [String]) -> String {
    "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES "
      + "(\(columns.map { _ in "?" }.joined(separator: ", ")))"
  }

  /// For several rows at once. What fails leaves some of them inserted, for the transaction to undo: SQLite needs no
  /// copy of the pages then that it changes.
  func insertion(rows: Int) -> String {
    let row = "(\(columns.map { _ in "?" }.joined(separator: ", ")))"
    return "INSERT OR FAIL INTO \(table) (\(columns.joined(separator: ", "))) VALUES "
      + Array(repeating: row, count: rows).joined(separator: ", ")
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

/// Inserts rows through one prepared statement, value by value in the layout's order, so many of them at a time.
struct RowWriter {
  private let layout: TableLayout
  private var writer: StatementWriter
  private var special = ""

  /// - Parameter rows: that the statement inserts, once all of them are there.
  init(_ db: Database, _ layout: TableLayout, rows: Int = 1) throws {
    self.layout = layout
    writer = try StatementWriter(db, rows == 1 ? layout.insertion : layout.insertion(rows: rows))
  }

  mutating func add(_ value: String) throws { try writer.add(value) }
  mutating func add(_ value: String?) throws { try writer.add(value) }
  mutating func add(_ value: Int) throws { try writer.add(value) }
  mutating func add(_ value: Int?) throws { try writer.add(value) }
  mutating func add(_ value: Float) throws { try add(Double(value)) }

  mutating func add(_ value: Double) throws {
    if value.isNaN {
      note("NaN")
    } else if value == 0, value.sign == .minus {
      note("-0")
    }
    try writer.add(value)
  }

  mutating func add(_ value: Double?) throws {
    if let value { try add(value) } else { try addNull() }
  }
  mutating func addNull() throws { try writer.addNull() }

  /// As little-endian bytes.
  mutating func add(_ values: [UInt32]) throws {
    try (Self.isLittleEndian ? values : values.map(\.littleEndian)).withUnsafeBytes {
      try writer.add(bytes: $0)
    }
  }
  mutating func add(_ values: [Float]) throws {
    guard Self.isLittleEndian else { return try add(values.map(\.bitPattern)) }
    try values.withUnsafeBytes { try writer.add(bytes: $0) }
  }

  private static let isLittleEndian = 1 == 1.littleEndian

  /// Of the value added next.
  private mutating func note(_ what: String) {
    precondition(layout.hasSpecial, "\(layout.table) has no column for special numbers")
    if !special.isEmpty { special += " " }
    special += "\(layout.columns[Int(writer.count) % layout.columns.count])=\(what)"
  }

  /// The row is whole; the next begins.
  mutating func insert() throws {
    if layout.hasSpecial {
      try writer.add(special.isEmpty ? nil : special)
      special = ""
    }
    if writer.isFull { try writer.run() }
  }
}
