internal import Sweeps
internal import SwiftProtobuf

/// A message that arrives on the coordinator's message socket.
public enum InboundMessage: Hashable, Sendable {
  case worker(WorkerEnvelope)
  case client(ClientRequest)
}

/// Messages to bytes and back; `strata.proto` gives the grammar.
///
/// Whatever is encoded can be decoded: texts for people are shortened to their bounds. Decoding any bytes gives
/// a message within all bounds or throws, and uses memory in proportion to their number.
public enum Wire {
  /// Bytes of a frame at most that a coordinator or a worker is sent, CURVE's own among them (33); for
  /// `ZMQ_MAXMSGSIZE`. Strangers can send as much before they are known as such.
  public static let longestFrame = Kind.worker.limit + 64
  /// Likewise of one that answers a client.
  public static let longestReply = Kind.clientReply.limit + 64

  public static func encode(_ envelope: WorkerEnvelope) -> [UInt8] {
    switch envelope.message {
    case .snapshot(let attempt, let snapshot):
      PlainWriter.bytes(
        after: header(.worker), worker: envelope.worker, sequence: envelope.sequence, attempt, snapshot)
    case .finished(let report):
      PlainWriter.bytes(
        after: header(.worker), worker: envelope.worker, sequence: envelope.sequence, report)
    case .heartbeat(let heartbeat) where heartbeat.held.isEmpty:
      PlainWriter.bytes(after: header(.worker), worker: envelope.worker, idle: heartbeat)
    default: encodeGenerated(envelope)
    }
  }
  static func encodeGenerated(_ envelope: WorkerEnvelope) -> [UInt8] {
    frame(.worker, WireWorkerEnvelope(envelope))
  }
  public static func encode(_ envelope: CoordinatorEnvelope) -> [UInt8] {
    PlainWriter.bytes(after: header(.coordinator), envelope) ?? encodeGenerated(envelope)
  }
  static func encodeGenerated(_ envelope: CoordinatorEnvelope) -> [UInt8] {
    frame(.coordinator, WireCoordinatorEnvelope(envelope))
  }
  public static func encode(_ request: ClientRequest) -> [UInt8] {
    frame(.clientRequest, WireClientRequest(request))
  }
  public static func encode(_ reply: ClientReply) -> [UInt8] {
    if case .status(let status) = reply { return PlainWriter.bytes(after: header(.clientReply), status) }
    return encodeGenerated(reply)
  }
  static func encodeGenerated(_ reply: ClientReply) -> [UInt8] {
    frame(.clientReply, WireClientReply(reply))
  }
  public static func encode(_ envelope: CheckpointRequestEnvelope) -> [UInt8] {
    let (head, bytes) = encodeSplit(envelope)
    return head + bytes
  }
  /// The same frame in two pieces: what comes before the bytes of a chunk, and these where they lie.
  public static func encodeSplit(
    _ envelope: CheckpointRequestEnvelope
  ) -> (head: [UInt8], bytes: ArraySlice<UInt8>) {
    guard case .chunk(let offset, let bytes) = envelope.request else {
      return (encodeGenerated(envelope), [])
    }
    let head = PlainWriter.bytes(
      after: header(.checkpointRequest), worker: envelope.worker, transfer: envelope.transfer, offset: offset,
      count: bytes.count)
    return (head, bytes)
  }
  static func encodeGenerated(_ envelope: CheckpointRequestEnvelope) -> [UInt8] {
    frame(.checkpointRequest, WireCheckpointRequestEnvelope(envelope))
  }
  public static func encode(_ envelope: CheckpointReplyEnvelope) -> [UInt8] {
    frame(.checkpointReply, WireCheckpointReplyEnvelope(envelope))
  }

