import Coordinator
import SweepProtocol
import Sweeps
import Testing

/// Trials that fail wherever they run, and hosts where everything fails.
@Suite struct SchedulerPoisonTests {
  private let a = SchedulerBench.a
  private let b = SchedulerBench.b

  /// Workers a and b on hosts of their own.
  private func bench(trials: Int = 1, restoring rows: SchedulerRestoration? = nil) -> SchedulerBench {
    var bench = rows.map { SchedulerBench(restoring: $0) } ?? SchedulerBench(trials: trials)
    bench.hosts = [a: "alpha", b: "beta"]
    _ = bench.greet()
    _ = bench.greet(b)
    return bench
  }

  /// The worker takes what it is given, and reports its failure.
  private func fail(
    _ attempt: AttemptID, _ line: String, of worker: String, sequence: UInt64, _ bench: inout SchedulerBench
  ) -> [Scheduler.Command] {
    #expect(bench.heartbeat(worker, wants: true).contains(bench.sent(bench.assign(attempt), worker)))
    var report = AttemptReport(attempt, .failure(line))
    report.detail = "in full: \(line)"
    return bench.say(.finished(report), worker, sequence: sequence)
  }

  private func quarantined(_ attempt: AttemptID, failures: Int, _ line: String) -> Scheduler.Command {
    .persist(.trialState(trial: attempt.trial, .quarantined, failures: failures, error: line))
  }

