internal import CZeroMQ

/// A Curve25519 public key: what a peer is known by.
public struct CurvePublicKey: Hashable, Sendable, CustomStringConvertible {
  public static let size = 32

  public let bytes: [UInt8]

  /// nil unless there are 32 bytes.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.size else { return nil }
    self.bytes = Array(bytes)
  }

  /// nil unless `text` is 40 characters of Z85.
  public init?(_ text: String) {
    guard let bytes = Z85.decode(text) else { return nil }
    self.init(bytes: bytes)
  }

  /// Z85: 40 characters, none of them white space, a quote or a backslash.
  public var description: String { Z85.encode(bytes) }
}

/// A secret key and its public one. Its description tells the public key only.
public struct CurveKeyPair: Hashable, Sendable, CustomStringConvertible {
  public let publicKey: CurvePublicKey
  /// 32 bytes.
  let secret: [UInt8]

  /// A fresh pair from the system's random source. Its public key does not begin with '-', so that a command line can
  /// have it anywhere: one pair in 85 is passed over for another.
  ///
  /// - Throws: `ZeroMQError` where libzmq was built without CURVE.
  public init() throws {
    var publicText = [CChar](repeating: 0, count: 41)
    var secretText = publicText
    repeat {
      guard zmq_curve_keypair(&publicText, &secretText) == 0 else { throw ZeroMQError("make a key") }
    } while publicText[0] == CChar(UInt8(ascii: "-"))
    guard let pair = CurveKeyPair(secret: text(secretText)) else { throw ZeroMQError("make a key") }
    self = pair
  }

  /// The pair of a secret key in Z85; nil if `secret` is none.
  public init?(secret: String) {
    guard let bytes = Z85.decode(secret), bytes.count == CurvePublicKey.size else { return nil }
    var publicText = [CChar](repeating: 0, count: 41)
    guard zmq_curve_public(&publicText, secret) == 0, let key = CurvePublicKey(text(publicText)) else {
      return nil
    }
    self.secret = bytes
    publicKey = key
  }

  /// Z85: for the key's file and nothing else.
  var secretText: String { Z85.encode(secret) }

  public var description: String { "the key pair of \(publicKey)" }
}

private func text(_ characters: [CChar]) -> String {
  String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Text of bytes, five characters for four (ZeroMQ RFC 32).
enum Z85 {
  /// Precondition: a multiple of 4 bytes.
  static func encode(_ bytes: [UInt8]) -> String {
    precondition(bytes.count.isMultiple(of: 4), "Z85 takes four bytes at a time")
    var characters = [CChar](repeating: 0, count: bytes.count / 4 * 5 + 1)
    zmq_z85_encode(&characters, bytes, bytes.count)
    return text(characters)
  }

  /// nil where `text` is not Z85.
  static func decode(_ text: String) -> [UInt8]? {
    let count = text.utf8.count
    // libzmq reads up to a zero byte, and takes no empty text.
    guard count > 0, count.isMultiple(of: 5), !text.utf8.contains(0) else { return nil }
    var bytes = [UInt8](repeating: 0, count: count / 5 * 4)
    return zmq_z85_decode(&bytes, text) == nil ? nil : bytes
  }
}
