internal import Foundation
public import ZeroMQ

/// What sockets alone can carry: chunks from many peers to one, unread, as the measure of a transfer that is checked,
/// stored and acknowledged.
public enum RawTransfer {
  /// Over loopback, the peers on a thread of their own.
  ///
  /// - Parameters:
  ///   - peers: each sends `size` bytes, in messages of `chunk` bytes.
  ///   - waiting: messages that may wait for a peer on either side.
  /// - Returns: bytes per second.
  public static func bytesPerSecond(peers: Int, size: Int, chunk: Int, waiting: Int) throws -> Double {
    var options = SocketOptions()
    options.sendHighWater = waiting
    options.receiveHighWater = waiting
    let context = try Context()
    let router = try Socket(context, .router, options: options)
    try router.bind("tcp://127.0.0.1:*")
    let endpoint = try router.lastEndpoint()
    let began = ContinuousClock.now
    let senders = Thread { [options] in
      try? send(to: endpoint, options, peers: peers, messages: (size + chunk - 1) / chunk, chunk: chunk)
    }
    senders.start()
    var left = peers * ((size + chunk - 1) / chunk)
    let deadline = began + .seconds(120)
    while left > 0, ContinuousClock.now < deadline {
      if try router.receive() != nil { left -= 1 } else { usleep(50) }
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    router.close()
    return left > 0 ? 0 : Double(peers * size) / seconds
  }

  private static func send(
    to endpoint: String, _ options: SocketOptions, peers: Int, messages: Int, chunk: Int
  ) throws {
    let context = try Context()
    let bytes = [UInt8](repeating: 0x5a, count: chunk)
    var sockets = try (0..<peers).map { _ in
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
