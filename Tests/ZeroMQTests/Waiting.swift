import Testing
import ZeroMQ

struct DeadlinePassed: Error {}

/// Calls `attempt` every 2 ms until it returns a value; throws after ten seconds of trying. Calls are counted rather
/// than time, because other tests of the process may keep this one from running for longer than any deadline.
func eventually<T>(
  isolation: isolated (any Actor)? = #isolation, _ attempt: () async throws -> T?
) async throws -> T {
  for _ in 0..<5000 {
    if let value = try await attempt() { return value }
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
