import Sweeps
import SweepProtocol
import Testing

@testable import Coordinator

/// What a worker said is nothing the store can hold.
@Suite struct SchedulerRefusalTests {
  private let why = "UNIQUE constraint failed"
  private let line = "its measurements cannot be stored: UNIQUE constraint failed"

  private func snapshot(_ attempt: AttemptID, _ bench: inout SchedulerBench) -> [Scheduler.Command] {
    bench.say(
      .snapshot(attempt, bench.trials[0].snapshot(0, bench.trials[0].state(after: 0), seconds: 0)),
      sequence: 1)
  }

  @Test func theAttemptFailsAndItsTrialIsTriedAgain() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    _ = snapshot(attempt, &bench)
    #expect(
      bench.handle(.recordsRefused(attempt, why)) == [
        .persist(.attemptEnded(attempt, .failed(line))),
        .persist(.trialState(trial: attempt.trial, .pending, failures: 1, error: nil)),
        bench.sent(.revoke(attempt, .superseded)),
      ])
    #expect(bench.scheduler.counts.pending == 1 && bench.scheduler.counts.running == 0)
    #expect(bench.heartbeat(wants: true).contains(bench.sent(bench.assign(bench.id(0, 2)))))
  }

  /// The result that came with the refused snapshot was not stored either.
  @Test func aTrialThatIsOverSinceIsNotOver() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    _ = snapshot(attempt, &bench)
    let report = AttemptReport(attempt, .result(.completed, weightsSHA256: hexadecimal(5, digits: 64)))
    _ = bench.say(.finished(report), sequence: 2)
    #expect(bench.scheduler.counts.completed == 1)
    _ = bench.handle(.recordsRefused(attempt, why))
    #expect(bench.scheduler.counts.completed == 0 && bench.scheduler.counts.pending == 1)
    #expect(bench.scheduler.status(at: bench.now).workers.map(\.results) == [0])
  }

  @Test func aTrialGivenBackSinceWaitsOnce() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    _ = snapshot(attempt, &bench)
    _ = bench.say(.released(attempt, .preempted), sequence: 2)
    _ = bench.handle(.recordsRefused(attempt, why))
    #expect(bench.scheduler.counts.pending == 1)
    #expect(bench.heartbeat(wants: true).contains(bench.sent(bench.assign(bench.id(0, 2)))))
    // Of an attempt that another has followed only its own end is written anew.
    #expect(bench.handle(.recordsRefused(attempt, why)) == [.persist(.attemptEnded(attempt, .failed(line)))])
  }

  @Test func aTrialWithdrawnMeanwhileIsNotCounted() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    _ = snapshot(attempt, &bench)
    let total = bench.scheduler.counts.total
    _ = bench.handle(.trialsWithdrawn([attempt.trial]))
    _ = bench.say(.released(attempt, .preempted), sequence: 2)
    _ = bench.handle(.recordsRefused(attempt, why))
    let counts = bench.scheduler.counts
    #expect(counts.pending == total - 1 && counts.running == 0 && counts.total == total - 1)
  }

  @Test func whatFailsWhereverItRunsIsGivenUp() {
    var bench = SchedulerBench()
    _ = bench.greet()
    for number in 1...4 {
      #expect(bench.heartbeat(wants: true).contains(bench.sent(bench.assign(bench.id(0, number)))))
      _ = bench.handle(.recordsRefused(bench.id(0, number), why))
    }
    #expect(bench.scheduler.counts.failed == 1)
    #expect(bench.scheduler.status(at: bench.now).givenUp.map(\.line) == [line])
  }
}
