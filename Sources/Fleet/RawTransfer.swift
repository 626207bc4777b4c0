public import Foundation
public import ZeroMQ

/// What sockets alone can carry, and sockets and files: chunks from many peers to one, as the measure of a transfer
/// that is checked, stored and acknowledged.
public enum RawTransfer {
  /// Over loopback, the peers on a thread of their own.
  ///
  /// - Parameters:
  ///   - peers: each sends `size` bytes, in messages of `chunk` bytes.
  ///   - waiting: messages that may wait for a peer on either side.
  ///   - isEncrypted: by CURVE, each peer with a key of its own.
  ///   - folder: where a file for each peer is written and synced; nil: the chunks are dropped.
  /// - Returns: bytes per second.
  public static func bytesPerSecond(
    peers: Int, size: Int, chunk: Int, waiting: Int, isEncrypted: Bool, folder: URL? = nil
  ) throws -> Double {
    DescriptorLimit.raise()
    var options = SocketOptions()
    options.sendHighWater = waiting
    options.receiveHighWater = waiting
    // A peer is not read from while its chunks wait to be written, and its answer to a ping neither.
    options.heartbeatInterval = .zero
    let context = try Context()
    let server = isEncrypted ? try CurveKeyPair() : nil
    let authenticator = isEncrypted ? try Authenticator(context) : nil
    options.security = server.map { .server($0) }
    let router = try Socket(context, .router, options: options)
    try router.bind("tcp://127.0.0.1:*")
    let endpoint = try router.lastEndpoint()
    let began = ContinuousClock.now
    let senders = Thread { [options] in
      try? send(
        to: endpoint, of: server?.publicKey, options, peers: peers, messages: (size + chunk - 1) / chunk,
        chunk: chunk)
    }
    senders.start()
    var left = peers * ((size + chunk - 1) / chunk)
    var files = folder.map { PeerFiles(folder: $0, messages: (size + chunk - 1) / chunk) }
    let deadline = began + .seconds(120)
    while left > 0, ContinuousClock.now < deadline {
      try authenticator?.answer { _, _ in true }
      if let message = try router.receive() {
        try files?.append(message[1], of: message[0])
        left -= 1
      } else {
        usleep(50)
      }
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    router.close()
    // After the socket it answers for.
    authenticator?.socket.close()
    return left > 0 ? 0 : Double(peers * size) / seconds
  }

  private static func send(
    to endpoint: String, of server: CurvePublicKey?, _ options: SocketOptions, peers: Int, messages: Int,
    chunk: Int
  ) throws {
    let context = try Context()
    let bytes = [UInt8](repeating: 0x5a, count: chunk)
    var options = options
    // What is queued when the last of it has been sent takes its time under encryption.
    options.linger = .seconds(60)
    var sockets = try (0..<peers).map { _ in
      options.security = try server.map { .client(try CurveKeyPair(), server: $0) }
      let socket = try Socket(context, .dealer, options: options)
      try socket.connect(endpoint)
      return (socket: socket, left: messages)
    }
    while !sockets.isEmpty {
      var isStuck = true
      for index in sockets.indices {
        while sockets[index].left > 0, try sockets[index].socket.send([bytes]) == .sent {
          sockets[index].left -= 1
          isStuck = false
        }
      }
      sockets.removeAll { $0.left == 0 }
      if isStuck { usleep(50) }
    }
  }
}

/// A file for each peer, by its routing id; synced with its last message.
private struct PeerFiles {
  let folder: URL
  let messages: Int
  private var open: [[UInt8]: (file: FileHandle, left: Int)] = [:]

  init(folder: URL, messages: Int) {
    self.folder = folder
    self.messages = messages
  }

  mutating func append(_ bytes: [UInt8], of peer: [UInt8]) throws {
    if open[peer] == nil {
      let path = folder.appendingPathComponent("raw-\(open.count)").path
      FileManager.default.createFile(atPath: path, contents: nil)
      open[peer] = (try FileHandle(forWritingTo: URL(fileURLWithPath: path)), messages)
    }
    guard let file = open[peer]?.file else { return }
    try file.write(contentsOf: bytes)
    open[peer]!.left -= 1
    guard open[peer]!.left == 0 else { return }
    try file.synchronize()
    try file.close()
  }
}
