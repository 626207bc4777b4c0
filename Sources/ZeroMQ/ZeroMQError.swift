internal import CZeroMQ
internal import Glibc

/// A libzmq call that failed for a reason that trying again at once cannot cure.
///
/// "Would block" and "no such peer" are not errors: `Socket.send` and `Socket.receive` return them.
public struct ZeroMQError: Error, CustomStringConvertible, Sendable, Hashable {
  /// What the caller can tell apart and react to.
  public enum Reason: Sendable, Hashable {
    case addressInUse, addressNotAvailable, permissionDenied, invalidEndpoint, contextEnded, other
  }

  public let reason: Reason
  /// The libzmq `errno`.
  public let code: Int32
  /// One line: what failed, where, and what would be right.
  public let description: String

  /// Of the call that just failed on this thread.
  init(_ operation: String, endpoint: String? = nil, code: Int32 = zmq_errno()) {
    self.code = code
    let place = endpoint.map { " \($0)" } ?? ""
    switch code {
    case EADDRINUSE:
      reason = .addressInUse
      description =
        "cannot \(operation)\(place): \(Self.portPhrase(endpoint)) is in use by another process; "
        + "choose another with --port or stop it"
    case EADDRNOTAVAIL, ENODEV:
      reason = .addressNotAvailable
      description =
        "cannot \(operation)\(place): this machine has no such address; use one of its own, "
        + "127.0.0.1 for this machine alone or * for all"
    case EACCES, EPERM:
      reason = .permissionDenied
      description =
        "cannot \(operation)\(place): no permission for \(Self.portPhrase(endpoint)); choose a port above 1023"
    case EINVAL where endpoint != nil, EPROTONOSUPPORT, ENOCOMPATPROTO, ENAMETOOLONG:
      reason = .invalidEndpoint
      description =
        "cannot \(operation)\(place): not an endpoint; write tcp://HOST:PORT, for example tcp://127.0.0.1:5555"
    case ETERM:
      reason = .contextEnded
      description = "cannot \(operation)\(place): the ZeroMQ context has ended"
    default:
      reason = .other
      description = "cannot \(operation)\(place): \(String(cString: zmq_strerror(code)))"
    }
  }

  /// libzmq takes port 99999 for 34463, so TCP endpoints are read here first.
  static func check(_ operation: String, _ endpoint: String) throws {
    if endpoint.hasPrefix("tcp://"), (try? Endpoint(endpoint)) == nil {
      throw ZeroMQError(operation, endpoint: endpoint, code: EINVAL)
    }
  }

  private static func portPhrase(_ endpoint: String?) -> String {
    guard let endpoint, let parsed = try? Endpoint(endpoint) else { return "the address" }
    return parsed.port == 0 ? "every port on \(parsed.host)" : "port \(parsed.port) on \(parsed.host)"
  }
}
