internal import Foundation

/// What lies at a store's path, found without SQLite, so that a file of another kind stays untouched.
enum StoreFile {
  case absent
  case empty
  case store

  /// Throws `notAStore` for anything but a store or an empty file. A store's first page is written before it is
  /// put into WAL mode, so its header always names it.
  static func inspect(_ path: String) throws(StoreError) -> StoreFile {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT { return .absent }
      throw .unreadable(path: path, reason: systemReason(errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw .notAStore(path: path) }
    if status.st_size == 0 { return .empty }
    let header = try firstBytes(path, count: 100)
    let magic = Array("SQLite format 3\0".utf8)
    guard header.count == 100, Array(header[..<16]) == magic else { throw .notAStore(path: path) }
    let id = header[68..<72].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard id == UInt32(bitPattern: Schema.applicationID) else { throw .notAStore(path: path) }
    try checkLength(header, path)
    return .store
  }

  /// Throws where the file has fewer pages than its header counts, and no log that may hold the others.
  private static func checkLength(_ header: [UInt8], _ path: String) throws(StoreError) {
    func number(_ range: Range<Int>) -> Int { header[range].reduce(0) { $0 << 8 | Int($1) } }
    let pageSize = number(16..<18) == 1 ? 65536 : number(16..<18)
    // The count is good only if it was written with the last change (SQLite's file format, 1.3.7).
    guard number(24..<28) == number(92..<96), size(path + "-wal") == 0 else { return }
    let (bytes, whole) = (size(path), number(28..<32) * pageSize)
    if bytes < whole {
      throw .corrupt(
        path: path, reason: "it is cut short, to \(bytes) of \(whole) bytes; restore it from a copy")
    }
  }

  /// Bytes; 0 where there is no file.
  static func size(_ path: String) -> Int {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  static func isSame(_ a: String, _ b: String) -> Bool {
    var first = stat()
    var second = stat()
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_ino == second.st_ino
      && first.st_dev == second.st_dev
  }

  /// Removes a store that nobody has open.
  static func remove(_ path: String) {
    for suffix in ["-wal", "-shm", ""] { unlink(path + suffix) }
  }

  /// Makes a rename in the directory durable.
  static func synchronizeDirectory(of path: String) {
    let directory = open(URL(fileURLWithPath: path).deletingLastPathComponent().path, O_RDONLY | O_DIRECTORY)
    guard directory >= 0 else { return }
    fsync(directory)
    close(directory)
  }

  private static func firstBytes(_ path: String, count: Int) throws(StoreError) -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw .unreadable(path: path, reason: systemReason(errno)) }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: count)
    let read = fread(&bytes, 1, count, file)
    return Array(bytes[..<read])
  }

  /// Throws unless files can be made in the directory the store lies in: SQLite keeps its log beside the store.
  static func checkDirectory(of path: String) throws(StoreError) {
    let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
    if access(directory, W_OK | X_OK) != 0 {
      throw .unwritable(path: path, reason: "directory \(directory): \(systemReason(errno))")
    }
    if access(path, F_OK) == 0, access(path, W_OK) != 0 {
      throw .unwritable(path: path, reason: systemReason(errno))
    }
  }
}

func systemReason(_ code: Int32) -> String {
  let text = String(cString: strerror(code))
  return text.prefix(1).lowercased() + text.dropFirst()
}
