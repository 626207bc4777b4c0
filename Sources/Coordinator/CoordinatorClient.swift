internal import Foundation
public import SweepProtocol
public import ZeroMQ

/// Asks a coordinator how things stand, or to stop. For `strata status` and `strata run`.
public actor CoordinatorClient {
  private let loop = SocketLoop(name: "client")
  public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }

  private let endpoint: Endpoint
  private var context: Context?
  private var socket: Socket?
  private var waiting: [(id: Int, continuation: CheckedContinuation<ClientReply, any Error>)] = []
  private var asked = 0

  public init(_ endpoint: Endpoint) { self.endpoint = endpoint }

  /// - Throws: `CoordinatorError.noAnswer` after `timeout`; `ZeroMQError` for an endpoint that is none.
  public func ask(_ request: ClientRequest, timeout: Duration = .seconds(5)) async throws -> ClientReply {
    let socket = try connected()
    asked += 1
    let id = asked
    guard try socket.send([Wire.encode(request)]) == .sent else { throw noAnswer(timeout) }
    loop.schedule(after: timeout, for: self) { $0.giveUp(on: id, after: timeout) }
    return try await withCheckedThrowingContinuation { waiting.append((id, $0)) }
  }

  private func connected() throws -> Socket {
    if let socket { return socket }
    var options = SocketOptions()
    // Requests wait for the connection; unsent ones are of no use later.
    options.immediate = false
    options.linger = .zero
    options.maximumMessageBytes = Wire.longestFrame
    let context = try self.context ?? Context()
    let socket = try Socket(context, .dealer, options: options)
    try socket.connect(endpoint.description)
    loop.watch(socket, for: self) { $0.receive() }
    self.context = context
    self.socket = socket
    return socket
  }

  /// Replies come in the order of the requests.
  private func receive() {
    do {
      while let frames = try socket?.receive(), let bytes = frames.first {
        let reply = try Wire.decodeClientReply(bytes)
        if !waiting.isEmpty { waiting.removeFirst().continuation.resume(returning: reply) }
      }
    } catch let error as WireError {
      fail(CoordinatorError.unreadableAnswer(endpoint: endpoint.description, reason: error.description))
    } catch {
      fail(error)
    }
  }

  private func giveUp(on id: Int, after timeout: Duration) {
    if waiting.contains(where: { $0.id == id }) { fail(noAnswer(timeout)) }
  }

  /// An answer that comes later must not be taken for the next request's, so the connection goes.
  private func fail(_ error: any Error) {
    if let socket { loop.unwatch(socket) }
    socket = nil
    for (_, continuation) in waiting { continuation.resume(throwing: error) }
    waiting = []
  }

  private func noAnswer(_ timeout: Duration) -> CoordinatorError {
    .noAnswer(endpoint: endpoint.description, after: timeout)
  }
}
