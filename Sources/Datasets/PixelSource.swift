import Glibc
import Tensors

/// Where the bytes of images lie.
protocol PixelSource: Sendable {
  /// Fills `bytes` with those from `offset` on.
  func read(at offset: Int, into bytes: UnsafeMutableRawBufferPointer) throws(DatasetError)
}

extension AlignedBuffer<UInt8>: PixelSource {
  func read(at offset: Int, into bytes: UnsafeMutableRawBufferPointer) {
    bytes.copyMemory(from: UnsafeRawBufferPointer(start: base + offset, count: bytes.count))
  }
}

/// A file that is read anew whenever its bytes are wanted: the system's cache holds them for all processes, and none
/// of them is resident in this one.
final class DataFile: PixelSource {
  let path: String
  private let descriptor: Int32

  /// Opens a regular file of exactly `size` bytes; anything else is an error that names it.
  init(path: String, size: Int, of format: String) throws(DatasetError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw DatasetError(
        "\(path): \(String(cString: strerror(errno))); expected a \(format) of \(size) bytes")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DatasetError("\(path): not a regular file; expected a \(format) of \(size) bytes")
    }
    guard status.st_size == size else {
      let verdict = status.st_size < size ? "truncated or incomplete" : "not such a file"
      throw DatasetError(
        "\(path): \(status.st_size) bytes, but a \(format) has exactly \(size) bytes (\(verdict))")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func read(at offset: Int, into bytes: UnsafeMutableRawBufferPointer) throws(DatasetError) {
    var done = 0
    while done < bytes.count {
      let count = pread(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let reason = count < 0 ? String(cString: strerror(errno)) : "the file has become shorter"
        throw DatasetError("\(path): cannot read byte \(offset + done): \(reason)")
      }
      done += count
    }
  }
}
