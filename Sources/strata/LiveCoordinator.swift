import Coordinator
import SweepProtocol
import ZeroMQ

/// A coordinator that runs, as commands ask it.
struct LiveCoordinator {
  let endpoint: String
  private let client: StatusClient
  private let timeout: Duration

  /// - Throws: `EndpointError`.
  init(endpoint: String, security: CurveSecurity?, timeout: Duration = .seconds(5)) throws {
    self.endpoint = endpoint
    self.timeout = timeout
    client = try StatusClient(endpoint: endpoint, security: security)
  }

  /// The one that is announced beside the store, if it still serves that.
  ///
  /// - Parameter security: nil: what the announcement says.
  init?(store: String, security: CurveSecurity?) {
    guard let announcement = Announcement.read(store: store), announcement.isCurrent(store: store),
      let endpoint = announcement.localEndpoint,
      let coordinator = try? LiveCoordinator(
        endpoint: endpoint.description, security: security ?? announcement.security(), timeout: .seconds(2))
    else { return nil }
    self = coordinator
  }

  /// - Throws: `CoordinatorError` where it does not answer, or refuses.
  func ask(_ request: ClientRequest, timeout: Duration? = nil) throws -> ClientReply {
    let reply = try client.request(request, timeout: timeout ?? self.timeout)
    if case .refused(let line) = reply { throw CoordinatorError.refused(line) }
    return reply
  }
}
