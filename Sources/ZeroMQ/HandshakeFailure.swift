internal import CZeroMQ

/// Why two peers did not come to talk, as libzmq tells it to either.
public enum HandshakeFailure: Hashable, Sendable {
  /// The other end broke off, or did not finish in time. A client with another server's key sees this; and where only
  /// one end uses keys, whichever hears of it second may see this instead of `otherMechanism`.
  case brokenOff
  /// One end uses keys, the other does not.
  case otherMechanism
  /// What the other end sealed cannot be opened: it takes another key for this end's.
  case otherKey
  /// The server does not allow the client's key. The ZAP status.
  case notAllowed(status: Int)
  /// The other end does not speak this protocol. libzmq's code.
  case foreign(code: Int32)

  /// Of an event `ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL`.
  init(protocolError code: Int32) {
    self =
      switch code {
      case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: .otherMechanism
      case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC, ZMQ_PROTOCOL_ERROR_ZMTP_KEY_EXCHANGE: .otherKey
      default: .foreign(code: code)
      }
  }

  /// For whoever connected to a coordinator by `security`: what is wrong, and what would be right.
  public func explanation(_ security: CurveSecurity?) -> String {
    switch (self, security) {
    case (.notAllowed(400), let security?):
      "it does not allow the key \(security.publicKey); on its machine: strata workers allow "
        + "'\(security.publicKey)' --name NAME --worker-keys FILE"
    case (.notAllowed(let status), _): "it could not decide whether to let this key in (status \(status))"
    case (.otherMechanism, nil): "it lets in keys only; give --key and --coordinator-key"
    case (.otherMechanism, _): "it uses no keys; start it with --key, or leave --key out here"
    case (.brokenOff, .client(_, let server)), (.otherKey, .client(_, let server)):
      "it broke the handshake off, as a coordinator does that uses no keys, or whose public key is not the "
        + "--coordinator-key given, \(server)"
    case (.brokenOff, _), (.otherKey, _):
      "it broke the handshake off, as a coordinator does that lets in keys only (--key and --coordinator-key)"
    case (.foreign(let code), _): "it speaks another protocol (ZMTP error 0x\(String(code, radix: 16)))"
    }
  }

  /// For the server of `security`, about a client.
  public func refusal(_ security: CurveSecurity?) -> String {
    switch (self, security) {
    case (.notAllowed, _): "its key is not allowed"
    case (.otherMechanism, nil): "it uses a key, and this coordinator listens without --key"
    case (.otherMechanism, _): "it has no key; start it with --key and --coordinator-key"
    case (.otherKey, let security?):
      "it takes another key for this coordinator's; give it --coordinator-key '\(security.publicKey)'"
    case (.otherKey, nil), (.brokenOff, nil):
      "it broke the handshake off, as one does that uses a key, and this coordinator listens without --key; or it "
        + "did not finish in time"
    case (.brokenOff, _):
      "it broke the handshake off, as one does that has no key and needs --key and --coordinator-key; or it did not "
        + "finish in time"
    case (.foreign(let code), _): "it speaks another protocol (ZMTP error 0x\(String(code, radix: 16)))"
    }
  }
}
