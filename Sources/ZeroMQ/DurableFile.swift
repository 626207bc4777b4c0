package import Foundation

/// Small files that must be private or trustworthy, and whole whenever they are there.
package enum DurableFile {
  /// The file's bytes, if its owner is this user or root.
  ///
  /// - Parameters:
  ///   - limit: a longer file is refused.
  ///   - bits: permissions nobody may have; `advice` takes them away.
  package static func read(
    _ path: String, upTo limit: Int, forbidding bits: mode_t, advice: String
  ) throws(KeyFileError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(path, "read") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(path, "read") }
    guard status.st_mode & S_IFMT == S_IFREG else { throw KeyFileError(path, "it is no regular file") }
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw KeyFileError(path, "it belongs to user \(status.st_uid), not to this one (\(geteuid())) or root")
    }
    guard status.st_mode & bits == 0 else {
      let mode = String(status.st_mode & 0o777, radix: 8)
      throw KeyFileError(path, "its permissions are 0\(mode), so others can get at it: \(advice) '\(path)'")
    }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes {
        Foundation.read(descriptor, $0.baseAddress! + count, $0.count - count)
      }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw failure(path, "read") }
      if got == 0 { break }
      count += got
    }
    guard count <= limit else { throw KeyFileError(path, "it has more than \(limit) bytes") }
    return Array(bytes[..<count])
  }

  /// Writes a file that must not be there yet; gone again if that fails.
  package static func create(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(KeyFileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else {
      if errno == EEXIST { throw KeyFileError(path, "it is there already; remove it or choose another name") }
      throw failure(path, "create")
    }
    // Whatever the umask says.
    var isWritten = fchmod(descriptor, mode) == 0
    var count = 0
    while isWritten, count < bytes.count {
      let put = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + count, $0.count - count) }
      if put < 0 && errno == EINTR { continue }
      isWritten = put > 0
      count += max(put, 0)
    }
    isWritten = isWritten && fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    guard isWritten else {
      unlink(path)
      throw KeyFileError(path, "cannot write it: \(String(cString: strerror(code)))")
    }
    try synchronizeFolder(of: path)
  }

  /// Replaces a file, by another of this mode.
  package static func replace(_ path: String, _ bytes: [UInt8], mode: mode_t) throws(KeyFileError) {
    let temporary = "\(path).\(UUID().uuidString).tmp"
    try create(temporary, bytes, mode: mode)
    guard rename(temporary, path) == 0 else {
      let error = failure(path, "replace")
      unlink(temporary)
      throw error
    }
    try synchronizeFolder(of: path)
  }

  /// So that the name survives a power failure.
  private static func synchronizeFolder(of path: String) throws(KeyFileError) {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(folder, "open") }
    defer { close(descriptor) }
    // Some network file systems have no fsync for directories and say EINVAL.
    guard fsync(descriptor) == 0 || errno == EINVAL else { throw failure(folder, "make durable") }
  }

  /// Of the call that just failed.
  package static func failure(_ path: String, _ what: String) -> KeyFileError {
    KeyFileError(path, "cannot \(what) it: \(String(cString: strerror(errno)))")
  }
}
