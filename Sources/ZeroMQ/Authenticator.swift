/// Answers libzmq's question whether a peer's key may come in (ZAP, ZeroMQ RFC 27), for every CURVE server socket of
/// a context. There must be one before such a socket is bound, and for as long as it is: without one libzmq lets
/// everybody in.
///
/// A peer let in is known from then on: `Socket.receiveIdentified` tells its key with every message. Belongs to the
/// same thread as the sockets; add `socket` to their `SocketLoop` to be called.
public struct Authenticator {
  static let domain = "strata"

  public let socket: Socket

  /// - Throws: `ZeroMQError` where the context has one already.
  public init(_ context: Context) throws {
    socket = try Socket(context, .reply)
    try socket.bind("inproc://zeromq.zap.01")
  }

  /// Answers every request that waits.
  ///
  /// - Parameter allows: whether a key, of a peer at this address, may come in.
  public func answer(_ allows: (CurvePublicKey, _ address: String) -> Bool) throws {
    while let frames = try socket.receive() {
      let request = AuthenticationRequest(frames)
      let isAllowed = request.map { allows($0.key, $0.address) } ?? false
      _ = try socket.send(AuthenticationRequest.reply(to: frames, request, isAllowed: isAllowed))
    }
  }
}

/// A peer that asks to be let in.
struct AuthenticationRequest: Hashable {
  let key: CurvePublicKey
  /// The peer's IP address.
  let address: String

  /// nil for a request that is not of ZAP 1.0, by CURVE, and for our domain.
  init?(_ frames: Socket.Message) {
    guard frames.count == 7, frames[0] == Self.version, frames[1].count <= 255,
      frames[2] == Array(Authenticator.domain.utf8), frames[5] == Array("CURVE".utf8),
      let key = CurvePublicKey(bytes: frames[6])
    else { return nil }
    self.key = key
    let address = String(decoding: frames[3].prefix(64), as: UTF8.self)
    // An IPv4 address on a socket that also takes IPv6.
    self.address = address.hasPrefix("::ffff:") ? String(address.dropFirst(7)) : address
  }

  /// Version, request id, status, text, user id, metadata. The user id is what `receiveIdentified` tells.
  static func reply(
    to frames: Socket.Message, _ request: AuthenticationRequest?, isAllowed: Bool
  ) -> Socket.Message {
    let id = frames.count > 1 ? frames[1] : []
    guard let request, isAllowed else {
      return [version, id, Array("400".utf8), Array("not allowed".utf8), [], []]
    }
    return [version, id, Array("200".utf8), [], Array(request.key.description.utf8), []]
  }

  private static let version = Array("1.0".utf8)
}
