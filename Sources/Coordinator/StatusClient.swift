public import SweepProtocol
public import ZeroMQ

/// Asks a coordinator how things stand, or to stop. For `strata status` and `strata run`.
public actor StatusClient {
  public typealias Answer = Result<ClientReply, any Error>

  private let loop = SocketLoop(name: "client")
  public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }

  private let endpoint: Endpoint
  private let security: CurveSecurity?
  private var context: Context?
  private var socket: Socket?
  private var monitor: SocketMonitor?
  /// Since when there is no connection; nil: there is one.
  private var unconnected: ContinuousClock.Instant?
  private var waiting: [(id: Int, body: @Sendable (Answer) -> Void)] = []
  private var asked = 0

  /// - Parameter security: of a coordinator that uses keys, and a key it allows.
  /// - Throws: `EndpointError`.
  public init(endpoint: String, security: CurveSecurity? = nil) throws {
    self.endpoint = try Endpoint(connecting: endpoint)
    self.security = security
  }

  /// Blocks the calling thread until the coordinator answers.
  ///
  /// - Throws: `CoordinatorError.noAnswer` after `timeout`, `handshake`, `unreadableAnswer`.
  public nonisolated func request(_ request: ClientRequest, timeout: Duration) throws -> ClientReply {
    try loop.wait { done in self.assumeIsolated { $0.ask(request, timeout, done) } }.get()
  }

  /// As `request`, without blocking.
  public func reply(to request: ClientRequest, timeout: Duration) async throws -> ClientReply {
    try await withCheckedThrowingContinuation { continuation in
      ask(request, timeout) { continuation.resume(with: $0) }
    }
  }

  private func ask(
    _ request: ClientRequest, _ timeout: Duration, _ body: @escaping @Sendable (Answer) -> Void
  ) {
    do {
      guard try connected().send([Wire.encode(request)]) == .sent else {
        return body(.failure(noAnswer(timeout)))
      }
      asked += 1
      let id = asked
      waiting.append((id, body))
      loop.schedule(after: timeout, for: self) { $0.giveUp(on: id, after: timeout) }
    } catch {
      body(.failure(error))
    }
  }

  private func connected() throws -> Socket {
    if let socket { return socket }
    var options = SocketOptions()
    // Requests wait for the connection; unsent ones are of no use later.
    options.immediate = false
    options.linger = .zero
    // A name is taken for its IPv4 address: libzmq tries one only, and coordinators listen on IPv4 by default.
    options.ipv6 = endpoint.host.contains(":")
    options.maximumMessageBytes = Wire.longestReply
    options.security = security
    let context = try self.context ?? Context()
    let socket = try Socket(context, .dealer, options: options)
    let monitor = try socket.monitor()
    unconnected = .now
    try socket.connect(endpoint.description)
    loop.watch(socket, for: self) { $0.receive() }
    loop.watch(monitor.socket, for: self) { $0.noteConnection() }
    self.context = context
    self.socket = socket
    self.monitor = monitor
    return socket
  }

  /// Replies come in the order of the requests.
  private func receive() {
    do {
      while let frames = try socket?.receive(), let bytes = frames.first {
        let reply = try Wire.decodeClientReply(bytes)
        if !waiting.isEmpty { waiting.removeFirst().body(.success(reply)) }
      }
    } catch let error as WireError {
      fail(CoordinatorError.unreadableAnswer(endpoint: endpoint.description, reason: error.description))
    } catch {
      fail(error)
    }
  }

  /// A coordinator that is being started again is back by then; where connections are refused for longer, none is.
  private static let refusalPatience = Duration.seconds(3)

  private func noteConnection() {
    while let event = try? monitor?.next() {
      switch event.kind {
      case .handshakeFailed(let failure):
        let reason = failure.explanation(security)
        return fail(CoordinatorError.handshake(endpoint: endpoint.description, reason: reason))
      case .ready: unconnected = nil
      case .disconnected: unconnected = unconnected ?? .now
      case .retrying:
        let waited = (unconnected ?? .now).duration(to: .now)
        if waited >= Self.refusalPatience { return fail(noAnswer(waited)) }
      case .listening, .accepted, .connected, .closed, .bindFailed, .acceptFailed, .stopped: break
      }
    }
  }

  private func giveUp(on id: Int, after timeout: Duration) {
    if waiting.contains(where: { $0.id == id }) { fail(noAnswer(timeout)) }
  }

  /// An answer that comes later must not be taken for the next request's, so the connection goes.
  private func fail(_ error: any Error) {
    for socket in [socket, monitor?.socket].compactMap({ $0 }) { loop.unwatch(socket) }
    socket = nil
    monitor = nil
    for (_, body) in waiting { body(.failure(error)) }
    waiting = []
  }

  private func noAnswer(_ timeout: Duration) -> CoordinatorError {
    .noAnswer(endpoint: endpoint.description, after: timeout)
  }
}
