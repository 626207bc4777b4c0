#if canImport(Glibc)
  import Glibc
#endif

/// Owned memory aligned to 64 bytes (a cache line and an AVX-512 register), zeroed, freed on deinit.
///
/// `@unchecked Sendable`: it is bare memory; whoever shares one orders the accesses.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  public static var alignment: Int { 64 }
  public let count: Int
  public let base: UnsafeMutablePointer<Element>

  public init(count: Int) {
    precondition(count >= 0)
    let bytes = max(count * MemoryLayout<Element>.stride, 1)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Self.alignment)
    memset(raw, 0, bytes)
    self.count = count
    self.base = raw.bindMemory(to: Element.self, capacity: max(count, 1))
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }

  public var buffer: UnsafeMutableBufferPointer<Element> { .init(start: base, count: count) }
}
