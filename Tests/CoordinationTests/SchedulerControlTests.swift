import Coordinator
import SweepProtocol
import Sweeps
import Testing

/// What people ask of a sweep under way.
@Suite struct SchedulerControlTests {
  private let a = SchedulerBench.a
  private let b = SchedulerBench.b

  private func cancelled(_ trial: String) -> Scheduler.Command {
    .persist(.trialState(trial: trial, .cancelled, failures: 0, error: nil))
  }

  // MARK: - Cancel

  @Test func aPendingTrialIsCancelledAndPutBack() {
    var bench = SchedulerBench(trials: 2)
    let trial = bench.trials[0].id
    #expect(bench.ask(.cancel(["trial 0"]), says: "cancelled 1 trial") == [cancelled(trial)])
    #expect(bench.ask(.cancel([trial]), says: "cancelled 0 trials") == [])
    #expect(bench.scheduler.status(at: bench.now).counts.cancelled == 1)
    _ = bench.greet()
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(0))] + bench.begun(bench.id(1, 1)))
    #expect(
      bench.ask(.retry(.all), says: "put 0 trials back") == [], "only those that errors stopped are meant")
    #expect(
      bench.ask(.retry(.trials(["trial 0"])), says: "put 1 trial back")
        == [.persist(.trialState(trial: trial, .pending, failures: 0, error: nil))])
  }

  @Test func aRunningTrialIsRevokedAndWhatComesOfItIsRefused() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    let revoke = bench.sent(.revoke(attempt, .cancelled))
    #expect(
      bench.ask(.cancel(["trial 0"]), says: "cancelled 1 trial, 1 of them running")
        == [.persist(.attemptEnded(attempt, .cancelled)), revoke, cancelled(attempt.trial)])
    let report = AttemptReport(attempt, .result(.completed, weightsSHA256: hexadecimal(7, digits: 64)))
    #expect(
      bench.say(.finished(report), sequence: 1) == [
        revoke, .persist(.applied(worker: a, sequence: 1)), bench.sent(.acknowledge(1)),
      ])
    #expect(bench.heartbeat(holding: [attempt]) == [revoke, bench.sent(.acknowledge(1))])
  }

  @Test func aLostTrialIsCancelledAndItsWorkerDoesNotTakeItUpAgain() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    _ = bench.pass(.seconds(31))
    #expect(bench.ask(.cancel(["trial 0"]), says: "cancelled 1 trial") == [cancelled(attempt.trial)])
    let revoke = bench.sent(.revoke(attempt, .cancelled))
    #expect(bench.heartbeat(holding: [attempt]) == [revoke, bench.sent(.acknowledge(0))])
  }

  @Test func aResultIsNeitherCancelledNorPutBack() {
    var bench = SchedulerBench(trials: 2)
    bench.startFirstTrial()
    let ending = AttemptReport.Ending.result(.completed, weightsSHA256: hexadecimal(7, digits: 64))
    _ = bench.say(.finished(AttemptReport(bench.id(0, 1), ending)), sequence: 1)
    let title = "trial 0 (\(bench.trials[0].id.prefix(12)))"
    #expect(
      bench.ask(
        .cancel(["trial 0", "trial 1"]),
        says: "\(title) is completed: only pending and running trials are cancelled") == [])
    #expect(
      bench.ask(
        .retry(.trials(["trial 0"])),
        says:
          "\(title) is completed: only failed, quarantined, cancelled and early stopped trials are put back")
        == [])
  }

  @Test func namesThatMeanNoTrialOrSeveralAreToldSo() {
    var bench = SchedulerBench(trials: 0)
    var plans = bench.trials.prefix(2).map(\.plan)
    plans[1].label = plans[0].label
    _ = bench.handle(.trialsAdded(plans))
    let listed = plans.map { "\($0.id.prefix(12)) (trial 0)" }.joined(separator: ", ")
    #expect(
      bench.ask(
        .cancel(["trial 0"]),
        says: "2 trials of this coordinator are trial 0: name one by its id: \(listed)") == [])
    #expect(
      bench.ask(
        .retry(.trials(["nobody"])),
        says: "no trial of this coordinator has an id beginning with, or the label, nobody; it has \(listed)")
        == [])
  }

  // MARK: - Pause

  @Test func pausedItHandsOutNothingUntilResumed() {
    var bench = SchedulerBench(trials: 2)
    bench.startFirstTrial()
    #expect(
      bench.ask(.pause, says: "no trials are handed out; 1 trial running goes on") == [
        .persist(.paused(true))
      ])
    #expect(bench.ask(.pause, says: "no trials are handed out; 1 trial running goes on") == [])
    _ = bench.greet(b)
    #expect(bench.heartbeat(b, wants: true) == [bench.sent(.acknowledge(0), b)])
    #expect(bench.heartbeat(holding: [bench.id(0, 1)]) == [bench.sent(.acknowledge(0))])
    #expect(bench.scheduler.status(at: bench.now).paused)
    #expect(
      bench.ask(.resume, says: "trials are handed out")
        == [.persist(.paused(false))] + bench.begun(bench.id(1, 1), b))
  }

  @Test func aPauseOutlivesTheCoordinator() {
    var rows = SchedulerRestoration()
    rows.trials = [SchedulerRestoration.Trial(plan: SimulatedTrial(index: 0).plan)]
    rows.paused = true
    var bench = SchedulerBench(restoring: rows)
    _ = bench.greet()
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(0))])
    #expect(
      bench.ask(.resume, says: "trials are handed out")
        == [.persist(.paused(false))] + bench.begun(bench.id(0, 1)))
  }

  // MARK: - Drain

  @Test func aDrainedWorkerGivesBackAndGetsNothingMore() {
    var bench = SchedulerBench(trials: 2)
    bench.startFirstTrial()
    #expect(
      bench.ask(.drain("a"), says: "a on host gives its trial back with a checkpoint and leaves")
        == [bench.sent(.drain)])
    // Lost on the way, perhaps.
    #expect(
      bench.heartbeat(holding: [bench.id(0, 1)]) == [bench.sent(.acknowledge(0)), bench.sent(.drain)])
    _ = bench.say(.released(bench.id(0, 1), .drained), sequence: 1)
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(1)), bench.sent(.drain)])
    #expect(bench.say(.goodbye) == [.persist(.workerLeft(a))])
    #expect(bench.ask(.drain("a"), says: "no worker has the name a, or an id beginning so") == [])
  }

  @Test func aWorkerIsNamedByItsIdWhereNamesAreShared() {
    var bench = SchedulerBench()
    _ = bench.greet()
    var hello = bench.hello(b)
    hello.name = "a"
    hello.beat = bench.beat(b)
    _ = bench.say(.hello(hello), b)
    #expect(
      bench.ask(
        .drain("a"),
        says: "2 workers are a: name one by its id: 00000000 (a on host), 00000000 (a on host)") == [])
    #expect(bench.ask(.drain(b), says: "a on host leaves") == [bench.sent(.drain, b)])
  }

  @Test func aWorkerThatIsAwayIsDrainedWhenItComesBack() {
    var bench = SchedulerBench()
    _ = bench.greet()
    _ = bench.handle(.connectionLost(bench.connection(a)))
    #expect(
      bench.ask(
        .drain("a"),
        says:
          "a on host is not connected; it is asked to leave when it comes back, unless this coordinator is "
          + "started again before") == [])
    #expect(bench.greet().last == bench.sent(.drain))
  }

  @Test func ofTwoWorkersOfANameTheLivingIsMeant() {
    var bench = SchedulerBench()
    _ = bench.greet()
    _ = bench.handle(.connectionLost(bench.connection(a)))
    var hello = bench.hello(b)
    hello.name = "a"
    hello.beat = bench.beat(b)
    _ = bench.say(.hello(hello), b)
    #expect(bench.ask(.drain("a"), says: "a on host leaves") == [bench.sent(.drain, b)])
  }

  // MARK: - Submitted trials

  @Test func submittedTrialsRunUnlessTheyAreOver() {
    var bench = SchedulerBench(trials: 0)
    var rows = bench.trials.map { SchedulerRestoration.Trial(plan: $0.plan) }
    rows[0].state = .completed
    rows[1].state = .cancelled
    _ = bench.greet()
    _ = bench.heartbeat(wants: true)
    #expect(bench.handle(.trialsStored(rows, sweep: "grown")) == bench.begun(bench.id(2, 1)))
    #expect(bench.handle(.trialsStored(rows, sweep: "grown")) == [])
    let status = bench.scheduler.status(at: bench.now)
    #expect(status.sweep == "grown" && status.counts.total == 3 && status.counts.over == 2)
  }

  @Test func trialsThatNoSweepHasAnyMoreAreNotRun() {
    var bench = SchedulerBench(trials: 3)
    bench.startFirstTrial()
    #expect(bench.handle(.trialsWithdrawn(bench.trials.map(\.id))) == [])
    func counts() -> TrialCounts { bench.scheduler.status(at: bench.now).counts }
    #expect(counts().running == 1 && counts().total == 1)
    _ = bench.greet(b)
    #expect(bench.heartbeat(b, wants: true) == [bench.sent(.acknowledge(0), b)])
    // One that runs may end; lost, it is not run again.
    let attempt = bench.id(0, 1)
    #expect(bench.pass(.seconds(31)) == bench.pending(attempt, .lost))
    let revoke = bench.sent(.revoke(attempt, .superseded))
    #expect(bench.heartbeat(holding: [attempt]) == [revoke, bench.sent(.acknowledge(0))])
    #expect(counts().total == 0)
    #expect(
      bench.ask(.cancel(["trial 1"]), says: "cancelled 1 trial") == [cancelled(bench.trials[1].id)])
    #expect(counts().cancelled == 1 && counts().total == 1)
    // A sweep has them again.
    let rows = bench.trials.map { SchedulerRestoration.Trial(plan: $0.plan) }
    #expect(bench.handle(.trialsStored(rows, sweep: "grown")) == [])
    #expect(counts().pending == 2 && counts().total == 3)
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(0))] + bench.begun(bench.id(0, 2)))
  }

  // MARK: - Closed connections

  @Test func aWorkerWhoseConnectionClosedHasAGraceToComeBack() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    _ = bench.greet(b)
    _ = bench.heartbeat(b, wants: true)
    #expect(bench.handle(.connectionLost(bench.connection(a))) == [])
    #expect(bench.pass(.seconds(4)) == [])
    _ = bench.greet(held: [bench.held(bench.id(0, 1), work: 1)])
    _ = bench.heartbeat(b, wants: true)
    #expect(bench.pass(.seconds(20)) == [])
    _ = bench.heartbeat(holding: [bench.id(0, 1)])
    _ = bench.heartbeat(b, wants: true)
    #expect(bench.handle(.connectionLost(bench.connection(a))) == [])
    #expect(bench.pass(.seconds(5)) == [])
    #expect(
      bench.pass(.seconds(1)) == bench.pending(bench.id(0, 1), .lost) + bench.begun(bench.id(0, 2), b))
  }

  // MARK: - Damaged checkpoints

  @Test func aDamagedCheckpointIsDroppedAndTheAttemptBeginsAnew() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let transfer = TransferID(connection: bench.connection(a), transfer: 1)
    let file = StoredCheckpoint(attempt: bench.id(0, 1), descriptor: bench.checkpoint(2, 0))
    _ = bench.handle(.uploadReceived(file.attempt, file.descriptor, worker: a, transfer: transfer))
    _ = bench.pass(.seconds(31))
    _ = bench.heartbeat(wants: true)
    let attempt = bench.id(0, 2)
    #expect(
      bench.handle(.checkpointDamaged(file, of: attempt, "it is short"))
        == [.persist(.checkpointDamaged(file, of: attempt)), .deleteCheckpoint(file)])
    #expect(bench.handle(.checkpointDamaged(file, of: attempt, "it is short")) == [])
    // What it comes to from its beginning is taken, though it is earlier.
    let early = bench.checkpoint(1, 0)
    #expect(
      bench.handle(.uploadReceived(attempt, early, worker: a, transfer: transfer))
        == [
          .persist(.checkpoint(StoredCheckpoint(attempt: attempt, descriptor: early))),
          .answerUpload(.stored, transfer),
        ])
  }
}
