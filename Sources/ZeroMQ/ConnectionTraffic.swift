internal import Glibc

/// Bytes that a TCP connection has carried, as the kernel counts them.
public struct ConnectionTraffic: Sendable, Hashable {
  public var received: UInt64
  /// Acknowledged by the peer.
  public var sent: UInt64

  public init(received: UInt64, sent: UInt64) {
    self.received = received
    self.sent = sent
  }

  /// nil: the descriptor is no TCP connection's, or the kernel (before Linux 4.1) does not tell.
  public init?(descriptor: Int32) {
    // `tcp_info` of linux/tcp.h; glibc's own ends before what is asked for.
    var information = [UInt8](repeating: 0, count: 256)
    var size = socklen_t(information.count)
    guard getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &information, &size) == 0, size >= 136 else {
      return nil
    }
    (sent, received) = information.withUnsafeBytes {
      ($0.load(fromByteOffset: 120, as: UInt64.self), $0.load(fromByteOffset: 128, as: UInt64.self))
    }
  }

  /// Whether a server with CURVE has sent what it sends to a peer that it lets in: after 64 bytes of greeting and 170 of
  /// WELCOME the READY, of 54 bytes at least.
  public var isLetIn: Bool { sent >= 64 + 170 + 54 }

  /// Whether the peer has sent more than a client with CURVE does before it is let in: less than a kilobyte of
  /// greeting, HELLO and INITIATE.
  public var isAbuse: Bool { !isLetIn && received > 16 << 10 }
}
