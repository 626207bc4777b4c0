import Testing
import ZeroMQ

struct DeadlinePassed: Error {}

/// Calls `attempt` until it returns a value; throws when that takes longer than `limit`.
func eventually<T>(_ limit: Duration = .seconds(10), _ attempt: () throws -> T?) async throws -> T {
  let deadline = ContinuousClock.now + limit
  while ContinuousClock.now < deadline {
    if let value = try attempt() { return value }
    try await Task.sleep(for: .milliseconds(2))
  }
  throw DeadlinePassed()
}

/// A ROUTER on a free loopback port.
func listeningRouter(_ context: Context, options: SocketOptions = SocketOptions()) throws -> (
  Socket, Endpoint
) {
  let router = try Socket(context, .router, options: options)
  try router.bind("tcp://127.0.0.1:*")
  return (router, try Endpoint(router.lastEndpoint()))
}
