#if canImport(Glibc)
  import Glibc
#endif

/// A file's bytes, mapped read-only: processes that map the same file share its pages.
///
/// `@unchecked Sendable`: the memory is never written through this mapping.
final class MappedFile: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  /// Maps a regular file of exactly `size` bytes; anything else is an error that names it.
  init(path: String, size: Int, of format: String) throws(DatasetError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw DatasetError(
        "\(path): \(String(cString: strerror(errno))); expected a \(format) of \(size) bytes")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw DatasetError("\(path): not a regular file; expected a \(format) of \(size) bytes")
    }
    guard status.st_size == size else {
      let verdict = status.st_size < size ? "truncated or incomplete" : "not such a file"
      throw DatasetError(
        "\(path): \(status.st_size) bytes, but a \(format) has exactly \(size) bytes (\(verdict))")
    }
    let address = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw DatasetError("\(path): cannot be mapped: \(String(cString: strerror(errno)))")
    }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
}
