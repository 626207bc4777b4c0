internal import CZeroMQ
internal import Glibc

/// The patterns used: ROUTER serves many DEALERs; the others are for tests and in-process wiring.
public enum SocketKind: Sendable, Hashable {
  /// Every message begins with the routing id of the connection it came by or is to leave by.
  case router
  case dealer, pair, publisher
  /// Subscribed to everything.
  case subscriber
  /// Answers every message before it takes the next.
  case reply

  var code: Int32 {
    switch self {
    case .router: ZMQ_ROUTER
    case .dealer: ZMQ_DEALER
    case .pair: ZMQ_PAIR
    case .publisher: ZMQ_PUB
    case .subscriber: ZMQ_SUB
    case .reply: ZMQ_REP
    }
  }
}

/// A frame in two pieces, one after the other: bytes by the hundred thousand get a head without being copied for it.
public struct SplitFrame: Hashable, Sendable {
  public var head: [UInt8]
  public var body: ArraySlice<UInt8>

  public init(head: [UInt8], body: ArraySlice<UInt8> = []) {
    self.head = head
    self.body = body
  }
}

/// One libzmq socket. Not thread-safe and not `Sendable`: it belongs to the actor or thread that made it.
/// No call blocks. Closed when released, if `close` has not been called before.
public final class Socket {
  /// A message: its frames in order.
  public typealias Message = [[UInt8]]

  /// What became of a message. `sent` means queued, not delivered: peers acknowledge in their own messages.
  public enum SendResult: Sendable, Hashable {
    case sent
    /// The peer's queue is full, or (DEALER) no connection stands.
    case wouldBlock
    /// ROUTER: no connection has this routing id any more.
    case unreachable
  }

  public let kind: SocketKind
  public let options: SocketOptions
  let handle: UnsafeMutableRawPointer
  /// The file descriptor of the TCP connection that the message last received came by; −1: none, or not known.
  /// A monitor's events name connections by it.
  public private(set) var sourceDescriptor: Int32 = -1
  private var context: Context?
  /// Held until the socket is closed: libzmq's own threads would wait forever to tell a monitor that is gone.
  private var monitorEnd: Socket?
  /// The loop's, while it watches the socket: to be told of every use, because any may take in the news of a
  /// message that has arrived.
  weak var watch: LoopWatch?

  public init(_ context: Context, _ kind: SocketKind, options: SocketOptions = SocketOptions()) throws {
    guard let handle = zmq_socket(context.handle, kind.code) else {
      throw ZeroMQError("open a ZeroMQ socket")
    }
    do {
      try options.apply(to: handle, kind: kind)
    } catch {
      zmq_close(handle)
      throw error
    }
    self.context = context
    self.kind = kind
    self.options = options
    self.handle = handle
  }

  deinit { close() }

  /// Closes the socket and lets go of its context; messages sent still go out for up to `SocketOptions.linger`.
  /// Unwatch it first. Any other use afterwards is a programmer's error.
  public func close() {
    guard context != nil else { return }
    if monitorEnd != nil { zmq_socket_monitor(handle, nil, 0) }
    zmq_close(handle)
    monitorEnd?.close()
    context = nil
  }

  /// Listens on `endpoint`; port 0 (`tcp://127.0.0.1:*`) takes a free one, which `lastEndpoint` tells.
  public func bind(_ endpoint: String) throws {
    try ZeroMQError.check("listen on", endpoint)
    guard zmq_bind(handle, endpoint) == 0 else { throw ZeroMQError("listen on", endpoint: endpoint) }
  }

  /// Begins to connect, and keeps doing so in the background. A host name is resolved there too, so an unknown
  /// one shows only as a connection that never comes.
  public func connect(_ endpoint: String) throws {
    try ZeroMQError.check("connect to", endpoint)
    guard zmq_connect(handle, endpoint) == 0 else { throw ZeroMQError("connect to", endpoint: endpoint) }
  }

