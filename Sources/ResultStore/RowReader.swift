internal import Foundation
internal import GRDB

/// Reads a row value by value in its layout's order; the counterpart of `RowWriter`.
struct RowReader {
  private let layout: TableLayout
  private let row: Row
  private let path: String
  private var index = 0
  private var special: [Substring] = []

  init(_ row: Row, _ layout: TableLayout, path: String) {
    self.layout = layout
    self.row = row
    self.path = path
    if layout.hasSpecial, let text = row[layout.columns.count - 1] as String? {
      special = text.split(separator: " ")
    }
  }

  private mutating func next() -> Int {
    defer { index += 1 }
    return index
  }

  mutating func skip(_ columns: Int) { index += columns }

  private func damaged(_ column: Int, _ what: String) -> StoreError {
    .corrupt(path: path, reason: "\(layout.table).\(layout.columns[column]) \(what)")
  }

  mutating func text() throws -> String {
    let column = next()
    guard let value = row[column] as String? else { throw damaged(column, "is NULL") }
    return value
  }
  mutating func optionalText() -> String? { row[next()] as String? }

  mutating func integer() throws -> Int {
    let column = next()
    guard let value = row[column] as Int? else { throw damaged(column, "is NULL") }
    return value
  }
  mutating func optionalInteger() -> Int? { row[next()] as Int? }

  mutating func number() throws -> Double {
    let column = index
    guard let value = optionalNumber() else { throw damaged(column, "is NULL, and not noted as NaN") }
    return value
  }

  mutating func optionalNumber() -> Double? {
    let column = next()
    let value = row[column] as Double?
    if special.isEmpty || value != nil && value != 0 { return value }
    let name = layout.columns[column]
    if value == nil { return special.contains("\(name)=NaN") ? .nan : nil }
    return special.contains("\(name)=-0") ? -0.0 : value
  }

  mutating func float() throws -> Float { Float(try number()) }

  /// A word of `Value`'s raw values.
  mutating func word<Value: RawRepresentable<String>>(_ type: Value.Type) throws -> Value {
    let column = index
    let text = try text()
    guard let value = Value(rawValue: text) else { throw damaged(column, "is '\(text)', which is unknown") }
    return value
  }
  mutating func optionalWord<Value: RawRepresentable<String>>(_ type: Value.Type) throws -> Value? {
    if row.hasNull(atIndex: index) {
      index += 1
      return nil
    }
    return try word(type)
  }

  mutating func date() throws -> Date { try Timestamp.date(text(), path: path) }
  mutating func optionalDate() throws -> Date? {
    try optionalText().map { try Timestamp.date($0, path: path) }
  }

  mutating func integers() throws -> [UInt32] { try words { $0 } }
  mutating func floats() throws -> [Float] { try words { Float(bitPattern: $0) } }

  private mutating func words<T>(_ make: (UInt32) -> T) throws -> [T] {
    let column = next()
    return try row.withUnsafeData(atIndex: column) { data in
      guard let data else { throw damaged(column, "is NULL") }
      guard data.count % 4 == 0 else {
        throw damaged(column, "has \(data.count) bytes, not whole 32-bit words")
      }
      return data.withUnsafeBytes { bytes in
        (0..<bytes.count / 4).map {
          make(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
        }
      }
    }
  }
}
