public import Networks
import Tensors

/// Room for the levels of a network's activations, before or after any of its layers: bytes where none has more than
/// 8 bits, else 16-bit integers.
public final class LevelBuffer {
  public let isWide: Bool
  private let memory: AlignedBuffer<UInt8>

  public convenience init(of network: Network, images: Int, bits: Int) {
    self.init(count: images * network.largestActivation, bits: bits)
  }

  /// - Parameter count: of levels.
  init(count: Int, bits: Int) {
    isWide = bits > 8
    memory = AlignedBuffer(count: count * (isWide ? 2 : 1))
  }

  /// - Parameter index: of a level from the start, in whatever order a layer has.
  public subscript(index: Int) -> UInt16 {
    isWide ? pointer(as: UInt16.self)[index] : UInt16(pointer(as: UInt8.self)[index])
  }

  func pointer<Level: LevelScalar>(as _: Level.Type) -> UnsafeMutablePointer<Level> {
    precondition(MemoryLayout<Level>.size == (isWide ? 2 : 1))
    return UnsafeMutableRawPointer(memory.base).assumingMemoryBound(to: Level.self)
  }
}
