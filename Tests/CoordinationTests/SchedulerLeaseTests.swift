import Coordinator
import Sweeps
import SweepProtocol
import Testing

@Suite struct SchedulerLeaseTests {
  private let a = SchedulerBench.a
  private let b = SchedulerBench.b

  @Test func aSilentWorkerLosesItsTrialToAnother() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    _ = bench.greet(b)
    #expect(bench.heartbeat(b, wants: true) == [bench.sent(.acknowledge(0), b)])
    _ = bench.pass(.seconds(20))
    _ = bench.heartbeat(b, wants: true)
    #expect(bench.pass(.seconds(9)) == [])
    _ = bench.heartbeat(b, wants: true)
    #expect(
      bench.pass(.seconds(2)) == bench.pending(bench.id(0, 1), .lost) + bench.begun(bench.id(0, 2), b))
  }

  @Test func aSilentWorkerShowsAsLostLongBeforeItsLeaseEnds() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    #expect(bench.pass(.milliseconds(12_500)) == [])
    #expect(bench.scheduler.status(at: bench.now).workers.map(\.connected) == [true])
    #expect(bench.pass(.seconds(1)) == [])
    #expect(bench.scheduler.status(at: bench.now).workers.map(\.connected) == [false])
    #expect(bench.pass(.seconds(10)) == [])
    #expect(bench.heartbeat(holding: [bench.id(0, 1)]) == [bench.sent(.acknowledge(0))])
    #expect(bench.scheduler.status(at: bench.now).workers.map(\.connected) == [true])
  }

  @Test func heartbeatsKeepTheLease() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    for _ in 0..<20 {
      #expect(bench.pass(.seconds(25)) == [])
      #expect(bench.heartbeat(holding: [bench.id(0, 1)]) == [bench.sent(.acknowledge(0))])
    }
  }

  @Test func aRepeatedOrOvertakenHeartbeatChangesNothing() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    var heartbeat = WorkerHeartbeat()
    heartbeat.beat = 2
    heartbeat.wantsTrial = true
    #expect(bench.say(.heartbeat(heartbeat)) == [])
    heartbeat.beat = 1
    heartbeat.held = [bench.held(bench.id(0, 1), work: 5)]
    #expect(bench.say(.heartbeat(heartbeat)) == [])
    #expect(bench.pass(.seconds(31)) == bench.pending(bench.id(0, 1), .lost))
  }

  @Test func theCoordinatorsOwnStallExpiresNothing() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    _ = bench.pass(.seconds(20))
    bench.now = bench.now + .seconds(3600)
    #expect(bench.handle(.tick) == [])
    #expect(bench.pass(.seconds(9)) == [])
    #expect(bench.pass(.seconds(3)) == bench.pending(bench.id(0, 1), .lost))
  }

  /// What workers said meanwhile waits to be read when the coordinator goes on, before its next tick.
  @Test func aMessageReadAfterAStallRenewsTheLeaseOnce() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    _ = bench.pass(.seconds(20))
    bench.now = bench.now + .seconds(3600)
    #expect(bench.heartbeat(holding: [attempt]) == [bench.sent(.acknowledge(0))])
    #expect(bench.handle(.tick) == [])
    #expect(bench.pass(.seconds(30)) == [])
    #expect(bench.pass(.seconds(1)) == bench.pending(attempt, .lost))
  }

  @Test func aStallIsNoHangOfATrial() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    _ = bench.heartbeat(holding: [attempt], work: 5)
    bench.now = bench.now + .seconds(3600)
    #expect(bench.heartbeat(holding: [attempt], work: 5) == [bench.sent(.acknowledge(0))])
  }

  @Test func aHungTrialHasFailed() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    for _ in 0..<37 {
      _ = bench.heartbeat(holding: [attempt], work: 5)
      #expect(bench.pass(.seconds(25)) == [])
    }
    let detail =
      "while training, epoch 0 of 0, step 0 of 0\n\(attempt), trial 0, on a on host"
    #expect(
      bench.heartbeat(holding: [attempt], work: 5)
        == bench.pending(
          attempt, .failed("no progress for 900 s; the trial hangs", detail: detail), failures: 1)
        + [bench.sent(.revoke(attempt, .hung)), bench.sent(.acknowledge(0))])
  }

  @Test func aLostAttemptNoOtherFollowedGoesOn() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    #expect(bench.pass(.seconds(31)) == bench.pending(attempt, .lost))
    let reattached: [Scheduler.Command] = [
      .persist(.attemptReattached(attempt)),
      .persist(.trialState(trial: attempt.trial, .running, failures: 0, error: nil)),
    ]
    #expect(bench.heartbeat(holding: [attempt]) == reattached + [bench.sent(.acknowledge(0))])
    #expect(bench.pass(.seconds(31)) == bench.pending(attempt, .lost))
    #expect(
      bench.say(.snapshot(attempt, Snapshot()), sequence: 1)
        == reattached + [
          .persist(.snapshot(attempt, Snapshot())), .persist(.applied(worker: a, sequence: 1)),
          bench.sent(.acknowledge(1)),
        ])
  }

  @Test func aLostConnectionIsNoLostLease() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    #expect(bench.handle(.connectionLost(bench.connection(a))) == [])
    #expect(bench.scheduler.status(at: bench.now).workers.map(\.connected) == [false])
    #expect(bench.heartbeat(holding: [bench.id(0, 1)]) == [bench.sent(.acknowledge(0))])
    #expect(bench.scheduler.status(at: bench.now).workers.map(\.connected) == [true])
  }

  @Test func goodbyeGivesUpWhatIsHeld() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    #expect(bench.say(.goodbye) == bench.pending(bench.id(0, 1), .lost) + [.persist(.workerLeft(a))])
    #expect(bench.greet() == [])
    #expect(bench.heartbeat(holding: [bench.id(0, 1)]) == [])
  }

  // MARK: - Restart

  @Test func afterARestartAWorkerGoesOnWithWhatItHolds() {
    let attempt = SchedulerBench().id(0, 1)
    var bench = SchedulerBench(restoring: running(applied: 4))
    #expect(bench.heartbeat(holding: [attempt]) == [bench.sent(.identify)])
    let commands = bench.greet(held: [bench.held(attempt, work: 1)], acknowledged: 3)
    let welcome = Welcome(lease: .seconds(30), heartbeat: .seconds(5), checkpointPort: 0, acknowledged: 4)
    #expect(commands.filter { if case .send = $0 { true } else { false } } == [bench.sent(.welcome(welcome))])
    #expect(bench.pass(.seconds(29)) == [])
    #expect(
      bench.say(.snapshot(attempt, Snapshot()), sequence: 4) == [bench.sent(.acknowledge(4))])
    #expect(
      bench.say(.snapshot(attempt, Snapshot()), sequence: 5) == [
        .persist(.snapshot(attempt, Snapshot())), .persist(.applied(worker: a, sequence: 5)),
        bench.sent(.acknowledge(5)),
      ])
  }

  @Test func afterARestartAWorkerThatStaysAwayLosesItsTrial() {
    var bench = SchedulerBench(restoring: running(applied: 0))
    #expect(bench.pass(.seconds(30)) == [])
    #expect(bench.pass(.seconds(1)) == bench.pending(bench.id(0, 1), .lost))
  }

  @Test func anAcknowledgementThatOutlivedTheStoreCounts() {
    var bench = SchedulerBench(restoring: running(applied: 2))
    let commands = bench.greet(acknowledged: 6)
    #expect(commands.contains(.persist(.applied(worker: a, sequence: 6))))
  }

  private func running(applied: UInt64) -> SchedulerRestoration {
    var trial = SchedulerRestoration.Trial(plan: SimulatedTrial(index: 0).plan)
    trial.state = .running
    trial.attempts = 1
    trial.worker = a
    var rows = SchedulerRestoration()
    rows.trials = [trial]
    rows.applied = [a: applied]
    rows.fingerprints = ["synthetic": SchedulerBench.synthetic]
    return rows
  }

  // MARK: - Shutdown

  @Test func shutdownDrainsAndEnds() {
    var bench = SchedulerBench(trials: 2)
    bench.startFirstTrial()
    let client = ConnectionID([9])
    #expect(
      bench.handle(.request(.shutdown, from: client)) == [
        .reply(.shuttingDown, to: client), bench.sent(.drain),
      ])
    #expect(
      bench.heartbeat(holding: [bench.id(0, 1)]) == [bench.sent(.acknowledge(0)), bench.sent(.drain)])
    _ = bench.say(.released(bench.id(0, 1), .drained), sequence: 1)
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(1)), bench.sent(.drain)])
    #expect(bench.say(.goodbye) == [.persist(.workerLeft(a)), .end])
    #expect(bench.pass(.seconds(120)) == [])
  }

  @Test func shutdownDoesNotWaitForever() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    #expect(bench.handle(.shutdownRequested) == [bench.sent(.drain)])
    for _ in 0..<69 {
      _ = bench.heartbeat(holding: [bench.id(0, 1)])
      #expect(bench.pass(.seconds(1)) == [])
    }
    #expect(bench.pass(.seconds(1)) == [.end])
  }

  @Test func withoutWorkersShutdownEndsAtOnce() {
    var bench = SchedulerBench()
    #expect(bench.handle(.shutdownRequested) == [.end])
  }
}
