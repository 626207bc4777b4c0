// A checkpoint's chunk on its way to the coordinator without the generated code: its bytes are copied once on the one
// side, and not at all on the other.

extension PlainWriter {
  /// A `CheckpointRequestEnvelope` after its frame's header, up to the chunk's bytes, which end it.
  static func bytes(
    after header: [UInt8], worker: String, transfer: UInt64, offset: Int, count: Int
  ) -> [UInt8] {
    precondition(count <= CheckpointLimits.chunk, "a chunk has at most CheckpointLimits.chunk bytes")
    let offset = UInt64(clamping: offset)
    let size =
      (offset == 0 ? 0 : 1 + Self.size(offset))
      + (count == 0 ? 0 : 1 + Self.size(UInt64(count)) + count)
    return Self.bytes(after: header, atMost: 5 * overhead + worker.utf8.count) { writer in
      writer.add(1, worker)
      writer.add(2, transfer)
      writer.add(4, lengthOnly: size)
      writer.add(1, offset)
      if count > 0 { writer.add(2, lengthOnly: count) }
    }
  }
}

extension PlainReader {
  /// An envelope of a chunk, whose bytes stay where they are.
  struct Chunk {
    var worker: String
    var transfer: UInt64
    var offset: Int
    /// Of the payload.
    var bytes: Range<Int>
  }

  /// nil: for the generated decoder to decide.
  static func chunk(_ payload: UnsafeRawBufferPointer) -> Chunk? {
    var reader = PlainReader(payload)
    let worker = reader.text(1, upTo: TextLimit.name)
    let transfer = reader.unsigned(2)
    guard reader.has(4, .bytes), let worker = try? checkedUUID(worker, "") else { return nil }
    var offset = 0
    var bytes = 0..<0
    reader.message {
      offset = $0.integer(1, upTo: CheckpointLimits.size)
      bytes = $0.range(2, upTo: CheckpointLimits.chunk)
    }
    guard !reader.failed, reader.isAtEnd else { return nil }
    return Chunk(worker: worker, transfer: transfer, offset: offset, bytes: bytes)
  }
}