  @Test func theSameErrorOnTwoHostsQuarantinesTheTrial() {
    var bench = bench()
    let (first, second) = (bench.id(0, 1), bench.id(0, 2))
    _ = fail(first, "cannot map 4096 bytes at 0x7f00 on alpha", of: a, sequence: 1, &bench)
    // Not again where it failed, while another host could try it.
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(1))])
    let line = "cannot map 8192 bytes at 0xff12ab on beta"
    #expect(
      fail(second, line, of: b, sequence: 1, &bench) == [
        .persist(.attemptEnded(second, .failed(line, detail: "in full: \(line)"))),
        quarantined(second, failures: 2, line), .persist(.applied(worker: b, sequence: 1)),
        bench.sent(.acknowledge(1), b),
      ])
    let status = bench.scheduler.status(at: bench.now)
    #expect(status.counts.quarantined == 1 && status.counts.over == 1)
    #expect(
      status.givenUp == [
        GivenUpTrial(
          trial: first.trial, label: "trial 0", isQuarantined: true, line: line, detail: "in full: \(line)")
      ])
    #expect(
      bench.ask(.retry(.all), says: "put 1 trial back")
        == [.persist(.trialState(trial: first.trial, .pending, failures: 0, error: nil))]
        + bench.begun(bench.id(0, 3)))
  }

  @Test func differentErrorsAreTriedAgain() {
    var bench = bench()
    _ = fail(bench.id(0, 1), "no memory", of: a, sequence: 1, &bench)
    let commands = fail(bench.id(0, 2), "no such file", of: b, sequence: 1, &bench)
    #expect(
      commands.contains(.persist(.trialState(trial: bench.trials[0].id, .pending, failures: 2, error: nil))))
  }

  @Test func onItsOnlyHostATrialIsTriedAgain() {
    var bench = bench()
    _ = fail(bench.id(0, 1), "no memory", of: a, sequence: 1, &bench)
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(1))])
    // The other host goes away.
    #expect(bench.say(.goodbye, b) == [.persist(.workerLeft(b))] + bench.begun(bench.id(0, 2), failures: 1))
  }

  @Test func anErrorOnAnotherHostOutlivesTheCoordinator() {
    var trial = SchedulerRestoration.Trial(plan: SimulatedTrial(index: 0).plan)
    trial.failures = 1
    trial.recall([
      .init(number: 1, worker: a, origin: nil, isLost: false, host: "alpha", failure: "no memory at 17")
    ])
    var rows = SchedulerRestoration()
    rows.trials = [trial]
    var bench = bench(restoring: rows)
    let commands = fail(bench.id(0, 2), "no memory at 99", of: b, sequence: 1, &bench)
    #expect(commands.contains(quarantined(bench.id(0, 2), failures: 2, "no memory at 99")))
  }

  @Test func failuresBeforeATrialWasPutBackDoNotCount() {
    var trial = SchedulerRestoration.Trial(plan: SimulatedTrial(index: 0).plan)
    trial.recall([
      .init(number: 1, worker: a, origin: nil, isLost: false, host: "alpha", failure: "no memory")
    ])
    var rows = SchedulerRestoration()
    rows.trials = [trial]
    var bench = bench(restoring: rows)
    let commands = fail(bench.id(0, 2), "no memory", of: b, sequence: 1, &bench)
    #expect(
      commands.contains(.persist(.trialState(trial: bench.trials[0].id, .pending, failures: 1, error: nil))))
  }

  // MARK: - Hosts

  /// Three trials fail on alpha, where nothing else ends.
  private func poisoned() -> (bench: SchedulerBench, last: [Scheduler.Command]) {
    var bench = bench(trials: 3)
    var last: [Scheduler.Command] = []
    for trial in 0..<3 {
      last = fail(bench.id(trial, 1), "disk \(trial) is gone", of: a, sequence: UInt64(trial + 1), &bench)
    }
    return (bench, last)
  }

  @Test func thatOnlyQuarantinedHostsAreLeftIsSaidEveryMinute() {
    var (bench, _) = poisoned()
    var warnings = 0
    func pass(_ duration: Duration) {
      let end = bench.now + duration
      while bench.now < end {
        bench.now = bench.now + bench.settings.tick
        for case .log(.warning, let line) in bench.scheduler.handle(.tick, at: bench.now)
        where line.hasPrefix("trials wait: 3, and all workers are on quarantined hosts (alpha)") {
          warnings += 1
        }
        _ = bench.heartbeat(wants: true)
      }
    }
    pass(.seconds(5))
    #expect(warnings == 0, "beta is there")
    _ = bench.say(.goodbye, b)
    pass(.seconds(121))
    #expect(warnings == 3)
  }

  @Test func manyTrialsFailingOnOneHostQuarantineIt() {
    var (bench, last) = poisoned()
    let reason = "3 trials failed there and nowhere else, the last: disk 2 is gone"
    #expect(last.contains(.persist(.hostQuarantined("alpha", reason: reason))))
    #expect(
      bench.scheduler.status(at: bench.now).quarantinedHosts == [
        QuarantinedHost(host: "alpha", reason: reason)
      ])
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(3))])
    // Not even when it is the only one left.
    #expect(bench.say(.goodbye, b) == [.persist(.workerLeft(b))])
    #expect(
      bench.ask(.retry(.host("alpha")), says: "put 0 trials back; host alpha gets trials again")
        == [.persist(.hostReleased("alpha"))] + bench.begun(bench.id(0, 2), failures: 1))
    #expect(bench.scheduler.status(at: bench.now).quarantinedHosts == [])
  }

  @Test func aHostIsReleasedWhenItsTrialsFailElsewhereToo() {
    var (bench, _) = poisoned()
    let commands = fail(bench.id(0, 2), "something else", of: b, sequence: 1, &bench)
    #expect(commands.contains(.persist(.hostReleased("alpha"))))
  }

  @Test func aHostIsNotReleasedWhenItsTrialsSucceedElsewhere() {
    var (bench, _) = poisoned()
    _ = bench.heartbeat(b, wants: true)
    let ending = AttemptReport.Ending.result(.completed, weightsSHA256: hexadecimal(7, digits: 64))
    let commands = bench.say(.finished(AttemptReport(bench.id(0, 2), ending)), b, sequence: 1)
    #expect(!commands.contains(.persist(.hostReleased("alpha"))))
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(3))])
  }

  @Test func theOnlyHostIsNotQuarantined() {
    var bench = SchedulerBench(trials: 3)
    _ = bench.greet()
    for sequence in 1...6 {
      let given = bench.heartbeat(wants: true)
      guard case .persist(.attemptStarted(let attempt, _, _))? = given.dropFirst().first else {
        Issue.record("nothing was given: \(given)")
        return
      }
      let commands = bench.say(
        .finished(AttemptReport(attempt, .failure("broken"))), sequence: UInt64(sequence))
      #expect(!commands.contains { if case .persist(.hostQuarantined) = $0 { true } else { false } })
    }
  }

  @Test func aQuarantineOutlivesTheCoordinator() {
    var rows = SchedulerRestoration()
    rows.trials = [SchedulerRestoration.Trial(plan: SimulatedTrial(index: 0).plan)]
    rows.quarantinedHosts = ["alpha": "3 trials failed there"]
    var bench = bench(restoring: rows)
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(0))])
    #expect(
      bench.heartbeat(b, wants: true) == [bench.sent(.acknowledge(0), b)] + bench.begun(bench.id(0, 1), b))
  }

  @Test func anUnknownHostIsNamed() {
    var bench = bench()
    #expect(
      bench.ask(.retry(.host("gamma")), says: "no host is named gamma; there are alpha, beta") == [])
  }

  // MARK: - Causes

  @Test func numbersAddressesAndTheHostsNameDoNotTellErrorsApart() {
    func cause(_ line: String, on host: String = "node7") -> String {
      FailedAttempt(host: host, line: line).cause
    }
    #expect(cause("no 12 bytes at 0x7f00aa in pid 4711") == cause("no 9 bytes at 0xff in pid 5"))
    #expect(cause("node7: no space") == cause("node12:  no space", on: "node12"))
    #expect(cause("layer 3 is NaN") == cause("layer 12 is NaN"))
    #expect(cause("no space") != cause("no memory"))
    #expect(cause("no space") != cause("no space left"))
  }
}