  public static func decodeInbound(_ bytes: [UInt8]) throws(WireError) -> InboundMessage {
    switch try kind(of: bytes) {
    case .worker:
      if let envelope = plainWorker(bytes) { .worker(envelope) } else { try decodeGenerated(bytes) }
    case .clientRequest:
      .client(try payload(WireClientRequest.self, of: bytes).value())
    case let other:
      throw .kind(other.rawValue)
    }
  }
  static func decodeGenerated(_ bytes: [UInt8]) throws(WireError) -> InboundMessage {
    .worker(try payload(WireWorkerEnvelope.self, of: bytes, shape: .worker).value())
  }
  /// nil: for the generated decoder to decide.
  static func plainWorker(_ bytes: [UInt8]) -> WorkerEnvelope? {
    bytes.withUnsafeBytes { PlainReader.worker(UnsafeRawBufferPointer(rebasing: $0.dropFirst(headerSize))) }
  }
  public static func decodeCoordinatorEnvelope(_ bytes: [UInt8]) throws(WireError) -> CoordinatorEnvelope {
    try expect(.coordinator, in: bytes)
    if let envelope = plainExchange(bytes) { return envelope }
    return try decodeGeneratedExchange(bytes)
  }
  static func decodeGeneratedExchange(_ bytes: [UInt8]) throws(WireError) -> CoordinatorEnvelope {
    try payload(WireCoordinatorEnvelope.self, of: bytes).value()
  }
  /// nil: for the generated decoder to decide.
  static func plainExchange(_ bytes: [UInt8]) -> CoordinatorEnvelope? {
    bytes.withUnsafeBytes { PlainReader.exchange(UnsafeRawBufferPointer(rebasing: $0.dropFirst(headerSize))) }
  }
  public static func decodeClientReply(_ bytes: [UInt8]) throws(WireError) -> ClientReply {
    try expect(.clientReply, in: bytes)
    return try payload(WireClientReply.self, of: bytes, shape: .clientReply).value()
  }
  public static func decodeCheckpointRequest(
    _ bytes: [UInt8]
  ) throws(WireError) -> CheckpointRequestEnvelope {
    try expect(.checkpointRequest, in: bytes)
    if let envelope = chunk(bytes) { return envelope }
    return try decodeGeneratedRequest(bytes)
  }
  static func decodeGeneratedRequest(_ bytes: [UInt8]) throws(WireError) -> CheckpointRequestEnvelope {
    try payload(WireCheckpointRequestEnvelope.self, of: bytes).value()
  }
  /// nil: for the generated decoder to decide.
  static func chunk(_ bytes: [UInt8]) -> CheckpointRequestEnvelope? {
    let chunk = bytes.withUnsafeBytes {
      PlainReader.chunk(UnsafeRawBufferPointer(rebasing: $0.dropFirst(headerSize)))
    }
    guard let chunk else { return nil }
    let range = chunk.bytes.lowerBound + headerSize..<chunk.bytes.upperBound + headerSize
    return CheckpointRequestEnvelope(
      worker: chunk.worker, transfer: chunk.transfer,
      request: .chunk(offset: chunk.offset, bytes: bytes[range]))
  }
  public static func decodeCheckpointReply(_ bytes: [UInt8]) throws(WireError) -> CheckpointReplyEnvelope {
    try expect(.checkpointReply, in: bytes)
    return try payload(WireCheckpointReplyEnvelope.self, of: bytes).value()
  }

  enum Kind: UInt8 {
    case worker = 1
    case coordinator, clientRequest, clientReply, checkpointRequest, checkpointReply

    var limit: Int {
      switch self {
      case .worker: SnapshotSize.limit
      case .coordinator, .clientRequest: 1 << 20
      case .clientReply: 16 << 20
      case .checkpointRequest, .checkpointReply: CheckpointLimits.chunk + 4096
      }
    }
  }

  private static let magic = Array("STRA".utf8)
  private static let headerSize = 7

  private static func frame(_ kind: Kind, _ payload: some SwiftProtobuf.Message) -> [UInt8] {
    // Protobuf encoding fails only for missing required fields and text that is not Unicode; there are neither.
    frame(kind, try! payload.serializedBytes(options: deterministic))
  }

  private static func frame(_ kind: Kind, _ encoded: [UInt8]) -> [UInt8] {
    var bytes = header(kind)
    bytes.reserveCapacity(headerSize + encoded.count)
    bytes.append(contentsOf: encoded)
    return bytes
  }

  private static func header(_ kind: Kind) -> [UInt8] {
    magic + [
      kind.rawValue, UInt8(truncatingIfNeeded: ProtocolVersion.current),
      UInt8(truncatingIfNeeded: ProtocolVersion.current >> 8),
    ]
  }

  private static let deterministic: BinaryEncodingOptions = {
    var options = BinaryEncodingOptions()
    options.useDeterministicOrdering = true
    return options
  }()

  private static let decoding: BinaryDecodingOptions = {
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = 8
    options.discardUnknownFields = true
    return options
  }()

  private static func kind(of bytes: [UInt8]) throws(WireError) -> Kind {
    guard bytes.count >= headerSize, bytes.starts(with: magic) else { throw .foreign(bytes: bytes.count) }
    let version = UInt16(bytes[5]) | UInt16(bytes[6]) << 8
    guard version == ProtocolVersion.current else { throw .version(theirs: version) }
    guard let kind = Kind(rawValue: bytes[4]) else { throw .kind(bytes[4]) }
    guard bytes.count <= kind.limit else { throw .tooLong(bytes: bytes.count, limit: kind.limit) }
    return kind
  }

  private static func expect(_ expected: Kind, in bytes: [UInt8]) throws(WireError) {
    let found = try kind(of: bytes)
    guard found == expected else { throw .kind(found.rawValue) }
  }

  private static func payload<M: SwiftProtobuf.Message>(
    _ type: M.Type, of bytes: [UInt8], shape: WireShape = .plain
  ) throws(WireError) -> M {
    try shape.check(bytes[headerSize...])
    do {
      return try M(serializedBytes: Array(bytes[headerSize...]), options: decoding)
    } catch {
      throw .undecodable(String(M.protoMessageName.dropFirst("strata.".count)))
    }
  }
}
