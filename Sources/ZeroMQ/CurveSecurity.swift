internal import CZeroMQ

/// How a socket encrypts its connections and knows its peers (CURVE, ZeroMQ RFC 26).
public enum CurveSecurity: Hashable, Sendable {
  /// Lets in whom the context's `Authenticator` allows.
  case server(CurveKeyPair)
  /// Connects to the owner of the secret key that belongs to `server`, and to nobody else.
  case client(CurveKeyPair, server: CurvePublicKey)

  /// Its own public key.
  public var publicKey: CurvePublicKey {
    switch self {
    case .server(let keys), .client(let keys, _): keys.publicKey
    }
  }

  func apply(to handle: UnsafeMutableRawPointer) throws {
    func set(_ option: Int32, _ bytes: [UInt8]) throws {
      guard zmq_setsockopt(handle, option, bytes, bytes.count) == 0 else {
        throw ZeroMQError("use keys on a ZeroMQ socket")
      }
    }
    switch self {
    case .server(let keys):
      var one: Int32 = 1
      guard zmq_setsockopt(handle, ZMQ_CURVE_SERVER, &one, MemoryLayout<Int32>.size) == 0 else {
        throw ZeroMQError("use keys on a ZeroMQ socket")
      }
      try set(ZMQ_CURVE_SECRETKEY, keys.secret)
      // Without a domain libzmq would let every key in.
      try set(ZMQ_ZAP_DOMAIN, Array(Authenticator.domain.utf8))
    case .client(let keys, let server):
      try set(ZMQ_CURVE_SERVERKEY, server.bytes)
      try set(ZMQ_CURVE_PUBLICKEY, keys.publicKey.bytes)
      try set(ZMQ_CURVE_SECRETKEY, keys.secret)
    }
  }
}
