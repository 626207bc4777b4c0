import OneDNN
import Tensors

/// Memory by slot name: every memory of a slot shares its bytes, as many as the largest needs. Nothing is
/// allocated before `allocate`, so that what is wanted is known in full.
final class MemoryArena {
  private let engine: Engine
  private var buffers: [String: AlignedBuffer<UInt8>] = [:]
  /// Buffers that memories bound earlier use, and whose slot has since needed a larger one.
  private var outgrown: [AlignedBuffer<UInt8>] = []
  private var unbound: [(slot: String, offset: Int, memory: Memory)] = []

  init(engine: Engine) { self.engine = engine }

  /// Makes a buffer of the caller's the slot's.
  func adopt(_ slot: String, _ buffer: AlignedBuffer<UInt8>) { buffers[slot] = buffer }

  /// - Parameter offset: where it begins in the slot, bytes.
  func memory(_ slot: String, _ layout: Layout, offset: Int = 0) throws -> Memory {
    let memory = try Memory(layout, engine: engine)
    unbound.append((slot, offset, memory))
    return memory
  }

  /// Gives the memory back to the system, which brings zeros when it is used again.
  func release() {
    for buffer in Array(buffers.values) + outgrown { buffer.release() }
  }

  /// Allocates what slots lack and binds all memories asked for since the last call.
  func allocate() throws {
    var wanted: [String: Int] = [:]
    for (slot, offset, memory) in unbound {
      wanted[slot] = max(wanted[slot] ?? 0, offset + memory.layout.bytes)
    }
    for (slot, bytes) in wanted where buffers[slot].map({ $0.count < bytes }) ?? true {
      if let old = buffers[slot] { outgrown.append(old) }
      buffers[slot] = AlignedBuffer(count: bytes)
    }
    for (slot, offset, memory) in unbound { try memory.bind(to: buffers[slot]!.base + offset) }
    unbound = []
  }
}
