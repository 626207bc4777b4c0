import Glibc
import Testing

@testable import ZeroMQ

/// A coordinator's and a worker's socket, with the right keys or wrong ones.
@Suite struct CurveTests {
  let context: Context
  let server: CurveKeyPair
  let client: CurveKeyPair

  init() throws {
    context = try Context()
    server = try CurveKeyPair()
    client = try CurveKeyPair()
  }

  /// What either end's monitor says of the other's attempt to connect, and when after it.
  ///
  /// Never suspended, because other tests would keep it from running on for longer than it may take.
  private func failures(
    listening: CurveSecurity?, connecting: CurveSecurity?
  ) throws -> (server: HandshakeFailure, client: HandshakeFailure, took: Duration) {
    let authenticator = try Authenticator(context)
    var options = SocketOptions()
    options.linger = .zero
    options.security = listening
    let router = try Socket(context, .router, options: options)
    let routerMonitor = try router.monitor(.failures)
    try router.bind("tcp://127.0.0.1:*")
    options.security = connecting
    let dealer = try Socket(context, .dealer, options: options)
    let dealerMonitor = try dealer.monitor(.failures)
    let start = ContinuousClock.now
    try dealer.connect(router.lastEndpoint())
    var ours: HandshakeFailure?
    var theirs: HandshakeFailure?
    while ContinuousClock.now - start < .seconds(60) {
      try authenticator.answer { key, address in key == client.publicKey && address == "127.0.0.1" }
      if case .handshakeFailed(let failure)? = try routerMonitor.next()?.kind { ours = ours ?? failure }
      if case .handshakeFailed(let failure)? = try dealerMonitor.next()?.kind { theirs = theirs ?? failure }
      if let ours, let theirs { return (ours, theirs, ContinuousClock.now - start) }
      usleep(2000)
    }
    throw DeadlinePassed()
  }

  private func expect(
    _ found: (server: HandshakeFailure, client: HandshakeFailure, took: Duration),
    _ server: HandshakeFailure, _ client: HandshakeFailure, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.server == server, sourceLocation: sourceLocation)
    #expect(found.client == client, sourceLocation: sourceLocation)
    #expect(found.took < .seconds(5), sourceLocation: sourceLocation)
  }

  @Test func whoIsAllowedIsKnownByItsKeyWithEveryMessage() async throws {
    let authenticator = try Authenticator(context)
    var options = SocketOptions()
    options.security = .server(server)
    let (router, endpoint) = try listeningRouter(context, options: options)
    options.security = .client(client, server: server.publicKey)
    let dealer = try Socket(context, .dealer, options: options)
    try dealer.connect("\(endpoint)")
    for number in 1...3 as ClosedRange<UInt8> {
      _ = try await eventually {
        try authenticator.answer { key, _ in key == client.publicKey }
        return try dealer.send([[number]]) == .sent ? true : nil
      }
      let received = try await eventually { try router.receiveIdentified() }
      #expect(received.frames.last == [number] && received.key == "\(client.publicKey)")
    }
    // What is cut off has to be let in anew.
    _ = try dealer.send([[4]])
    let last = try await eventually { try router.receiveIdentified() }
    let monitor = try dealer.monitor()
    router.cutOff(last)
    _ = try await eventually { try monitor.next()?.kind == .disconnected ? true : nil }
    var asked = 0
    _ = try await eventually {
      try authenticator.answer { _, _ in
        asked += 1
        return false
      }
      return try monitor.next()?.kind == .handshakeFailed(.notAllowed(status: 400)) ? true : nil
    }
    #expect(asked == 1)
  }

  @Test func aSocketWithoutKeysKnowsNobody() async throws {
    let (router, endpoint) = try listeningRouter(context)
    let dealer = try Socket(context, .dealer)
    try dealer.connect("\(endpoint)")
    _ = try await eventually { try dealer.send([[1]]) == .sent ? true : nil }
    let received = try await eventually { try router.receiveIdentified() }
    #expect(received.key == nil)
    router.cutOff(received)
    #expect(try dealer.send([[2]]) == .sent)
  }

  @Test func aKeyThatIsNotAllowed() async throws {
    let stranger = try CurveKeyPair()
    expect(
      try failures(
        listening: .server(server), connecting: .client(stranger, server: server.publicKey)),
      .notAllowed(status: 400), .notAllowed(status: 400))
  }

  /// Either end names it; the one that hears of it second may only see the other break off.
  private func expectOtherMechanism(
    listening: CurveSecurity?, connecting: CurveSecurity?, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let found = try failures(listening: listening, connecting: connecting)
    let ends = [found.server, found.client]
    #expect(ends.contains(.otherMechanism), sourceLocation: sourceLocation)
    #expect(
      ends.allSatisfy { [.otherMechanism, .brokenOff].contains($0) }, "\(ends)",
      sourceLocation: sourceLocation)
    #expect(found.took < .seconds(5), sourceLocation: sourceLocation)
  }

  @Test func noKeyWhereOneIsNeeded() async throws {
    try await expectOtherMechanism(listening: .server(server), connecting: nil)
  }

  @Test func aKeyWhereNoneIsUsed() async throws {
    try await expectOtherMechanism(listening: nil, connecting: .client(client, server: server.publicKey))
  }

  @Test func anotherServersKey() async throws {
    let other = try CurveKeyPair()
    expect(
      try failures(listening: .server(server), connecting: .client(client, server: other.publicKey)),
      .otherKey, .brokenOff)
  }

  /// Every failure is explained in one line on either side, and no two alike.
  @Test func explanationsDiffer() {
    let failures: [HandshakeFailure] = [
      .brokenOff, .otherMechanism, .notAllowed(status: 400), .notAllowed(status: 500),
      .foreign(code: 0x10000001),
    ]
    let security = CurveSecurity.client(client, server: server.publicKey)
    for side in [nil, security] {
      let lines = failures.map { $0.explanation(side) }
      #expect(Set(lines).count == failures.count)
      #expect(lines.allSatisfy { !$0.isEmpty && !$0.contains("\n") })
    }
    #expect(HandshakeFailure.notAllowed(status: 400).explanation(security).contains("\(client.publicKey)"))
    #expect(HandshakeFailure.brokenOff.explanation(security).contains("\(server.publicKey)"))
    #expect(HandshakeFailure.otherKey.refusal(.server(server)).contains("\(server.publicKey)"))
    for failure in [HandshakeFailure.brokenOff, .otherMechanism] {
      #expect(failure.refusal(nil).contains("listens without --key"))
      #expect(failure.refusal(.server(server)).contains("has no key"))
      #expect(failure.explanation(nil).contains("--key and --coordinator-key"))
      #expect(failure.explanation(security).contains("uses no keys"))
    }
  }

  @Test func aContextHasOneAuthenticator() throws {
    let first = try Authenticator(context)
    #expect(throws: ZeroMQError.self) { try Authenticator(context) }
    withExtendedLifetime(first) {}
  }
}

