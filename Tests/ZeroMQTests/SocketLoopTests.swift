import Synchronization
import Testing
import ZeroMQ

/// Answers every message with its payload, on the loop's thread, and counts what else the loop runs.
private actor Echo {
  private let loop = SocketLoop(name: "echo")
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }
  private var router: Socket?
  private(set) var ticks = 0
  private var posted: [Int] = []

  func listen(_ context: Context) throws -> Endpoint {
    #expect(loop.isCurrent)
    let (router, endpoint) = try listeningRouter(context)
    self.router = router
    loop.watch(router, for: self) { $0.answer() }
    return endpoint
  }

  private func answer() {
    #expect(loop.isCurrent)
    // One at a time: the loop must call again for the rest.
    if let router, let message = try? router.receive() { _ = try? router.send(message) }
  }

  func close() {
    guard let router else { return }
    loop.unwatch(router)
    self.router = nil
  }

  func tick(every interval: Duration) {
    loop.schedule(after: interval, for: self) {
      $0.ticks += 1
      $0.tick(every: interval)
    }
  }

  nonisolated func post(_ number: Int) {
    loop.post { self.assumeIsolated { $0.posted.append(number) } }
  }

  func takePosted() -> [Int] { posted }
}

/// Answers on many sockets.
private actor Switchboard {
  private let loop = SocketLoop(name: "switchboard")
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }
  private var routers: [Socket] = []

  func listen(_ context: Context, sockets count: Int) throws -> [String] {
    try (0..<count).map { number in
      let (router, endpoint) = try listeningRouter(context)
      routers.append(router)
      loop.watch(router, for: self) { $0.answer(number) }
      return "\(endpoint)"
    }
  }

  private func answer(_ number: Int) {
    if let message = try? routers[number].receive() { _ = try? routers[number].send(message) }
  }
}

@Suite struct SocketLoopTests {
  @Test func anActorServesItsSocketOnTheLoop() async throws {
    let context = try Context()
    let echo = Echo()
    let endpoint = try await echo.listen(context)
    let dealer = try Socket(context, .dealer)
    try dealer.connect("\(endpoint)")
    for number in 0..<200 as Range<UInt8> {
      _ = try await eventually { try dealer.send([[number]]) == .sent ? true : nil }
    }
    for number in 0..<200 as Range<UInt8> {
      #expect(try await eventually { try dealer.receive() } == [[number]])
    }
    await echo.close()
  }

  @Test func manySocketsShareALoop() async throws {
    let context = try Context()
    let switchboard = Switchboard()
    let dealers = try await switchboard.listen(context, sockets: 300).map { endpoint in
      let dealer = try Socket(context, .dealer)
      try dealer.connect(endpoint)
      return dealer
    }
    for number in 0..<3 as Range<UInt8> {
      for dealer in dealers {
        _ = try await eventually { try dealer.send([[number]]) == .sent ? true : nil }
      }
    }
    for dealer in dealers {
      for number in 0..<3 as Range<UInt8> {
        #expect(try await eventually { try dealer.receive() } == [[number]])
      }
    }
  }

  @Test func jobsOfOneThreadRunInTheOrderPosted() async {
    let echo = Echo()
    for number in 0..<10_000 { echo.post(number) }
    #expect(await echo.takePosted() == Array(0..<10_000))
  }

  @Test func timersRunWithoutMessages() async throws {
    let echo = Echo()
    await echo.tick(every: .milliseconds(1))
    _ = try await eventually { await echo.ticks >= 5 ? true : nil }
  }

  @Test func theThreadEndsWithItsLoopAfterTheJobsPosted() async throws {
    let ran = Mutex(0)
    let released = Box()
    weak let alive = released.make()
    do {
      let loop = SocketLoop(name: "short")
      for _ in 0..<100 {
        loop.post { [held = released.held] in withExtendedLifetime(held) { ran.withLock { $0 += 1 } } }
      }
    }
    released.held = nil
    // The jobs held the object; that it goes shows that the thread let go of all of them.
    _ = try await eventually { alive == nil ? true : nil }
    #expect(ran.withLock { $0 } == 100)
  }

  private final class Box {
    final class Held: Sendable {}
    var held: Held?
    func make() -> Held? {
      held = Held()
      return held
    }
  }
}
