import Coordinator
import SweepProtocol
import Testing

@Suite struct SchedulerRevocationTests {
  private let a = SchedulerBench.a
  private let b = SchedulerBench.b

  @Test func aRevokedWorkersTrialGoesToAnotherAtOnce() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    _ = bench.greet(b)
    _ = bench.heartbeat(b, wants: true)
    #expect(
      bench.handle(.revoked(prefix: a, "its key is revoked"))
        == bench.pending(bench.id(0, 1), .lost)
        + [bench.sent(.refused(.keyNotAllowed, "its key is revoked"))] + bench.begun(bench.id(0, 2), b))
    #expect(bench.handle(.revoked(prefix: a, "its key is revoked")) == [])
    let status = bench.scheduler.status(at: bench.now)
    #expect(status.counts.running == 1 && status.running[0].attempt == bench.id(0, 2))
  }

  @Test func itGetsNoOtherTrialAndNobodyElseIsTouched() {
    var bench = SchedulerBench(trials: 2)
    bench.startFirstTrial()
    _ = bench.greet(b)
    #expect(
      bench.handle(.revoked(prefix: a, "why"))
        == bench.pending(bench.id(0, 1), .lost) + [bench.sent(.refused(.keyNotAllowed, "why"))])
    #expect(bench.handle(.revoked(prefix: "nobody", "why")) == [])
    #expect(
      bench.heartbeat(b, wants: true) == [bench.sent(.acknowledge(0), b)] + bench.begun(bench.id(0, 2), b))
  }

  /// A revocation says nothing of the trial: it is not given up for it, however often it happens.
  @Test func revocationsDoNotCountAsTheTrialsOwn() {
    var bench = SchedulerBench()
    for number in 1...10 {
      _ = bench.greet()
      _ = bench.heartbeat(wants: true)
      #expect(
        bench.handle(.revoked(prefix: a, "why")).prefix(2) == bench.pending(bench.id(0, number), .lost)[...])
    }
    #expect(bench.scheduler.status(at: bench.now).counts.pending == 1)
  }
}