@Suite struct AuthenticationRequestTests {
  static let key = [UInt8](repeating: 7, count: 32)
  static let frames: Socket.Message = [
    Array("1.0".utf8), [1, 2], Array("strata".utf8), Array("127.0.0.1".utf8), [], Array("CURVE".utf8), key,
  ]

  @Test func aRequestIsReadAndAnswered() throws {
    let request = try #require(AuthenticationRequest(Self.frames))
    #expect(request.key.bytes == Self.key && request.address == "127.0.0.1")
    let yes = AuthenticationRequest.reply(to: Self.frames, request, isAllowed: true)
    #expect(yes[1] == [1, 2] && yes[2] == Array("200".utf8) && yes[4] == Array("\(request.key)".utf8))
    let no = AuthenticationRequest.reply(to: Self.frames, request, isAllowed: false)
    #expect(no.count == 6 && no[2] == Array("400".utf8) && no[4].isEmpty)
  }

  /// Nothing but a whole request for our domain is ever let in.
  @Test func mutatedRequestsAreRefused() {
    var source = Mutations(seed: 0x2a9)
    for round in 0..<100_000 {
      var frames = Self.frames
      let place = source.next(frames.count)
      switch source.next(4) {
      case 0: frames.remove(at: place)
      case 1: frames.insert(frames[source.next(frames.count)], at: place)
      default: frames[place] = source.mutate(frames[place], others: frames)
      }
      let request = AuthenticationRequest(frames)
      let reply = AuthenticationRequest.reply(to: frames, request, isAllowed: true)
      if reply.count != 6 { Issue.record("round \(round): \(reply.count) frames") }
      guard reply[2] == Array("200".utf8) else { continue }
      let isWhole = frames.count == 7 && frames[2] == Self.frames[2] && frames[6].count == 32
      if !isWhole { Issue.record("round \(round): let in \(frames)") }
    }
  }
}
