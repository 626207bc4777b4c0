import Testing
import ZeroMQ

@Suite struct ErrorTests {
  let context: Context
  init() throws { context = try Context() }

  @Test func aPortInUseIsNamed() throws {
    let (first, endpoint) = try listeningRouter(context)
    let error = #expect(throws: ZeroMQError.self) { try listen("\(endpoint)") }
    #expect(error?.reason == .addressInUse)
    #expect(
      error?.description
        == "cannot listen on \(endpoint): port \(endpoint.port) on 127.0.0.1 is in use by another process; "
        + "choose another with --port or stop it")
    #expect(try first.receive() == nil)
  }

  @Test(arguments: [
    "", "nonsense", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "http://127.0.0.1:80",
  ])
  func whatIsNoEndpointIsRefused(text: String) throws {
    let error = #expect(throws: ZeroMQError.self) { try listen(text) }
    #expect(error?.reason == .invalidEndpoint)
    #expect(error?.description.contains("write tcp://HOST:PORT") == true)
  }

  @Test func anAddressOfAnotherMachineIsNamed() throws {
    // TEST-NET-1 belongs to no machine (RFC 5737).
    let error = #expect(throws: ZeroMQError.self) { try listen("tcp://192.0.2.1:5555") }
    #expect(error?.reason == .addressNotAvailable)
  }

  @Test func aDealerConnectsOnlyToAnEndpoint() throws {
    let dealer = try Socket(context, .dealer)
    let error = #expect(throws: ZeroMQError.self) { try dealer.connect("tcp://host:port") }
    #expect(error?.reason == .invalidEndpoint)
  }

  private func listen(_ text: String) throws {
    try Socket(context, .router).bind(text)
  }
}

@Suite struct EndpointTests {
  @Test(arguments: [
    ("tcp://127.0.0.1:5555", "127.0.0.1", 5555, true),
    ("node7:5555", "node7", 5555, false),
    ("tcp://[::1]:80", "::1", 80, true),
    ("tcp://*:*", "*", 0, false),
    ("localhost:0", "localhost", 0, true),
    ("127.0.0.9:1", "127.0.0.9", 1, true),
    ("127.example.org:1", "127.example.org", 1, false),
    ("127.0.0.256:1", "127.0.0.256", 1, false),
    ("tcp://[2001:db8::7]:5555", "2001:db8::7", 5555, false),
  ])
  func isRead(text: String, host: String, port: Int, loopback: Bool) throws {
    let endpoint = try Endpoint(text)
    #expect(endpoint == Endpoint(host: host, port: port))
    #expect(endpoint.isLoopback == loopback)
    #expect(try Endpoint(endpoint.description) == endpoint)
  }

  @Test(arguments: [
    "", "host", "host:", ":5555", "udp://a:1", "a:b:1", "a:-1", "a:65536", "a b:1", "tcp://a/b:1",
  ])
  func whatIsNoneIsRefused(text: String) {
    #expect(throws: EndpointError(text: text)) { try Endpoint(text) }
  }

  @Test func connectingTakesAPort() throws {
    #expect(try Endpoint(connecting: "node7:5555") == Endpoint(host: "node7", port: 5555))
    for text in ["node7:0", "tcp://node7:*"] {
      let error = #expect(throws: EndpointError.self) { try Endpoint(connecting: text) }
      #expect(error == EndpointError(text: text, needsPort: true))
      #expect(error?.description.hasPrefix("\"\(text)\" needs a port") == true)
    }
  }
}
