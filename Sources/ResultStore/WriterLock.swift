internal import Foundation

/// Says that this process is the store's one writer: an advisory lock on a file beside it, which names the holder
/// and goes away with it. A crash leaves the file, but not the lock.
///
/// The lock is not on the store itself, because closing any descriptor of a file drops SQLite's own locks on it.
final class WriterLock: Sendable {
  private let path: String
  private let descriptor: Int32

  init(store: String) throws(StoreError) {
    path = store + "-lock"
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw .unwritable(path: path, reason: systemReason(errno)) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let code = errno
        let holder = Self.holder(descriptor)
        close(descriptor)
        guard code == EWOULDBLOCK else { throw .unwritable(path: path, reason: systemReason(code)) }
        throw .inUse(path: store, holder: holder)
      }
      if Self.isSameFile(descriptor, path) {
        self.descriptor = descriptor
        break
      }
      close(descriptor)
    }
    let text = Array("process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n".utf8)
    _ = ftruncate(descriptor, 0)
    _ = pwrite(descriptor, text, text.count, 0)
  }

  /// The former holder may have removed the file between our opening and locking it.
  private static func isSameFile(_ descriptor: Int32, _ path: String) -> Bool {
    var held = stat()
    var named = stat()
    return fstat(descriptor, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino
      && held.st_dev == named.st_dev
  }

  private static func holder(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 200)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    let text = String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    return text.isEmpty ? "another process" : text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  deinit {
    unlink(path)
    close(descriptor)
  }
}
