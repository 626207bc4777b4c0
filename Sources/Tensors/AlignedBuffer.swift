import Glibc

/// Owned memory aligned to 64 bytes (a cache line and an AVX-512 register), zeroed, freed on deinit.
///
/// Large buffers are mapped from the system and go back to it at once: malloc would keep what one trial freed for
/// a thread that is gone.
///
/// `@unchecked Sendable`: it is bare memory; whoever shares one orders the accesses.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  public static var alignment: Int { 64 }
  public let count: Int
  public let base: UnsafeMutablePointer<Element>
  private let bytes: Int

  /// Bytes. The address sanitizer guards what malloc gives, and nothing else.
  private static var mappedFrom: Int {
    #if SANITIZE_ADDRESS
      Int.max
    #else
      1 << 18
    #endif
  }

  /// Bytes from which the system is asked for large pages: a step goes through so much memory that finding the pages
  /// of usual size costs a twentieth of it.
  private static var hugeFrom: Int { 4 << 20 }

  /// - Parameter isSparse: that little of it will ever be written to, here and there: large pages are not asked for,
  ///   which would take more time to clear than they save.
  public init(count: Int, isSparse: Bool = false) {
    precondition(count >= 0)
    bytes = max(count * MemoryLayout<Element>.stride, 1)
    let raw: UnsafeMutableRawPointer
    if bytes >= Self.mappedFrom {
      let mapped = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let mapped, mapped != MAP_FAILED else { fatalError("out of memory: \(bytes) bytes") }
      if bytes >= Self.hugeFrom, !isSparse { madvise(mapped, bytes, MADV_HUGEPAGE) }
      raw = mapped
    } else {
      raw = .allocate(byteCount: bytes, alignment: Self.alignment)
      memset(raw, 0, bytes)
    }
    self.count = count
    self.base = raw.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  deinit {
    if bytes >= Self.mappedFrom { munmap(base, bytes) } else { UnsafeMutableRawPointer(base).deallocate() }
  }

  /// Sets all to zero; a large buffer takes up memory again only as it is written to.
  public func release() {
    if bytes >= Self.mappedFrom { madvise(base, bytes, MADV_DONTNEED) } else { memset(base, 0, bytes) }
  }

  public var buffer: UnsafeMutableBufferPointer<Element> { .init(start: base, count: count) }
}
