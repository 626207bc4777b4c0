internal import CZeroMQ

/// What a socket is told before it binds or connects. The defaults suit links that last days and may die
/// without a word.
public struct SocketOptions: Sendable, Hashable {
  /// A ZMTP ping is sent after so long; a peer that leaves it unanswered for `heartbeatTimeout` is cut off, and
  /// is asked to cut us off after `heartbeatTimeToLive` of silence.
  /// A peer gone without a word is noticed within the sum of the two.
  public var heartbeatInterval = Duration.seconds(3)
  public var heartbeatTimeout = Duration.seconds(10)
  public var heartbeatTimeToLive = Duration.seconds(30)
  /// A connection that has not finished the ZMTP handshake by then is dropped.
  public var handshakeTimeout = Duration.seconds(10)
  /// An attempt at a TCP connection that has not succeeded by then is given up for another.
  public var connectTimeout = Duration.seconds(10)
  /// First wait before connecting again; doubled up to `reconnectMaximum`.
  public var reconnectInterval = Duration.milliseconds(100)
  public var reconnectMaximum = Duration.seconds(5)
  /// A peer that sends a longer frame is cut off.
  public var maximumMessageBytes = 64 << 20
  /// How long closing waits for messages still under way.
  public var linger = Duration.seconds(2)
  /// Messages queued per peer before sending reports `wouldBlock`, and before a sender is held back.
  public var sendHighWater = 1000
  public var receiveHighWater = 1000
  /// Bit n: input/output thread n of the context may serve its connections; 0: any thread.
  public var threads: UInt64 = 0
  /// TCP keepalive, for links that break where ZMTP pings are not answered by libzmq's own timer.
  public var keepalive = true
  /// Accept and make IPv6 connections besides IPv4 ones.
  public var ipv6 = true
  /// Queue messages only for connections that stand, rather than for ones that may never.
  public var immediate = true
  /// ROUTER only: a peer that comes back under the routing id of a living connection takes it over. Off, because
  /// routing ids here are made by the ROUTER for each connection and never repeat.
  public var handover = false
  /// nil: neither encrypted nor authenticated.
  public var security: CurveSecurity?

  public init() {}

  func apply(to handle: UnsafeMutableRawPointer, kind: SocketKind) throws {
    func set(_ option: Int32, _ value: Int32) throws {
      var value = value
      guard zmq_setsockopt(handle, option, &value, MemoryLayout<Int32>.size) == 0 else {
        throw ZeroMQError("set ZeroMQ option \(option) to \(value)")
      }
    }
    try set(ZMQ_HEARTBEAT_IVL, heartbeatInterval.milliseconds)
    try set(ZMQ_HEARTBEAT_TIMEOUT, heartbeatTimeout.milliseconds)
    try set(ZMQ_HEARTBEAT_TTL, heartbeatTimeToLive.milliseconds)
    try set(ZMQ_HANDSHAKE_IVL, handshakeTimeout.milliseconds)
    try set(ZMQ_CONNECT_TIMEOUT, connectTimeout.milliseconds)
    try set(ZMQ_RECONNECT_IVL, reconnectInterval.milliseconds)
    try set(ZMQ_RECONNECT_IVL_MAX, reconnectMaximum.milliseconds)
    try set(ZMQ_LINGER, linger.milliseconds)
    try set(ZMQ_SNDHWM, Int32(sendHighWater))
    try set(ZMQ_RCVHWM, Int32(receiveHighWater))
    try set(ZMQ_IPV6, ipv6 ? 1 : 0)
    try set(ZMQ_IMMEDIATE, immediate ? 1 : 0)
    if keepalive {
      try set(ZMQ_TCP_KEEPALIVE, 1)
      try set(ZMQ_TCP_KEEPALIVE_IDLE, 60)
      try set(ZMQ_TCP_KEEPALIVE_INTVL, 15)
      try set(ZMQ_TCP_KEEPALIVE_CNT, 4)
    }
    var largest = Int64(maximumMessageBytes)
    guard zmq_setsockopt(handle, ZMQ_MAXMSGSIZE, &largest, MemoryLayout<Int64>.size) == 0 else {
      throw ZeroMQError("limit ZeroMQ messages to \(maximumMessageBytes) bytes")
    }
    if threads != 0 {
      var threads = threads
      guard zmq_setsockopt(handle, ZMQ_AFFINITY, &threads, MemoryLayout<UInt64>.size) == 0 else {
        throw ZeroMQError("choose the input/output threads of a ZeroMQ socket")
      }
    }
    switch kind {
    case .router:
      // As many as may come back at once; the system has its own bound (net.core.somaxconn).
      try set(ZMQ_BACKLOG, 4096)
      try set(ZMQ_ROUTER_MANDATORY, 1)
      try set(ZMQ_ROUTER_HANDOVER, handover ? 1 : 0)
    case .subscriber:
      guard zmq_setsockopt(handle, ZMQ_SUBSCRIBE, "", 0) == 0 else { throw ZeroMQError("subscribe") }
    case .dealer, .pair, .publisher, .reply: break
    }
    try security?.apply(to: handle)
  }
}

extension Duration {
  /// Rounded down, and held within what a 32-bit libzmq option takes.
  var milliseconds: Int32 {
    let (seconds, attoseconds) = components
    return Int32(clamping: min(seconds, 2_000_000) * 1000 + attoseconds / 1_000_000_000_000_000)
  }
}
