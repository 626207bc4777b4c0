internal import Foundation

// Checkpoint transfers on the wire.

extension WireCheckpointRequestEnvelope {
  init(_ envelope: CheckpointRequestEnvelope) {
    worker = envelope.worker
    transfer = envelope.transfer
    switch envelope.request {
    case .upload(let attempt, let descriptor):
      upload.attempt = WireAttempt(attempt)
      upload.checkpoint = WireCheckpoint(descriptor)
    case .chunk(let offset, let bytes): chunk = WireChunk(offset, Data(bytes))
    case .download(let attempt, let descriptor, let credit):
      download.attempt = WireAttempt(attempt)
      download.checkpoint = WireCheckpoint(descriptor)
      download.credit = UInt64(clamping: credit)
    case .credit(let offset): credit = UInt64(clamping: offset)
    case .cancel: cancel = WireCancel()
    }
  }

  func value() throws(WireError) -> CheckpointRequestEnvelope {
    CheckpointRequestEnvelope(
      worker: try checkedUUID(worker, "worker"), transfer: transfer, request: try content())
  }

  private func content() throws(WireError) -> CheckpointRequest {
    switch request {
    case .upload(let wire): .upload(try wire.attempt.value(), try wire.checkpoint.value())
    case .chunk(let wire):
      .chunk(offset: try wire.offsetValue(), bytes: try wire.bytesValue()[...])
    case .download(let wire):
      .download(
        try wire.attempt.value(), try wire.checkpoint.value(),
        credit: try checked(wire.credit, "download.credit", upTo: CheckpointLimits.size))
    case .credit(let offset): .credit(try checked(offset, "credit", upTo: CheckpointLimits.size))
    case .cancel: .cancel
    case nil: throw .field("request", "is missing")
    }
  }
}

extension WireCheckpointReplyEnvelope {
  private static let reasons = EnumerationMap<CheckpointRefusal, WireCheckpointRefused.Reason>([
    .superseded: .superseded, .outdated: .outdated, .corrupt: .corrupt, .disordered: .disordered,
    .tooLarge: .tooLarge, .storage: .storage,
  ])

  init(_ envelope: CheckpointReplyEnvelope) {
    transfer = envelope.transfer
    switch envelope.reply {
    case .credit(let offset): credit = UInt64(clamping: offset)
    case .stored: stored = WireStored()
    case .refused(let reason, let line):
      refused.reason = Self.reasons.encode(reason)
      refused.line = shortened(line, to: TextLimit.line)
    case .chunk(let offset, let bytes): chunk = WireChunk(offset, Data(bytes))
    case .done: done = WireDone()
    }
  }

  func value() throws(WireError) -> CheckpointReplyEnvelope {
    CheckpointReplyEnvelope(transfer: transfer, reply: try content())
  }

  private func content() throws(WireError) -> CheckpointReply {
    switch reply {
    case .credit(let offset): .credit(try checked(offset, "credit", upTo: CheckpointLimits.size))
    case .stored: .stored
    case .refused(let wire):
      .refused(
        try Self.reasons.decode(wire.reason, "refused.reason"),
        try checked(wire.line, "refused.line", upTo: TextLimit.line))
    case .chunk(let wire): .chunk(offset: try wire.offsetValue(), bytes: try wire.bytesValue())
    case .done: .done
    case nil: throw .field("reply", "is missing")
    }
  }
}

extension WireChunk {
  init(_ offset: Int, _ bytes: Data) {
    precondition(bytes.count <= CheckpointLimits.chunk, "a chunk has at most CheckpointLimits.chunk bytes")
    self.offset = UInt64(clamping: offset)
    self.bytes = bytes
  }

  func offsetValue() throws(WireError) -> Int {
    try checked(offset, "chunk.offset", upTo: CheckpointLimits.size)
  }

  func bytesValue() throws(WireError) -> [UInt8] {
    try checkCount(bytes.count, "chunk.bytes", upTo: CheckpointLimits.chunk)
    return [UInt8](bytes)
  }
}
