import Coordinator
import Sweeps
import SweepProtocol
import Testing

@Suite struct SchedulerTests {
  private let a = SchedulerBench.a
  private let b = SchedulerBench.b

  // MARK: - Joining

  @Test func aWorkerIsWelcomed() {
    var bench = SchedulerBench()
    var record = WorkerRecord()
    record.id = a
    record.name = "a"
    record.host = "host"
    record.program = "1"
    let welcome = Welcome(
      lease: .seconds(30), heartbeat: .seconds(5), checkpointPort: 5556, acknowledged: 0)
    #expect(bench.greet() == [.persist(.worker(record)), bench.sent(.welcome(welcome))])
    #expect(bench.greet() == [bench.sent(.welcome(welcome))])
  }

  @Test func anotherProgramVersionIsRefusedByName() {
    var bench = SchedulerBench()
    var hello = bench.hello()
    hello.program = "2"
    hello.beat = 1
    let line = "a on host runs strata 2, this coordinator 1; run the same version"
    #expect(bench.say(.hello(hello)) == [bench.sent(.refused(.programVersion, line))])
    #expect(bench.heartbeat(wants: true) == [bench.sent(.identify)])
  }

  @Test func anotherCopyOfTheDataIsRefusedByName() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    _ = bench.say(.snapshot(bench.id(0, 1), Snapshot()), sequence: 1)
    var hello = bench.hello(b)
    hello.beat = 1
    hello.datasets["synthetic"] = hexadecimal(0x52, digits: 64)
    let line =
      "b on host has another copy of synthetic (000000000000) than this sweep's results are from "
      + "(000000000000); give it the same files"
    #expect(bench.say(.hello(hello), b) == [bench.sent(.refused(.dataset, line), b)])
  }

  /// Not the first hello: whoever said it may have been there by mistake.
  @Test func theFirstResultDecidesWhichCopyOfTheDataCounts() {
    var bench = SchedulerBench(trials: 2)
    var hello = bench.hello(b)
    hello.beat = bench.beat(b)
    hello.datasets["synthetic"] = hexadecimal(0x52, digits: 64)
    _ = bench.say(.hello(hello), b)
    _ = bench.heartbeat(b, wants: true)
    #expect(bench.greet().last != bench.sent(.identify))
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(0))] + bench.begun(bench.id(1, 1)))
    let snapshot = WorkerEnvelope(worker: a, sequence: 1, message: .snapshot(bench.id(1, 1), Snapshot()))
    let commands = bench.scheduler.handle(
      .message(snapshot, from: bench.connection(a)), at: bench.now)
    #expect(commands.contains(.persist(.fingerprint(dataset: "synthetic", SchedulerBench.synthetic))))
    let line =
      "b on host has another copy of synthetic (000000000000) than this sweep's results are from "
      + "(000000000000); give it the same files"
    #expect(commands.contains(bench.sent(.refused(.dataset, line), b)))
    #expect(commands.contains(.persist(.attemptEnded(bench.id(0, 1), .lost))))
    #expect(bench.heartbeat(b, holding: [bench.id(0, 1)]) == [bench.sent(.identify, b)])
    hello.beat = bench.beat(b)
    #expect(bench.say(.hello(hello), b) == [bench.sent(.refused(.dataset, line), b)])
  }

  @Test func unreadableBytesAreAnswered() {
    var bench = SchedulerBench()
    let connection = ConnectionID([3])
    let refused = CoordinatorEnvelope(
      coordinator: uuid(0xc), worker: "", message: .refused(.protocolVersion, "version 2"))
    #expect(
      bench.handle(.unreadable(.protocolVersion, "version 2", from: connection)) == [
        .send(refused, to: connection)
      ])
  }

  @Test func aFloodOfUnreadableBytesIsLoggedOnceInTenSeconds() {
    var bench = SchedulerBench()
    var lines: [String] = []
    for _ in 0..<21 {
      let event = Scheduler.Event.unreadable(.malformed, "not a message", from: ConnectionID([3]))
      for case .log(_, let line) in bench.scheduler.handle(event, at: bench.now) { lines.append(line) }
      _ = bench.pass(.seconds(1))
    }
    #expect(
      lines == [
        "refused a message: not a message", "refused a message (11 so far): not a message",
        "refused a message (21 so far): not a message",
      ])
  }

  @Test func aStrangerIsAskedToIdentify() {
    var bench = SchedulerBench()
    #expect(bench.heartbeat(wants: true) == [bench.sent(.identify)])
    #expect(bench.say(.released(bench.id(0, 1), .stopping), sequence: 1) == [bench.sent(.identify)])
    #expect(bench.say(.goodbye) == [])
  }

  // MARK: - Assigning

  @Test func trialsGoOutInOrderToIdleWorkers() {
    var bench = SchedulerBench(trials: 2)
    _ = bench.greet()
    _ = bench.greet(b)
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(0))] + bench.begun(bench.id(0, 1)))
    #expect(bench.heartbeat(holding: [bench.id(0, 1)]) == [bench.sent(.acknowledge(0))])
    #expect(
      bench.heartbeat(b, wants: true) == [bench.sent(.acknowledge(0), b)] + bench.begun(bench.id(1, 1), b))
  }

  @Test func idleWorkersGetTrialsThatAreAdded() {
    var bench = SchedulerBench(trials: 0)
    _ = bench.greet()
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(0))])
    let plans = [bench.trials[0].plan]
    #expect(bench.handle(.trialsAdded(plans)) == bench.begun(bench.id(0, 1)))
    #expect(bench.handle(.trialsAdded(plans)) == [])
  }

  @Test func aTrialWaitsForAWorkerWithItsData() {
    var bench = SchedulerBench(trials: 0)
    _ = bench.greet()
    _ = bench.heartbeat(wants: true)
    var plan = bench.trials[0].plan
    plan.dataset = "cifar10"
    #expect(bench.handle(.trialsAdded([plan])) == [])
    #expect(bench.scheduler.status(at: bench.now).counts.pending == 1)
    #expect(bench.handle(.trialsAdded([bench.trials[1].plan])) == bench.begun(bench.id(1, 1)))
  }

  @Test func anAssignmentThatDoesNotArriveIsSentAgainThenLost() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    for _ in 0..<3 {
      #expect(bench.heartbeat() == [bench.sent(.acknowledge(0))])
      _ = bench.pass(.seconds(10))
      #expect(bench.heartbeat() == [bench.sent(bench.assign(attempt)), bench.sent(.acknowledge(0))])
    }
    _ = bench.pass(.seconds(10))
    #expect(bench.heartbeat() == bench.pending(attempt, .lost) + [bench.sent(.acknowledge(0))])
  }

  // MARK: - Deliveries

  @Test func aSnapshotIsWrittenOnceAndThenAcknowledged() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let snapshot = WorkerMessage.snapshot(bench.id(0, 1), Snapshot())
    #expect(
      bench.say(snapshot, sequence: 1) == [
        .persist(.snapshot(bench.id(0, 1), Snapshot())), .persist(.applied(worker: a, sequence: 1)),
        bench.sent(.acknowledge(1)),
      ])
    #expect(bench.say(snapshot, sequence: 1) == [bench.sent(.acknowledge(1))])
    #expect(bench.say(snapshot, sequence: 3) == [bench.sent(.acknowledge(1))])
  }

  @Test(arguments: TrialOutcome.allCases) func everyOutcomeIsAResult(outcome: TrialOutcome) {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let ending = AttemptReport.Ending.result(outcome, weightsSHA256: hexadecimal(7, digits: 64))
    let report = AttemptReport(bench.id(0, 1), ending)
    let state = TrialState(rawValue: outcome.rawValue)!
    #expect(
      bench.say(.finished(report), sequence: 1) == [
        .persist(.result(report)), .persist(.attemptEnded(bench.id(0, 1), .result(outcome))),
        .persist(.trialState(trial: bench.trials[0].id, state, failures: 0, error: nil)),
        .persist(.applied(worker: a, sequence: 1)), bench.sent(.acknowledge(1)),
      ])
    #expect(bench.say(.finished(report), sequence: 1) == [bench.sent(.acknowledge(1))])
    let listed = bench.heartbeat(holding: [bench.id(0, 1)], phase: .finishing)
    #expect(listed == [bench.sent(.acknowledge(1))])
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(1))])
  }

  @Test func aFailureIsTriedAgainThreeTimes() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    for failure in 1...3 {
      let attempt = bench.id(0, failure)
      let report = AttemptReport(attempt, .failure("broken"))
      #expect(
        bench.say(.finished(report), sequence: UInt64(failure))
          == bench.pending(attempt, .failed("broken"), failures: failure)
          + [
            .persist(.applied(worker: a, sequence: UInt64(failure))),
            bench.sent(.acknowledge(UInt64(failure))),
          ])
      #expect(
        bench.heartbeat(wants: true)
          == [bench.sent(.acknowledge(UInt64(failure)))]
          + bench.begun(bench.id(0, failure + 1), failures: failure))
    }
    let last = AttemptReport(bench.id(0, 4), .failure("broken"))
    let trial = bench.trials[0].id
    #expect(
      bench.say(.finished(last), sequence: 4) == [
        .persist(.attemptEnded(bench.id(0, 4), .failed("broken"))),
        .persist(.trialState(trial: trial, .failed, failures: 4, error: "broken")),
        .persist(.applied(worker: a, sequence: 4)), bench.sent(.acknowledge(4)),
      ])
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(4))])
    #expect(
      bench.ask(.retry(.trials([trial])), says: "put 1 trial back")
        == [.persist(.trialState(trial: trial, .pending, failures: 0, error: nil))]
        + bench.begun(bench.id(0, 5)))
  }

  @Test(arguments: ReleaseReason.allCases) func givingBackIsNoFailure(reason: ReleaseReason) {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    #expect(
      bench.say(.released(bench.id(0, 1), reason), sequence: 1)
        == bench.pending(bench.id(0, 1), .released(reason))
        + [.persist(.applied(worker: a, sequence: 1)), bench.sent(.acknowledge(1))])
    let revoke = bench.sent(.revoke(bench.id(0, 1), .superseded))
    #expect(bench.heartbeat(holding: [bench.id(0, 1)]) == [revoke, bench.sent(.acknowledge(1))])
  }

  // MARK: - Fencing

  @Test func whatAnOldAttemptSaysIsRefusedByRevoke() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    _ = bench.greet(b)
    _ = bench.pass(.seconds(31))
    _ = bench.heartbeat(b, wants: true)
    let old = bench.id(0, 1)
    let revoke = bench.sent(.revoke(old, .superseded))
    let report = AttemptReport(old, .result(.completed, weightsSHA256: hexadecimal(7, digits: 64)))
    let messages: [WorkerMessage] = [
      .snapshot(old, Snapshot()), .finished(report), .released(old, .stopping),
    ]
    for (message, sequence) in zip(messages, 1...) {
      #expect(
        bench.say(message, sequence: UInt64(sequence)) == [
          revoke, .persist(.applied(worker: a, sequence: UInt64(sequence))),
          bench.sent(.acknowledge(UInt64(sequence))),
        ])
    }
    #expect(bench.heartbeat(holding: [old]) == [revoke, bench.sent(.acknowledge(3))])
    #expect(bench.scheduler.status(at: bench.now).running.map(\.attempt) == [bench.id(0, 2)])
  }

  @Test func anAttemptOfAnotherWorkerIsRevoked() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    _ = bench.greet(b)
    let revoke = bench.sent(.revoke(bench.id(0, 1), .superseded), b)
    #expect(bench.heartbeat(b, holding: [bench.id(0, 1)]) == [revoke, bench.sent(.acknowledge(0), b)])
  }

  @Test func anUnknownTrialIsRevokedAsSuch() {
    var bench = SchedulerBench(trials: 0)
    _ = bench.greet()
    let revoke = bench.sent(.revoke(bench.id(2, 1), .unknown))
    #expect(bench.heartbeat(holding: [bench.id(2, 1)]) == [revoke, bench.sent(.acknowledge(0))])
  }
}
