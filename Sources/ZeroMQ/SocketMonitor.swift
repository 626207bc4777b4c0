internal import CZeroMQ

/// What happened to a connection, as libzmq tells it.
public struct ConnectionEvent: Sendable, Hashable {
  public enum Kind: Sendable, Hashable {
    case listening, accepted
    /// TCP stands; messages flow only after `ready`.
    case connected
    /// The ZMTP handshake is done.
    case ready
    case disconnected
    case retrying(after: Duration)
    case handshakeFailed(HandshakeFailure)
    case closed, bindFailed, acceptFailed, stopped
  }
  public let kind: Kind
  /// The endpoint concerned: for a listener its own, for a connection the peer's where libzmq tells it.
  public let endpoint: String
  /// The file descriptor of the connection made or closed; it may be another's soon after.
  public var descriptor: Int32?
}

/// The events of one socket. Belongs to the same thread; add `socket` to its `SocketLoop` to be called.
public struct SocketMonitor {
  public let socket: Socket

  /// Which events a monitor tells.
  public enum Choice: Sendable {
    /// All of them; failed handshakes; these with connections accepted and closed.
    case all, failures, listening

    var events: Int32 {
      let failures =
        ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
      return switch self {
      case .all: ZMQ_EVENT_ALL
      case .failures: failures
      case .listening: failures | ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED
      }
    }
  }

  /// The next event, or nil when none waits. Kinds of no interest are passed over.
  public func next() throws -> ConnectionEvent? {
    while let message = try socket.receive() {
      guard message.count == 2, message[0].count == 6 else { continue }
      let (code, value) = message[0].withUnsafeBytes {
        ($0.loadUnaligned(as: UInt16.self), $0.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
      }
      guard let kind = Self.kind(code: Int32(code), value: Int32(bitPattern: value)) else { continue }
      let isConnection = [.accepted, .connected, .disconnected].contains(kind)
      return ConnectionEvent(
        kind: kind, endpoint: String(decoding: message[1], as: UTF8.self),
        descriptor: isConnection ? Int32(bitPattern: value) : nil)
    }
    return nil
  }

  private static func kind(code: Int32, value: Int32) -> ConnectionEvent.Kind? {
    switch code {
    case ZMQ_EVENT_LISTENING: .listening
    case ZMQ_EVENT_ACCEPTED: .accepted
    case ZMQ_EVENT_CONNECTED: .connected
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: .ready
    case ZMQ_EVENT_DISCONNECTED: .disconnected
    case ZMQ_EVENT_CONNECT_RETRIED: .retrying(after: .milliseconds(value))
    // The value, an errno, is a stale one where the handshake took too long.
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: .handshakeFailed(.brokenOff)
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: .handshakeFailed(HandshakeFailure(protocolError: value))
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: .handshakeFailed(.notAllowed(status: Int(value)))
    case ZMQ_EVENT_CLOSED: .closed
    case ZMQ_EVENT_BIND_FAILED: .bindFailed
    case ZMQ_EVENT_ACCEPT_FAILED: .acceptFailed
    case ZMQ_EVENT_MONITOR_STOPPED: .stopped
    default: nil
    }
  }
}
