import Crypto
package import Foundation

#if canImport(Glibc)
  import Glibc
#endif

/// A file being received: every byte written is hashed too.
package final class ArchiveSink {
  private let path: String
  private let descriptor: Int32
  private var hash = Insecure.MD5()

  package init(path: String) throws(DatasetError) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw Self.error(path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// - Throws: `DatasetError`, e.g. for a full disk.
  package func write(_ data: Data) throws {
    hash.update(data: data)
    try data.withUnsafeBytes(writeAll)
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    while let base = rest.baseAddress, !rest.isEmpty {
      let written = Glibc.write(descriptor, base, rest.count)
      if written < 0 && errno == EINTR { continue }
      guard written >= 0 else { throw Self.error(path) }
      rest = UnsafeRawBufferPointer(rebasing: rest[written...])
    }
  }

  /// Makes the bytes durable; the MD5 of all of them in hexadecimal.
  func finish() throws(DatasetError) -> String {
    guard fsync(descriptor) == 0 else { throw Self.error(path) }
    return hash.finalize().map { String(format: "%02x", $0) }.joined()
  }

  private static func error(_ path: String) -> DatasetError {
    DatasetError("\(path): cannot be written: \(String(cString: strerror(errno)))")
  }
}