  /// The endpoint last bound or connected, its port resolved.
  public func lastEndpoint() throws -> String {
    var bytes = [CChar](repeating: 0, count: 512)
    var count = bytes.count
    guard zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &bytes, &count) == 0 else {
      throw ZeroMQError("read the endpoint of a socket")
    }
    return String(decoding: bytes[..<max(0, count - 1)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Queues `message`, all of its frames or none. For a ROUTER the first frame is the routing id.
  public func send(_ message: Message) throws -> SendResult {
    precondition(!message.isEmpty, "a message has at least one frame")
    precondition(context != nil, "a closed socket sends nothing")
    watch?.touch()
    for (index, frame) in message.enumerated() {
      let flags = ZMQ_DONTWAIT | (index + 1 < message.count ? ZMQ_SNDMORE : 0)
      while zmq_send(handle, frame, frame.count, flags) < 0 {
        switch zmq_errno() {
        case EINTR: continue
        case EAGAIN where index == 0: return .wouldBlock
        case EHOSTUNREACH where index == 0: return .unreachable
        default: throw ZeroMQError("send a message")
        }
      }
    }
    return .sent
  }

  /// Queues a message of one frame.
  public func send(_ frame: SplitFrame) throws -> SendResult {
    precondition(context != nil && kind != .router, "a message of one frame says no receiver")
    watch?.touch()
    var part = zmq_msg_t()
    guard zmq_msg_init_size(&part, frame.head.count + frame.body.count) == 0 else {
      throw ZeroMQError("send a message")
    }
    // Empty once it is sent.
    defer { zmq_msg_close(&part) }
    let memory = UnsafeMutableRawBufferPointer(start: zmq_msg_data(&part), count: zmq_msg_size(&part))
    frame.head.withUnsafeBytes { memory.copyMemory(from: $0) }
    let rest = UnsafeMutableRawBufferPointer(rebasing: memory.dropFirst(frame.head.count))
    frame.body.withUnsafeBytes { rest.copyMemory(from: $0) }
    while zmq_msg_send(&part, handle, ZMQ_DONTWAIT) < 0 {
      switch zmq_errno() {
      case EINTR: continue
      case EAGAIN: return .wouldBlock
      default: throw ZeroMQError("send a message")
      }
    }
    return .sent
  }

  /// The next message, or nil when none waits.
  public func receive() throws -> Message? { try receive { _ in } }

  /// A message, and what is known of the connection it came by.
  public struct Received {
    public var frames: Message
    /// The public key (Z85) the connection was let in by; nil for one let in without, as on a socket without CURVE.
    public var key: String?
    /// Of the connection, where there is a key.
    var descriptor: Int32?
  }

  /// As `receive`, with what is known of the sender.
  public func receiveIdentified() throws -> Received? {
    var key: String?
    var descriptor: Int32?
    // Every frame of a message carries what is known of its connection.
    let frames = try receive { part in
      guard key == nil, let user = zmq_msg_gets(&part, "User-Id") else { return }
      key = String(cString: user)
      descriptor = zmq_msg_get(&part, ZMQ_SRCFD)
    }
    return frames.map { Received(frames: $0, key: key, descriptor: descriptor) }
  }

  /// Ends the connection a message came by, which libzmq then takes for the peer's leaving: it has no such call itself.
  /// Should another peer of this socket have got that connection's descriptor since, it has to connect again.
  public func cutOff(_ sender: Received) {
    if let descriptor = sender.descriptor { cutOff(descriptor: descriptor) }
  }

  /// As `cutOff`, of the connection that has this file descriptor, if one of this socket's has.
  public func cutOff(descriptor: Int32) {
    guard descriptor >= 0, let port = try? Endpoint(lastEndpoint()).port else { return }
    var address = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let isOurs = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) == 0 }
    }
    // The port is in the same place for IPv4.
    guard isOurs, Int(UInt16(bigEndian: address.sin6_port)) == port else { return }
    shutdown(descriptor, Int32(SHUT_RDWR))
  }

  private func receive(_ inspect: (inout zmq_msg_t) -> Void) throws -> Message? {
    precondition(context != nil, "a closed socket receives nothing")
    watch?.touch()
    var part = zmq_msg_t()
    zmq_msg_init(&part)
    defer { zmq_msg_close(&part) }
    var frames: Message = []
    repeat {
      while zmq_msg_recv(&part, handle, ZMQ_DONTWAIT) < 0 {
        switch zmq_errno() {
        case EINTR: continue
        case EAGAIN where frames.isEmpty: return nil
        default: throw ZeroMQError("receive a message")
        }
      }
      inspect(&part)
      frames.append([UInt8](UnsafeRawBufferPointer(start: zmq_msg_data(&part), count: zmq_msg_size(&part))))
    } while zmq_msg_more(&part) != 0
    // A ROUTER's routing id, which libzmq puts before the message, does not tell.
    sourceDescriptor = zmq_msg_get(&part, ZMQ_SRCFD)
    return frames
  }

  /// Readable when libzmq has news for the socket, until `hasMessage` or another call takes them in.
  var descriptor: Int32 {
    var descriptor: Int32 = -1
    var size = MemoryLayout<Int32>.size
    let code = zmq_getsockopt(handle, ZMQ_FD, &descriptor, &size)
    precondition(code == 0, "an open socket has a descriptor")
    return descriptor
  }

  /// Whether a message waits.
  var hasMessage: Bool {
    var events: Int32 = 0
    var size = MemoryLayout<Int32>.size
    while zmq_getsockopt(handle, ZMQ_EVENTS, &events, &size) != 0 {
      // A context that is ending has no messages.
      guard zmq_errno() == EINTR else { return false }
    }
    return events & ZMQ_POLLIN != 0
  }

  /// Connection events of this socket from now on. At most once for a socket.
  ///
  /// - Parameter choice: what it tells; less than all for a listener with many peers.
  public func monitor(_ choice: SocketMonitor.Choice = .all) throws -> SocketMonitor {
    precondition(monitorEnd == nil, "a socket has one monitor")
    guard let context else { preconditionFailure("a closed socket has no monitor") }
    let endpoint = "inproc://monitor-\(UInt(bitPattern: handle))"
    var unlimited = SocketOptions()
    unlimited.receiveHighWater = 0
    let pair = try Socket(context, .pair, options: unlimited)
    guard zmq_socket_monitor(handle, endpoint, choice.events) == 0 else {
      throw ZeroMQError("monitor a socket at", endpoint: endpoint)
    }
    monitorEnd = pair
    try pair.connect(endpoint)
    return SocketMonitor(socket: pair)
  }
}
