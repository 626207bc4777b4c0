import Testing
import ZeroMQ

@Suite struct SocketTests {
  let context: Context
  init() throws { context = try Context() }

  @Test func multipartMessagesGoBothWaysWithTheirFramesIntact() async throws {
    let (router, endpoint) = try listeningRouter(context)
    let dealer = try Socket(context, .dealer)
    try dealer.connect("\(endpoint)")
    let long = [UInt8](repeating: 0xAB, count: 300_000)
    _ = try await eventually { try dealer.send([[1, 2], [], long]) == .sent ? true : nil }
    let request = try await eventually { try router.receive() }
    #expect(request.count == 4)
    #expect(Array(request[1...]) == [[1, 2], [], long])
    #expect(try router.send([request[0], [7]]) == .sent)
    let reply = try await eventually { try dealer.receive() }
    #expect(reply == [[7]])
    #expect(try dealer.receive() == nil)
  }

  @Test func routerSaysThatAPeerIsUnknown() throws {
    let (router, _) = try listeningRouter(context)
    #expect(try router.send([[1, 2, 3, 4, 5], [9]]) == .unreachable)
  }

  @Test func routerSaysThatAPeerLeft() async throws {
    let (router, endpoint) = try listeningRouter(context)
    var dealer: Socket? = try Socket(context, .dealer)
    try dealer?.connect("\(endpoint)")
    _ = try await eventually { try dealer?.send([[1]]) == .sent ? true : nil }
    let peer = try await eventually { try router.receive() }[0]
    dealer = nil
    _ = try await eventually { try router.send([peer, [2]]) == .unreachable ? true : nil }
  }

  @Test func routerSaysThatAPeersQueueIsFull() async throws {
    var options = SocketOptions()
    options.sendHighWater = 2
    options.receiveHighWater = 2
    options.linger = .zero
    let (router, endpoint) = try listeningRouter(context, options: options)
    let dealer = try Socket(context, .dealer, options: options)
    try dealer.connect("\(endpoint)")
    _ = try await eventually { try dealer.send([[1]]) == .sent ? true : nil }
    let peer = try await eventually { try router.receive() }[0]
    let chunk = [UInt8](repeating: 0, count: 1 << 20)
    _ = try await eventually { try router.send([peer, chunk]) == .wouldBlock ? true : nil }
    // Reading on the other side frees the queue.
    _ = try await eventually {
      _ = try dealer.receive()
      return try router.send([peer, chunk]) == .sent ? true : nil
    }
  }

  @Test func dealerWithoutAConnectionWouldBlock() throws {
    let dealer = try Socket(context, .dealer)
    try dealer.connect("tcp://127.0.0.1:1")
    #expect(try dealer.send([[1]]) == .wouldBlock)
  }

  @Test func eachConnectionHasAFreshRoutingID() async throws {
    let (router, endpoint) = try listeningRouter(context)
    var ids: Set<[UInt8]> = []
    for _ in 0..<3 {
      let dealer = try Socket(context, .dealer)
      try dealer.connect("\(endpoint)")
      _ = try await eventually { try dealer.send([[1]]) == .sent ? true : nil }
      ids.insert(try await eventually { try router.receive() }[0])
    }
    #expect(ids.count == 3)
  }

  @Test func aLongerFrameThanAllowedCutsTheSenderOff() async throws {
    var options = SocketOptions()
    options.maximumMessageBytes = 1000
    let (router, endpoint) = try listeningRouter(context, options: options)
    let dealer = try Socket(context, .dealer)
    let monitor = try dealer.monitor()
    try dealer.connect("\(endpoint)")
    _ = try await eventually { try dealer.send([[UInt8](repeating: 1, count: 1001)]) == .sent ? true : nil }
    _ = try await eventually { try monitor.next()?.kind == .disconnected ? true : nil }
    #expect(try router.receive() == nil)
  }

  @Test func subscribersHearPublishers() async throws {
    let publisher = try Socket(context, .publisher)
    try publisher.bind("inproc://news")
    let subscriber = try Socket(context, .subscriber)
    try subscriber.connect("inproc://news")
    let message = try await eventually {
      _ = try publisher.send([[4], [2]])
      return try subscriber.receive()
    }
    #expect(message == [[4], [2]])
  }
}
