import ArgumentParser
import ZeroMQ

/// What a worker or a client connects with to a coordinator that uses keys.
struct ClientKeyOptions: ParsableArguments {
  @Option(
    help: "This side's secret key, made by 'strata keygen' and allowed by the coordinator.",
    completion: .file())
  var key: String?
  @Option(
    help: "The coordinator's public key: 40 characters, or the file that holds them.", completion: .file())
  var coordinatorKey: String?

  func validate() throws {
    guard (key == nil) == (coordinatorKey == nil) else {
      throw ValidationError(
        "--key and --coordinator-key go together: whom the coordinator is to know, and by what it is known")
    }
  }

  /// - Throws: `KeyFileError`.
  func load() throws -> (own: CurveKeyPair, coordinator: CurvePublicKey)? {
    guard let key, let coordinatorKey else { return nil }
    return (try KeyFile.keyPair(at: key), try KeyFile.publicKey(coordinatorKey))
  }

  /// - Throws: `KeyFileError`.
  func security() throws -> CurveSecurity? {
    try load().map { .client($0.own, server: $0.coordinator) }
  }
}
