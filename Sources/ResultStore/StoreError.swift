internal import GRDB

/// What went wrong with a store; `description` is one line for people.
public enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
  case missing(path: String)
  /// Another kind of file lies at the path; it was not touched.
  case notAStore(path: String)
  /// Written by a later version of the program.
  case newerSchema(path: String, version: Int, known: Int)
  /// Written by an earlier version, and opened for reading, where it cannot be migrated.
  case olderSchema(path: String, version: Int, known: Int)
  case inUse(path: String, holder: String)
  case unwritable(path: String, reason: String)
  case unreadable(path: String, reason: String)
  case full(path: String)
  case corrupt(path: String, reason: String)
  /// What was to be written is not what the tables can hold; the disk and the file are well.
  case refused(path: String, reason: String)
  /// Anything else SQLite says.
  case database(path: String, reason: String)
  case exists(path: String)
  case outputIsInput(path: String)
  case unknownTrial(String)
  case unknownWorker(String)
  /// A data set of one name with two contents.
  case differentDataset(name: String, known: String, found: String)
  /// Two stores, or a store and a write, that say different things of the same key.
  case conflict(key: String, column: String, first: String, second: String)

  public var description: String {
    switch self {
    case .missing(let path): "there is no store at \(path)"
    case .notAStore(let path): "\(path) is not a result store; name another file"
    case .newerSchema(let path, let version, let known):
      "\(path) has schema version \(version), and this program knows versions up to \(known): use a newer program"
    case .olderSchema(let path, let version, let known):
      "\(path) has schema version \(version), older than \(known), and cannot be migrated while open for reading: "
        + "open it for writing once"
    case .inUse(let path, let holder): "\(path) is being written by \(holder): a store has one writer"
    case .unwritable(let path, let reason): "cannot write \(path): \(reason)"
    case .unreadable(let path, let reason): "cannot read \(path): \(reason)"
    case .full(let path):
      "no space left on the disk of \(path); nothing unacknowledged is lost: free some and go on"
    case .corrupt(let path, let reason): "\(path) is damaged: \(reason)"
    case .refused(let path, let reason), .database(let path, let reason): "\(path): \(reason)"
    case .exists(let path): "\(path) exists already; name another, or force overwriting"
    case .outputIsInput(let path): "\(path) is one of the inputs; name another output"
    case .unknownTrial(let id): "the store knows no trial (or no such attempt of trial) \(id)"
    case .unknownWorker(let id): "the store knows no worker \(id)"
    case .differentDataset(let name, let known, let found):
      "data set \(name) has fingerprint \(found.prefix(12)), but results are from \(known.prefix(12)): "
        + "they are not of the same data"
    case .conflict(let key, let column, let first, let second):
      "\(key): \(column) is \(first) in one and \(second) in the other"
    }
  }

  init(_ error: DatabaseError, path: String) {
    let reason = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
    switch error.resultCode {
    case .SQLITE_FULL: self = .full(path: path)
    case .SQLITE_NOTADB: self = .notAStore(path: path)
    case .SQLITE_CORRUPT: self = .corrupt(path: path, reason: reason)
    case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_IOERR: self = .unwritable(path: path, reason: reason)
    case .SQLITE_CANTOPEN: self = .unreadable(path: path, reason: reason)
    case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_TOOBIG: self = .refused(path: path, reason: reason)
    case .SQLITE_BUSY, .SQLITE_LOCKED: self = .inUse(path: path, holder: "another program")
    default: self = .database(path: path, reason: reason)
    }
  }
}
