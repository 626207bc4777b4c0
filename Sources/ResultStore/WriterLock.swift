internal import Foundation

/// Says that this process is the store's one writer: an advisory lock on a file beside it, which names the holder
/// and goes away with it. A crash leaves the file, but not the lock.
///
/// The lock is not on the store itself, because closing any descriptor of a file drops SQLite's own locks on it.
final class WriterLock: Sendable {
  private let path: String
  private let descriptor: Int32

  private static func path(store: String) -> String { store + "-lock" }

  /// Whether `holder`, as the file names it, is the store's writer now.
  static func isHeld(store: String, by holder: String) -> Bool {
    let descriptor = open(path(store: store), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // Taken for a moment only; see `patience`.
    guard flock(descriptor, LOCK_SH | LOCK_NB) != 0, errno == EWOULDBLOCK else { return false }
    return self.holder(descriptor) == holder
  }

  /// How a holder is named.
  static func name(process: Int32, host: String) -> String { "process \(process) on \(host)" }

  /// Attempts 5 ms apart before the store is in use: who but looks whether it is (`isHeld`) has the lock for less.
  private static let patience = 20

  init(store: String) throws(StoreError) {
    path = Self.path(store: store)
    var left = Self.patience
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
      guard descriptor >= 0 else { throw .unwritable(path: path, reason: systemReason(errno)) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let code = errno
        if code == EWOULDBLOCK, left > 0 {
          left -= 1
          close(descriptor)
          usleep(5000)
          continue
        }
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
    let text = Array("\(Self.name(process: getpid(), host: ProcessInfo.processInfo.hostName))\n".utf8)
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
