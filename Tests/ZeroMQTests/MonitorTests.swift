import Testing
import ZeroMQ

@Suite struct MonitorTests {
  @Test func aConnectionIsSeenToStandToFallAndToStandAgain() async throws {
    let context = try Context()
    var options = SocketOptions()
    options.reconnectInterval = .milliseconds(10)
    options.reconnectMaximum = .milliseconds(50)
    options.linger = .zero
    var (router, endpoint): (Socket?, Endpoint) = try listeningRouter(context)
    let dealer = try Socket(context, .dealer, options: options)
    let monitor = try dealer.monitor()
    try dealer.connect("\(endpoint)")
    var seen: [ConnectionEvent.Kind] = []
    func waitFor(_ kind: ConnectionEvent.Kind) async throws {
      _ = try await eventually {
        guard let event = try monitor.next() else { return nil as Bool? }
        seen.append(event.kind)
        return event.kind == kind ? true : nil
      }
    }
    try await waitFor(.ready)
    #expect(seen.contains(.connected))
    #expect(router != nil)
    router = nil
    try await waitFor(.disconnected)
    // The address is free once the old listener is gone.
    let second = try await eventually { () -> Socket? in
      let socket = try Socket(context, .router)
      do { try socket.bind("\(endpoint)") } catch let error as ZeroMQError where error.reason == .addressInUse
      {
        return nil
      }
      return socket
    }
    try await waitFor(.ready)
    _ = try await eventually { try dealer.send([[3]]) == .sent ? true : nil }
    #expect(try await eventually { try second.receive() }.last == [3])
  }

  @Test func aListenerSeesItsPeers() async throws {
    let context = try Context()
    let router = try Socket(context, .router)
    let monitor = try router.monitor()
    try router.bind("tcp://127.0.0.1:*")
    let dealer = try Socket(context, .dealer)
    try dealer.connect(router.lastEndpoint())
    var kinds: [ConnectionEvent.Kind] = []
    _ = try await eventually {
      if let event = try monitor.next() { kinds.append(event.kind) }
      return kinds.contains(.ready) ? true : nil
    }
    #expect(kinds == [.listening, .accepted, .ready])
  }

  /// What a listener reads names the connection as its monitor does, so that it knows whose end it is told of.
  @Test func messagesNameTheConnectionWhoseEndIsSeen() async throws {
    let context = try Context()
    let router = try Socket(context, .router)
    let monitor = try router.monitor()
    try router.bind("tcp://127.0.0.1:*")
    var options = SocketOptions()
    options.linger = .zero
    let dealers = try (0..<2).map { _ in try Socket(context, .dealer, options: options) }
    var descriptors: [Int32] = []
    for dealer in dealers {
      try dealer.connect(router.lastEndpoint())
      _ = try await eventually { try dealer.send([[1], [2]]) == .sent ? true : nil }
      #expect(try await eventually { try router.receive() }.count == 3)
      descriptors.append(router.sourceDescriptor)
    }
    #expect(Set(descriptors).count == 2 && descriptors.allSatisfy { $0 >= 0 })
    dealers[1].close()
    let end = try await eventually {
      try monitor.next().flatMap { $0.kind == .disconnected ? $0 : nil }
    }
    #expect(end.descriptor == descriptors[1])
    withExtendedLifetime(dealers) {}
  }
}
