public import Foundation
internal import ResultStore
public import ZeroMQ

/// Where a store's coordinator can be reached: `STORE.coordinator.json`, there while the coordinator runs.
public struct Announcement: Codable, Hashable, Sendable {
  /// `tcp://HOST:PORT` of the message and of the checkpoint socket. The host is `*` when it listens on all.
  public var messages: String
  public var checkpoints: String
  public var host: String
  public var pid: Int32
  public var started: Date
  /// Its public key (Z85), and the path of its secret one's file, which lets this user ask it for everything; nil: it
  /// uses no keys.
  public var key: String?
  public var keyFile: String?

  /// The file that announces the coordinator of the store at `store`.
  public static func path(store: String) -> String { store + ".coordinator.json" }

  /// The announcement beside the store, or nil where there is none that can be read. A killed coordinator leaves
  /// one behind, so whoever connects must wait for an answer.
  public static func read(store: String) -> Announcement? {
    guard let data = FileManager.default.contents(atPath: path(store: store)) else { return nil }
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    return try? decoder.decode(Announcement.self, from: data)
  }

  /// Whether the coordinator announced still serves the store; of one on another machine that cannot be told. Where it
  /// does not, another store's may listen at its address by now.
  public func isCurrent(store: String) -> Bool {
    host != ProcessInfo.processInfo.hostName || Store.isWritten(store, byProcess: pid, on: host)
  }

  /// The message socket as processes of the coordinator's machine reach it.
  public var localEndpoint: Endpoint? {
    guard var endpoint = try? Endpoint(messages) else { return nil }
    if ["*", "0.0.0.0", "::"].contains(endpoint.host) { endpoint.host = "127.0.0.1" }
    return endpoint
  }

  /// What clients on this machine, run by the same user, connect with; nil: nothing is needed.
  ///
  /// - Throws: `KeyFileError` where the secret key cannot be had.
  public func security() throws(KeyFileError) -> CurveSecurity? {
    guard let key, let keyFile else { return nil }
    guard let server = CurvePublicKey(key) else {
      throw KeyFileError(keyFile, "the coordinator announces the key \(key), which is none")
    }
    return .client(try KeyFile.keyPair(at: keyFile), server: server)
  }

  /// Atomically, so that a reader finds all of it or none.
  func write(store: String) throws(CoordinatorError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    let path = Self.path(store: store)
    do {
      try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .announcement(
        path: path,
        reason: PathKind.of(path) == .folder
          ? "it is a folder; move it out of the way" : error.localizedDescription)
    }
  }

  static func remove(store: String) {
    unlink(path(store: store))
  }
}
