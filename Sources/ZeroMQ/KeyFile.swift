internal import Foundation

/// Keys in files of one line: `strata-secret-key 1 Z85` in one that only its owner may read, and
/// `strata-public-key 1 Z85` in `FILE.pub` beside it.
public enum KeyFile {
  private enum Kind: String {
    case secretKey = "strata-secret-key"
    case publicKey = "strata-public-key"
  }
  private static let version = "1"
  private static let longest = 4096

  /// Where the public key of the secret one at `path` lies.
  public static func publicPath(_ path: String) -> String { path + ".pub" }

  /// Writes a pair to two files that must not be there yet, durably, the secret one readable by its owner alone.
  ///
  /// - Throws: `KeyFileError`; then neither file is left.
  public static func create(_ keys: CurveKeyPair, at path: String) throws(KeyFileError) {
    try DurableFile.create(
      path, Array("\(Kind.secretKey.rawValue) \(version) \(keys.secretText)\n".utf8), mode: 0o600)
    do throws(KeyFileError) {
      let line = "\(Kind.publicKey.rawValue) \(version) \(keys.publicKey)\n"
      try DurableFile.create(publicPath(path), Array(line.utf8), mode: 0o644)
    } catch {
      unlink(path)
      throw error
    }
  }

  /// The pair whose secret key is at `path`.
  ///
  /// - Throws: `KeyFileError`, also where others than the owner can read the file.
  public static func keyPair(at path: String) throws(KeyFileError) -> CurveKeyPair {
    // What it holds is told first: who gives the public key by mistake should not make that private.
    let open = try DurableFile.read(path, upTo: longest, forbidding: 0, advice: "")
    guard try parse(open, path).kind == .secretKey else {
      throw KeyFileError(
        path, "it holds a public key where a secret one is needed; 'strata keygen' wrote both")
    }
    let bytes = try DurableFile.read(path, upTo: longest, forbidding: 0o077, advice: "chmod 600")
    let (_, text) = try parse(bytes, path)
    guard let keys = CurveKeyPair(secret: text) else { throw malformed(path) }
    return keys
  }

  /// The public key at `path`.
  public static func publicKey(at path: String) throws(KeyFileError) -> CurvePublicKey {
    let bytes = try DurableFile.read(path, upTo: longest, forbidding: 0o022, advice: "chmod go-w")
    let (kind, text) = try parse(bytes, path)
    guard kind == .publicKey else {
      throw KeyFileError(path, "it holds a secret key where a public one is needed; give \(publicPath(path))")
    }
    guard let key = CurvePublicKey(text) else { throw malformed(path) }
    return key
  }

  /// The key that `text` is, or that the file of this name holds.
  public static func publicKey(_ text: String) throws(KeyFileError) -> CurvePublicKey {
    // A path can look like a key, so a file comes first.
    if access(text, F_OK) != 0, let key = CurvePublicKey(text) { return key }
    guard access(text, F_OK) == 0 else {
      throw KeyFileError(text, "it is neither a public key (40 characters) nor a file that holds one")
    }
    return try publicKey(at: text)
  }

  private static func parse(_ bytes: [UInt8], _ path: String) throws(KeyFileError) -> (
    kind: Kind, text: String
  ) {
    guard bytes.allSatisfy({ $0 < 128 }) else { throw malformed(path) }
    let text = String(decoding: bytes, as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count == 1 || lines.count == 2 && lines[1].isEmpty else { throw malformed(path) }
    let words = lines[0].split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 3, let kind = Kind(rawValue: String(words[0])) else { throw malformed(path) }
    guard words[1] == version else {
      throw KeyFileError(
        path, "it is of version \(words[1].prefix(20)); this program reads version \(version)")
    }
    return (kind, String(words[2]))
  }

  private static func malformed(_ path: String) -> KeyFileError {
    KeyFileError(path, "it is no key file; 'strata keygen' makes them")
  }
}

/// A file of keys that cannot be read, written or trusted.
public struct KeyFileError: Error, Hashable, Sendable, CustomStringConvertible {
  public let path: String
  /// What is wrong, and what would be right.
  public let problem: String

  public init(_ path: String, _ problem: String) {
    self.path = path
    self.problem = problem
  }

  public var description: String { "\(path): \(problem)" }
}
