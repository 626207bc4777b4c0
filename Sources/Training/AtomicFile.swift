public import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A file operation the system refused.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  public let path: String
  /// What was tried, e.g. `write`.
  public let operation: String
  /// The system's `errno`.
  public let code: Int32

  public init(path: String, operation: String, code: Int32) {
    self.path = path
    self.operation = operation
    self.code = code
  }

  public var description: String { "\(path): cannot \(operation): \(String(cString: strerror(code)))" }
}

/// Files that appear whole or not at all, even if the process or the machine stops half-way.
public enum AtomicFile {
  /// Replaces the file at `url` by `bytes`: a temporary file beside it, made durable, renamed over it.
  /// - Throws: `FileError`; then a file that was there before is untouched and the temporary one is gone.
  public static func write(_ bytes: some ContiguousBytes, to url: URL) throws(FileError) {
    let directory = url.deletingLastPathComponent()
    let temporary = directory.appendingPathComponent(".\(url.lastPathComponent).\(UUID().uuidString).tmp")
      .path
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileError(path: url.path, operation: "create", code: errno) }
    var failure = bytes.withUnsafeBytes { writeAll($0, to: descriptor) ? nil : ("write", errno) }
    if failure == nil, fsync(descriptor) != 0 { failure = ("make durable", errno) }
    if close(descriptor) != 0, failure == nil { failure = ("close", errno) }
    if failure == nil, rename(temporary, url.path) != 0 { failure = ("replace", errno) }
    if let (operation, code) = failure {
      unlink(temporary)
      throw FileError(path: url.path, operation: operation, code: code)
    }
    try synchronize(directory: directory)
  }

  private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes
    while let base = rest.baseAddress, !rest.isEmpty {
      let written = Glibc.write(descriptor, base, rest.count)
      if written < 0 && errno == EINTR { continue }
      guard written >= 0 else { return false }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
    return true
  }

  /// Makes the directory's entries durable, so that the new name survives a power failure.
  private static func synchronize(directory: URL) throws(FileError) {
    let descriptor = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(path: directory.path, operation: "open", code: errno) }
    defer { close(descriptor) }
    // Some network file systems have no fsync for directories and say EINVAL.
    guard fsync(descriptor) == 0 || errno == EINVAL else {
      throw FileError(path: directory.path, operation: "make durable", code: errno)
    }
  }
}
