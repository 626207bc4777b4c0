/// Bytes that are not the message expected.
public enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Not this program's message at all: shorter than a header, or not beginning with `STRA`.
  case foreign(bytes: Int)
  /// Another version of the protocol.
  case version(theirs: UInt16)
  /// A kind of message that does not belong on this socket.
  case kind(UInt8)
  /// Longer than any message of its kind.
  case tooLong(bytes: Int, limit: Int)
  /// Not the protobuf message its header says.
  case undecodable(String)
  /// A field without its value, or with one outside its bounds.
  case field(String, String)

  public var description: String {
    switch self {
    case .foreign(let bytes): "a message of \(bytes) bytes is not of the strata protocol"
    case .version(let theirs):
      "the peer speaks protocol version \(theirs), this program version \(ProtocolVersion.current); "
        + "run the same program on both sides"
    case .kind(let kind): "a message of kind \(kind) does not belong on this socket"
    case .tooLong(let bytes, let limit): "a message has \(bytes) bytes, more than the \(limit) allowed"
    case .undecodable(let message): "a \(message) message cannot be decoded"
    case .field(let name, let problem): "the field \(name) of a message \(problem)"
    }
  }

  /// What the sender is to be told.
  public var refusal: RefusalReason {
    if case .version = self { .protocolVersion } else { .malformed }
  }
}
