// A checkpoint's chunk on its way to the coordinator without the generated code: its bytes are copied once.

extension PlainWriter {
  /// A `CheckpointRequestEnvelope` after its frame's header.
  static func bytes(
    after header: [UInt8], worker: String, transfer: UInt64, offset: Int, _ bytes: [UInt8]
  ) -> [UInt8] {
    precondition(bytes.count <= CheckpointLimits.chunk, "a chunk has at most CheckpointLimits.chunk bytes")
    let offset = UInt64(clamping: offset)
    let size =
      (offset == 0 ? 0 : 1 + Self.size(offset))
      + (bytes.isEmpty ? 0 : 1 + Self.size(UInt64(bytes.count)) + bytes.count)
    return Self.bytes(after: header, atMost: 3 * overhead + worker.utf8.count + size) { writer in
      writer.add(1, worker)
      writer.add(2, transfer)
      writer.add(4, size: size) {
        $0.add(1, offset)
        $0.add(2, bytes)
      }
    }
  }
}

extension PlainReader {
  /// The envelope of a chunk, from the payload; nil: for the generated decoder to decide.
  static func chunk(_ payload: UnsafeRawBufferPointer) -> CheckpointRequestEnvelope? {
    var reader = PlainReader(payload)
    let worker = reader.text(1, upTo: TextLimit.name)
    let transfer = reader.unsigned(2)
    guard reader.has(4, .bytes), let worker = try? checkedUUID(worker, "") else { return nil }
    var offset = 0
    var bytes: [UInt8] = []
    reader.message {
      offset = $0.integer(1, upTo: CheckpointLimits.size)
      bytes = $0.bytes(2, upTo: CheckpointLimits.chunk)
    }
    guard !reader.failed, reader.isAtEnd else { return nil }
    return CheckpointRequestEnvelope(
      worker: worker, transfer: transfer, request: .chunk(offset: offset, bytes: bytes))
  }
}
