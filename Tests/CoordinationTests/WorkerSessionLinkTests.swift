import Sweeps
import SweepProtocol
import Testing
import Worker

@Suite struct WorkerSessionLinkTests {
  @Test func itConnectsSaysHelloAndAsksForATrial() {
    var bench = SessionBench()
    #expect(bench.handle(.tick) == [.connect])
    #expect(bench.handle(.connected) == [bench.hello(1)])
    #expect(bench.hear(bench.welcome()) == [bench.heartbeat(2, wants: true)])
    #expect(bench.hear(bench.welcome()) == [])
    #expect(bench.pass(.seconds(4)) == [])
    #expect(bench.pass(.seconds(1)) == [bench.heartbeat(3, wants: true)])
  }

  @Test func aHelloWithoutAnswerIsSaidAgainThenTheConnectionGivenUp() {
    var bench = SessionBench()
    _ = bench.handle(.tick)
    _ = bench.handle(.connected)
    #expect(bench.pass(.seconds(5)) == [bench.hello(2)])
    #expect(bench.pass(.seconds(5)) == [bench.hello(3)])
    #expect(bench.pass(.seconds(5)) == [bench.hello(4)])
    #expect(bench.pass(.seconds(5)) == [.disconnect])
  }

  @Test func waitsBetweenConnectionsDoubleUpToTheLongestAndVary() {
    var bench = SessionBench()
    var waits: [Duration] = []
    for _ in 0..<8 {
      let lost = bench.now
      var commands: [WorkerSession.Command] = []
      while commands.isEmpty { commands = bench.pass(.milliseconds(10)) }
      #expect(commands == [.connect])
      waits.append(lost.duration(to: bench.now))
      #expect(bench.handle(.disconnected) == [])
      #expect(bench.handle(.disconnected) == [])
    }
    for (wait, whole) in zip(waits.dropFirst(), [0.5, 1, 2, 4, 8, 10, 10]) {
      #expect(wait >= .seconds(whole / 2) && wait <= .seconds(whole) + .milliseconds(10))
    }
    #expect(waits[6] != waits[7])
  }

  @Test func aSilentCoordinatorIsLeftForAFreshConnection() {
    var bench = SessionBench.joined
    for beat in 3...5 as ClosedRange<UInt64> {
      #expect(bench.pass(.seconds(5)) == [bench.heartbeat(beat, wants: true)])
    }
    #expect(bench.pass(.seconds(5)) == [.disconnect])
  }

  @Test func aCoordinatorThatForgotIsTold() {
    var bench = SessionBench.running
    _ = bench.handle(.runner(.progress(bench.attempt(), SessionBench.progress(.training))))
    let held = bench.held(bench.attempt(), .training)
    #expect(bench.hear(.identify) == [bench.hello(4, held: [held])])
    #expect(bench.hear(.identify) == [])
    #expect(bench.hear(bench.welcome()) == [bench.heartbeat(5, held: [held])])
  }

  @Test func aRefusedWorkerEndsWithTheReason() {
    var bench = SessionBench.joined
    #expect(bench.hear(.refused(.programVersion, "another version")) == [.exit(1, "another version")])
    #expect(bench.pass(.seconds(60)) == [])
    var other = SessionBench.joined
    let error = WireError.version(theirs: 9)
    #expect(other.handle(.unreadable(error)) == [.exit(1, error.description)])
    var garbled = SessionBench.joined
    #expect(garbled.handle(.unreadable(.foreign(bytes: 3))) == [.disconnect])
  }

  @Test func messagesToAnotherWorkerAreIgnored() {
    var bench = SessionBench.joined
    let envelope = CoordinatorEnvelope(coordinator: uuid(0xc), worker: uuid(0xb), message: .drain)
    #expect(bench.handle(.message(envelope)) == [])
  }

  @Test func patienceEnds() {
    var bench = SessionBench.joined
    #expect(bench.pass(.seconds(86_400)) == [.exit(1, "no word from the coordinator for 86400 s")])
  }

  // MARK: - Deliveries

  @Test func deliveriesAreNumberedAndSentAgainUntilAcknowledged() {
    var bench = SessionBench.running
    let first = bench.sent(.snapshot(bench.attempt(), bench.snapshot(0)), 1)
    let second = bench.sent(.snapshot(bench.attempt(), bench.snapshot(1)), 2)
    #expect(bench.handle(.runner(.snapshot(bench.attempt(), bench.snapshot(0)))) == [first])
    #expect(bench.handle(.runner(.snapshot(bench.attempt(), bench.snapshot(1)))) == [second])
    _ = bench.handle(.runner(.progress(bench.attempt(), SessionBench.progress(.training))))
    let held = bench.held(bench.attempt(), .training)
    #expect(bench.pass(.seconds(5)) == [bench.heartbeat(4, held: [held])])
    #expect(bench.hear(.acknowledge(0)) == [])
    #expect(bench.pass(.seconds(5)) == [bench.heartbeat(5, held: [held]), first, second])
    #expect(bench.hear(.acknowledge(1)) == [])
    #expect(bench.hear(.acknowledge(1)) == [])
    #expect(bench.pass(.seconds(10)) == [bench.heartbeat(6, held: [held]), second])
    #expect(bench.hear(.acknowledge(2)) == [])
    #expect(bench.pass(.seconds(10)) == [bench.heartbeat(7, held: [held])])
  }

  @Test func afterAReconnectionOnlyWhatIsMissingIsSent() {
    var bench = SessionBench.running
    _ = bench.handle(.runner(.progress(bench.attempt(), SessionBench.progress(.training))))
    for epoch in 0...1 { _ = bench.handle(.runner(.snapshot(bench.attempt(), bench.snapshot(epoch)))) }
    _ = bench.handle(.disconnected)
    #expect(bench.handle(.runner(.snapshot(bench.attempt(), bench.snapshot(2)))) == [])
    #expect(bench.pass(.seconds(1)) == [.connect])
    let held = bench.held(bench.attempt(), .training)
    #expect(bench.handle(.connected) == [bench.hello(4, held: [held])])
    #expect(
      bench.hear(bench.welcome(1)) == [
        bench.heartbeat(5, held: [held]), bench.sent(.snapshot(bench.attempt(), bench.snapshot(1)), 2),
        bench.sent(.snapshot(bench.attempt(), bench.snapshot(2)), 3),
      ])
  }

  @Test func noMoreThanTheWindowIsUnderWay() {
    var bench = SessionBench.running
    var sent = 0
    for _ in 0..<20 {
      sent += bench.handle(.runner(.snapshot(bench.attempt(), bench.snapshot(1)))).count
    }
    #expect(sent == 16)
    #expect(bench.hear(.acknowledge(3)).count == 3)
  }
}
