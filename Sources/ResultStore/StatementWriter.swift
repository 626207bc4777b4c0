internal import Foundation
internal import GRDB
internal import GRDBSQLite

/// A prepared statement whose parameters are bound one after another, without boxing them, and which is then run;
/// again and again.
struct StatementWriter {
  private let sql: String
  private let statement: Statement
  private let handle: SQLiteStatement
  private let parameters: CInt
  /// Parameters bound so far.
  private(set) var count: CInt = 0

  /// - Parameter sql: one statement that returns no rows; it stays prepared with the database connection.
  init(_ db: Database, _ sql: String) throws {
    self.sql = sql
    statement = try db.cachedStatement(sql: sql)
    handle = statement.sqliteStatement
    parameters = sqlite3_bind_parameter_count(handle)
    sqlite3_reset(handle)
  }

  private mutating func next() -> CInt {
    count += 1
    return count
  }

  /// What binding or running came to. (A parameter's number is taken before: the call would copy the writer if it were
  /// taken in its arguments.)
  @inline(__always)
  private func check(_ code: CInt) throws {
    if code != SQLITE_OK, code != SQLITE_DONE { throw failure(code) }
  }

  private func failure(_ code: CInt) -> DatabaseError {
    DatabaseError(
      resultCode: ResultCode(rawValue: code),
      message: String(cString: sqlite3_errmsg(sqlite3_db_handle(handle))),
      sql: sql)
  }

  mutating func add(_ value: String) throws {
    let index = next()
    var value = value
    let code = value.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        sqlite3_bind_text(handle, index, $0.baseAddress ?? Self.empty, CInt($0.count), Self.copied)
      }
    }
    try check(code)
  }

  mutating func add(_ value: Int) throws {
    let index = next()
    try check(sqlite3_bind_int64(handle, index, Int64(value)))
  }

  mutating func add(_ value: Double) throws {
    let index = next()
    try check(sqlite3_bind_double(handle, index, value))
  }

  mutating func addNull() throws {
    let index = next()
    try check(sqlite3_bind_null(handle, index))
  }

  mutating func add(_ value: String?) throws {
    if let value { try add(value) } else { try addNull() }
  }
  mutating func add(_ value: Int?) throws {
    if let value { try add(value) } else { try addNull() }
  }
  mutating func add(_ value: Double?) throws {
    if let value { try add(value) } else { try addNull() }
  }

  mutating func add(bytes: UnsafeRawBufferPointer) throws {
    let index = next()
    try check(
      bytes.isEmpty
        ? sqlite3_bind_zeroblob(handle, index, 0)
        : sqlite3_bind_blob(handle, index, bytes.baseAddress, CInt(bytes.count), Self.copied))
  }

  /// Every parameter is bound.
  var isFull: Bool { count == parameters }

  /// Runs the statement, all of whose parameters are bound.
  mutating func run() throws {
    precondition(isFull, "every parameter has its value")
    let code = sqlite3_step(handle)
    sqlite3_reset(handle)
    count = 0
    try check(code)
  }

  /// SQLITE_TRANSIENT: SQLite takes a copy.
  private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
  nonisolated(unsafe) private static let empty = UnsafePointer(strdup("")!)
}
