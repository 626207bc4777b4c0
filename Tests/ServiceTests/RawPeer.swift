import Foundation
import SweepProtocol
import ZeroMQ

/// A peer that says what a test wants, on either socket of a coordinator.
actor RawPeer {
  private let loop = SocketLoop(name: "peer")
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }
  private let socket: Socket
  private var monitor: SocketMonitor?

  init(_ endpoint: String, _ security: CurveSecurity? = nil, receiveHighWater: Int = 1000) throws {
    var options = SocketOptions()
    options.receiveHighWater = receiveHighWater
    options.linger = .zero
    options.security = security
    let socket = try Socket(try Context(), .dealer, options: options)
    try socket.connect(endpoint)
    self.socket = socket
  }

  func send(_ frames: Socket.Message) async throws {
    try await eventually("a connection") { try socket.send(frames) == .sent ? true : nil }
  }

  /// Sends if the connection takes it now.
  func offer(_ frames: Socket.Message) throws { _ = try socket.send(frames) }

  func receive() throws -> [UInt8]? { try socket.receive()?.first }

  /// Whether the connection has ended since `watch`.
  func hasLostConnection() throws -> Bool {
    while let event = try monitor?.next() {
      if event.kind == .disconnected { return true }
    }
    return false
  }

  func watch() throws { monitor = try socket.monitor() }

  /// What `choose` makes of the next message that it makes something of, if such a one has come.
  func receiveCoordinatorMessage<T: Sendable>(_ choose: @Sendable (CoordinatorMessage) -> T?) throws -> T? {
    while let bytes = try receive() {
      if let chosen = choose(try Wire.decodeCoordinatorEnvelope(bytes).message) { return chosen }
    }
    return nil
  }
}
