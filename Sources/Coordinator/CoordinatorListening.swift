internal import Foundation
internal import Logging
internal import SweepProtocol
internal import ZeroMQ

extension CoordinatorService {
  /// Opens both sockets, at the ports asked for, or those the store was last served at so that its workers find
  /// their way back, or any.
  func listen() throws -> Announcement {
    DescriptorLimit.raise()
    // The first for messages alone: chunks of checkpoints, to be decrypted perhaps, hold up none of them.
    let context = try Context(ioThreads: 1 + Self.checkpointThreads)
    self.context = context
    if let keys = options.keys { try openGate(keys, context) }
    let recorded = try store.ports()
    var socketOptions = options.socket
    // A peer has few messages under way at a time (`WorkerSettings.window`, a transfer's credit): a queue not much
    // longer bounds the memory that one may fill.
    socketOptions.receiveHighWater = 64
    // Likewise for what one does not read, such as statuses asked for again and again. What is dropped then is sent
    // again until it is answered.
    socketOptions.sendHighWater = 64
    // An honest one takes milliseconds; one that is cut off because this machine is busy comes back.
    socketOptions.handshakeTimeout = min(socketOptions.handshakeTimeout, .seconds(5))
    // For every message libzmq goes through the timers of all connections, and thousands of workers would each have
    // some here. Workers watch the connection; that one is silent is for the scheduler to notice, and TCP's keepalive.
    socketOptions.heartbeatInterval = .zero
    socketOptions.maximumMessageBytes = Wire.longestFrame
    socketOptions.threads = 1
    let main = try bound(context, socketOptions, asked: options.port, recorded: recorded?.messages)
    socketOptions.receiveHighWater = 16
    // Eight transfers' windows: a worker has one or two under way.
    socketOptions.sendHighWater = 32
    socketOptions.maximumMessageBytes = CheckpointLimits.chunk + 65536
    socketOptions.threads = ((1 << UInt64(Self.checkpointThreads)) - 1) << 1
    let second = try bound(
      context, socketOptions, asked: options.checkpointPort, recorded: recorded?.checkpoints)
    messages = main.socket
    checkpoints = second.socket
    for socket in [main.socket, second.socket] { try watchConnections(of: socket) }
    let ports = RecordedPorts(messages: main.endpoint.port, checkpoints: second.endpoint.port)
    if ports != recorded { try store.record(ports) }
    return Announcement(
      messages: main.endpoint.description, checkpoints: second.endpoint.description,
      host: ProcessInfo.processInfo.hostName, pid: getpid(), started: Date(),
      key: options.keys.map { "\($0.own.publicKey)" }, keyFile: options.keys?.file)
  }

  /// Input/output threads of the checkpoint socket: with keys each decrypts less than a fast network brings.
  private static let checkpointThreads = max(1, min(4, ProcessInfo.processInfo.activeProcessorCount / 4))

  private func bound(
    _ context: Context, _ socketOptions: SocketOptions, asked: Int?, recorded: Int?
  ) throws -> (socket: Socket, endpoint: Endpoint) {
    let socket = try Socket(context, .router, options: socketOptions)
    // libzmq binds to addresses and interfaces, not to names.
    let address = options.address == "localhost" ? "127.0.0.1" : options.address
    var endpoint = Endpoint(host: address, port: asked ?? recorded ?? 0)
    do {
      try socket.bind(endpoint.description)
    } catch let error as ZeroMQError where error.reason == .addressInUse && asked == nil && recorded != nil {
      logger.notice("port \(endpoint.port), where this store was last served, is in use; taking another")
      endpoint.port = 0
      try socket.bind(endpoint.description)
    }
    endpoint.port = try Endpoint(socket.lastEndpoint()).port
    return (socket, endpoint)
  }
}
