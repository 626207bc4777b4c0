import Tensors
import Testing

@Suite struct AlignedBufferTests {
  /// Small buffers come from malloc, large ones from the system.
  @Test(arguments: [1000, 1_000_000]) func aReleasedBufferIsZeroAndCanBeUsedAgain(count: Int) {
    let buffer = AlignedBuffer<Float>(count: count)
    #expect(UInt(bitPattern: buffer.base) % UInt(AlignedBuffer<Float>.alignment) == 0)
    for _ in 0..<2 {
      #expect(buffer.buffer.allSatisfy { $0 == 0 })
      buffer.buffer.update(repeating: 7)
      buffer.release()
    }
    #expect(buffer.buffer.allSatisfy { $0 == 0 })
  }
}
