internal import CSQLite
internal import Foundation
internal import GRDB
internal import Synchronization

/// The one SQLite file that all results of a sweep are in (DESIGN "Store"). One process writes it; any number read
/// it meanwhile, this program or any other that knows SQLite.
///
/// What `write` has returned from is on the disk: the store is in WAL mode with `synchronous=FULL`.
public final class Store: Sendable {
  public let path: String
  private let database: DatabaseQueue
  private let lock: Mutex<WriterLock?>
  /// Whether it was opened with `open`.
  public let isWritable: Bool

  /// Opens the store for writing, migrating an older one. `create`: makes it where there is none.
  ///
  /// Throws `StoreError`: no store there, not a store, newer than this program, written by another process,
  /// directory or file not writable, disk full.
  public static func open(_ path: String, create: Bool = true) throws(StoreError) -> Store {
    try open(path, create: create, schema: .current)
  }

  /// Whether this process, of this machine, has the store open for writing. Without waiting for anybody.
  public static func isWritten(_ path: String, byProcess process: Int32, on host: String) -> Bool {
    WriterLock.isHeld(store: path, by: WriterLock.name(process: process, host: host))
  }

  /// SQLite's count of the memory in use costs a lock at every allocation, and nobody asks for it.
  private static let configured: Void = { _ = csqlite_count_no_memory() }()

  static func open(_ path: String, create: Bool, schema: Schema) throws(StoreError) -> Store {
    _ = configured
    let found = try StoreFile.inspect(path)
    if case .absent = found, !create { throw .missing(path: path) }
    try StoreFile.checkDirectory(of: path)
    let lock = try WriterLock(store: path)
    return try translatingErrors(path) {
      var configuration = Configuration()
      configuration.label = "store"
      configuration.busyMode = .timeout(10)
      configuration.prepareDatabase { db in
        try db.execute(sql: "PRAGMA page_size = \(pageSize); PRAGMA cache_size = -\(cacheKibibytes)")
      }
      let database = try DatabaseQueue(path: path, configuration: configuration)
      try database.inDatabase { db in
        try schema.migrate(db, path: path)
        try db.execute(
          sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = \(logPages)"
        )
      }
      return Store(path: path, database: database, lock: lock)
    }
  }

  /// Opens the store for reading only, while another process may be writing it. Nothing is written: a store on a
  /// read-only file system can be read too, if its last writer closed it.
  public static func reading(_ path: String) throws(StoreError) -> Store {
    _ = configured
    switch try StoreFile.inspect(path) {
    case .absent: throw .missing(path: path)
    case .empty: throw .notAStore(path: path)
    case .store: break
    }
    return try translatingErrors(path) {
      let database = try readOnlyDatabase(path)
      return Store(path: path, database: database, lock: nil)
    }
  }

  /// Where files can be made beside the store, the connection may write but is told not to: SQLite then tidies up
  /// its log and shared memory on closing. Elsewhere it is read-only; and where SQLite's shared memory can be
  /// neither found nor made and no log waits to be read, nobody can be writing, and the file is read as it is.
  private static func readOnlyDatabase(_ path: String) throws -> DatabaseQueue {
    let isWritable: Bool
    do throws(StoreError) {
      try StoreFile.checkDirectory(of: path)
      isWritable = true
    } catch {
      isWritable = false
    }
    do {
      return try readOnlyDatabase(path, named: path, mayWrite: isWritable)
    } catch let error as DatabaseError
      where [.SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_IOERR].contains(error.resultCode)
    {
      if StoreFile.size(path + "-wal") > 0 {
        throw StoreError.unreadable(
          path: path,
          reason: "its write-ahead log cannot be read in place; copy \(path) and \(path)-wal to a directory "
            + "that is writable")
      }
      let name = URL(fileURLWithPath: path).absoluteString + "?immutable=1"
      return try readOnlyDatabase(path, named: name, mayWrite: false)
    }
  }

  private static func readOnlyDatabase(
    _ path: String, named name: String, mayWrite: Bool
  ) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.label = "store reader"
    configuration.readonly = !mayWrite
    configuration.busyMode = .timeout(10)
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA query_only = 1") }
    let database = try DatabaseQueue(path: name, configuration: configuration)
    try database.inDatabase { try Schema.current.check($0, path: path) }
    return database
  }

  private static let pageSize = 16384
  /// Of the writer; a reader has SQLite's default.
  private static let cacheKibibytes = 128 << 10
  /// 64 MiB of log before it is moved into the file: what trials under way write again and again is moved once.
  private static let logPages = 4096

  private init(path: String, database: DatabaseQueue, lock: WriterLock?) {
    self.path = path
    self.database = database
    self.lock = Mutex(lock)
    self.isWritable = lock != nil
  }

  /// One transaction: all of `body`'s writes are durable when this returns, or none are in the store when it
  /// throws (`StoreError`, or what `body` throws).
  public func write<T>(_ body: (StoreBatch) throws -> T) throws -> T {
    precondition(isWritable, "the store is open for reading only")
    return try Self.rethrowing(path) {
      try database.write { db in
        let batch = StoreBatch(db, path: path)
        let result = try body(batch)
        return result
      }
    }
  }

  /// Reads from one state of the store: that of the moment it begins, whatever is written meanwhile.
  public func read<T>(_ body: (StoreReader) throws -> T) throws -> T {
    try Self.rethrowing(path) {
      try database.inDatabase { db in
        var result: T?
        try db.inTransaction(.deferred) {
          // The first read fixes the state.
          _ = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_schema")
          result = try body(StoreReader(db, path: path))
          return .commit
        }
        return result!
      }
    }
  }

  /// Access for merging and exporting.
  func withDatabase<T>(_ body: (Database) throws -> T) throws -> T {
    try Self.rethrowing(path) { try database.inDatabase(body) }
  }

  /// Moves the write-ahead log into the store's file and lets go of it. Further use is a programmer's error.
  public func close() throws {
    try Self.rethrowing(path) { try database.close() }
    lock.withLock { $0 = nil }
  }

  static func rethrowing<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw StoreError(error, path: path)
    }
  }

  private static func translatingErrors<T>(_ path: String, _ body: () throws -> T) throws(StoreError) -> T {
    do {
      return try body()
    } catch let error as StoreError {
      throw error
    } catch let error as DatabaseError {
      throw StoreError(error, path: path)
    } catch {
      throw .database(path: path, reason: "\(error)")
    }
  }
}
