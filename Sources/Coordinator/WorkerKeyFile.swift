internal import Foundation
public import ZeroMQ

/// The file that holds a `WorkerKeyList`. Whoever could write it could let anybody in, so its owner alone may.
public struct WorkerKeyFile: Sendable {
  public let path: String

  public init(_ path: String) { self.path = path }

  /// - Throws: `KeyFileError`.
  public func read() throws(KeyFileError) -> WorkerKeyList {
    let bytes = try DurableFile.read(
      path, upTo: WorkerKeyList.longest, forbidding: 0o022, advice: "chmod go-w")
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw KeyFileError(path, "it is no text")
    }
    return try WorkerKeyList(text, path: path)
  }

  /// Reads the list, made empty if it is not there, has `change` change it, and replaces the file if that did. Others
  /// that change it meanwhile wait.
  public func edit<Result>(
    _ change: (inout WorkerKeyList) throws(KeyFileError) -> Result
  ) throws(KeyFileError) -> Result {
    let lock = try locked()
    defer { close(lock) }
    let before = try read()
    var list = before
    let result = try change(&list)
    var status = stat()
    guard fstat(lock, &status) == 0 else { throw DurableFile.failure(path, "read") }
    if list != before { try DurableFile.replace(path, Array(list.text.utf8), mode: status.st_mode & 0o777) }
    return result
  }

  /// A descriptor whose lock is held until it is closed.
  private func locked() throws(KeyFileError) -> Int32 {
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw DurableFile.failure(path, "open") }
      while flock(descriptor, LOCK_EX) != 0 {
        guard errno == EINTR else {
          let error = DurableFile.failure(path, "lock")
          close(descriptor)
          throw error
        }
      }
      // Whoever held the lock before may have put another file in this one's place.
      var (ours, current) = (stat(), stat())
      if fstat(descriptor, &ours) == 0, stat(path, &current) == 0, ours.st_ino == current.st_ino {
        return descriptor
      }
      close(descriptor)
    }
  }

  /// What changes whenever the file does; nil: there is none.
  func stamp() -> Stamp? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Stamp(
      inode: UInt64(status.st_ino), size: Int64(status.st_size), modified: Stamp.nanoseconds(status.st_mtim),
      changed: Stamp.nanoseconds(status.st_ctim))
  }

  struct Stamp: Hashable, Sendable {
    var inode: UInt64
    var size: Int64
    var modified: Int64
    var changed: Int64

    static func nanoseconds(_ time: timespec) -> Int64 {
      Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
  }
}
