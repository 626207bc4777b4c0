import Coordinator
import SweepProtocol
import ZeroMQ

/// A coordinator that runs, as commands ask it.
struct LiveCoordinator {
  let endpoint: String
  private let client: StatusClient
  private let timeout: Duration

  /// - Throws: `EndpointError`.
  init(endpoint: String, timeout: Duration = .seconds(5)) throws {
    self.endpoint = endpoint
    self.timeout = timeout
    client = try StatusClient(endpoint: endpoint)
  }

  /// The one that is announced beside the store; it may have died since.
  init?(store: String) {
    guard let announced = Announcement.read(store: store)?.localEndpoint,
      let coordinator = try? LiveCoordinator(endpoint: announced.description, timeout: .seconds(2))
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
