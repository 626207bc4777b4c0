internal import SweepProtocol
internal import ZeroMQ

/// One connection of a worker: a DEALER of its own, its monitor, and what waits to be sent.
struct WorkerLink {
  enum Change: Hashable {
    case ready
    /// The connection failed or was lost; with a failure, the two ends do not come to talk.
    case lost(HandshakeFailure?)
  }

  let socket: Socket
  let monitor: SocketMonitor
  private var outbox: [SplitFrame] = []
  private(set) var isReady = false

  init(_ context: Context, to endpoint: Endpoint, options: SocketOptions) throws {
    socket = try Socket(context, .dealer, options: options)
    monitor = try socket.monitor()
    try socket.connect(endpoint.description)
  }

  /// Sends `frame` after whatever waits already.
  mutating func send(_ frame: SplitFrame) throws {
    outbox.append(frame)
    try flush()
  }

  /// Sends what the connection takes now. Called again with every tick and every event.
  mutating func flush() throws {
    var sent = 0
    defer { outbox.removeFirst(sent) }
    while sent < outbox.count, try socket.send(outbox[sent]) == .sent { sent += 1 }
  }

  var isFlushed: Bool { outbox.isEmpty }

  /// The next thing that happened to the connection. A DEALER that lost its connection would make another by
  /// itself; here every connection is a socket of its own, and when to try again is the session's to say.
  mutating func nextChange() throws -> Change? {
    while let event = try monitor.next() {
      switch event.kind {
      case .ready:
        isReady = true
        return .ready
      case .disconnected, .closed, .retrying: return .lost(nil)
      case .handshakeFailed(let failure): return .lost(failure)
      case .connected, .listening, .accepted, .bindFailed, .acceptFailed, .stopped: continue
      }
    }
    return nil
  }
}
