import Sweeps
import SweepProtocol
import Testing

@testable import Coordinator

/// Trials that a sweep's rule ends at a snapshot.
@Suite struct SchedulerStoppingTests {
  private static let rule = EarlyStopping(epoch: 2, metric: .qmse, worstPercent: 25, atLeast: 4)

  private static func plan(_ index: Int) -> PlannedTrial {
    var plan = SimulatedTrial(index: index).plan
    plan.dataset = "synthetic"
    plan.work.epochs = 5
    return plan
  }

  private static func attempt(_ trial: Int, _ number: Int = 1) -> AttemptID {
    AttemptID(trial: SimulatedTrial(index: trial).id, number: number)
  }

  private static func snapshot(_ qmse: Double, epoch: Int = 2) -> Snapshot {
    var snapshot = Snapshot()
    snapshot.epoch = epoch
    var draw = DrawMetrics()
    draw.qmse = qmse
    snapshot.draws = [draw]
    return snapshot
  }

  /// Trials 0 ..< `count`, each running on the worker of its number, and their sweep's rule.
  private static func fleet(_ count: Int, known: [String: Double] = [:]) -> SchedulerFleet {
    var rows = SchedulerRestoration()
    rows.trials = (0..<count).map { SchedulerRestoration.Trial(plan: plan($0)) }
    rows.rules = [StoppingRule(rule, trials: Set(rows.trials.map(\.plan.id)), known: known)]
    var fleet = SchedulerFleet(restoring: rows, workers: 0..<count)
    for worker in 0..<count { _ = fleet.ask(worker) }
    return fleet
  }

  private func states(_ fleet: SchedulerFleet) -> [TrialState] { fleet.scheduler.trials.map(\.state) }

  @Test func theWorstIsStoppedAsItComesInOnceEnoughHave() {
    var fleet = Self.fleet(5)
    for (trial, qmse) in [(0, 9.0), (1, 1), (2, 2)] {
      _ = fleet.say(.snapshot(Self.attempt(trial), Self.snapshot(qmse)), trial)
    }
    // The worst so far came before there were four; it is not judged again.
    #expect(states(fleet).allSatisfy { $0 == .running })
    let commands = fleet.say(.snapshot(Self.attempt(3), Self.snapshot(10)), 3).filter { !$0.isAside }
    let line = "stopped after epoch 2: qmse 10 is among the worst 25 % of the 4 trials that have come so far"
    #expect(
      commands.prefix(3) == [
        .persist(.snapshot(Self.attempt(3), Self.snapshot(10))),
        .persist(.attemptEnded(Self.attempt(3), .stopped(line))),
        .persist(.trialState(trial: Self.attempt(3).trial, .stopped, failures: 0, error: line)),
      ])
    let revoked = commands.contains { command in
      guard case .send(let envelope, _) = command else { return false }
      return envelope.message == .revoke(Self.attempt(3), .stopped)
    }
    #expect(revoked)
    #expect(states(fleet) == [.running, .running, .running, .stopped, .running])
    _ = fleet.say(.snapshot(Self.attempt(4), Self.snapshot(9.5)), 4)
    // Of five, 25 % is one trial, and the stopped one is it.
    #expect(states(fleet)[4] == .running)
    #expect(fleet.scheduler.counts.stopped == 1)
    #expect(fleet.scheduler.counts.over == 1)
  }

  @Test func onlyTheRulesEpochCounts() {
    var fleet = Self.fleet(4)
    for trial in 0..<4 {
      for epoch in [0, 1] {
        _ = fleet.say(.snapshot(Self.attempt(trial), Self.snapshot(Double(trial), epoch: epoch)), trial)
      }
    }
    #expect(states(fleet).allSatisfy { $0 == .running })
  }

  @Test func equalTrialsAllGoOn() {
    var fleet = Self.fleet(6)
    for trial in 0..<6 { _ = fleet.say(.snapshot(Self.attempt(trial), Self.snapshot(3)), trial) }
    #expect(states(fleet).allSatisfy { $0 == .running })
  }

  @Test func aSnapshotThatIsNoNumberIsTheWorst() {
    var fleet = Self.fleet(4)
    for trial in 0..<4 {
      _ = fleet.say(.snapshot(Self.attempt(trial), Self.snapshot(trial == 3 ? .nan : Double(trial))), trial)
    }
    #expect(states(fleet)[3] == .stopped)
  }

  /// What a stopped trial's worker still says is refused; the worker is given another trial.
  @Test func aStoppedAttemptWritesNoMore() {
    var fleet = Self.fleet(4)
    for trial in 0..<4 { _ = fleet.say(.snapshot(Self.attempt(trial), Self.snapshot(Double(trial))), trial) }
    let late = fleet.say(.snapshot(Self.attempt(3), Self.snapshot(1, epoch: 3)), 3)
    let writes = late.filter { command in
      if case .persist(.snapshot) = command { true } else { false }
    }
    #expect(writes.isEmpty)
    _ = fleet.scheduler.handle(.trialsAdded([Self.plan(4)]), at: fleet.now)
    #expect(fleet.ask(3)?.attempt == Self.attempt(4))
  }

  /// After a restart, what was known before counts, and whoever was judged is not judged again.
  @Test func theRuleOutlivesARestart() {
    let known = Dictionary(uniqueKeysWithValues: (0..<3).map { (Self.attempt($0).trial, Double($0)) })
    var fleet = Self.fleet(4, known: known)
    _ = fleet.say(.snapshot(Self.attempt(2), Self.snapshot(100)), 2)
    #expect(states(fleet)[2] == .running)
    _ = fleet.say(.snapshot(Self.attempt(3), Self.snapshot(50)), 3)
    #expect(states(fleet)[3] == .stopped)
  }

  private static func submitted(_ rule: EarlyStopping?, _ fleet: SchedulerFleet) -> Scheduler.Event {
    let trials = Set(fleet.scheduler.trials.map(\.plan.id))
    return .sweepSubmitted("grown", rule.map { StoppingRule($0, of: "grown", trials: trials) })
  }

  /// Trials 0 ..< `count` of a coordinator without any rule, each running on the worker of its number.
  private static func fleetWithoutRule(_ count: Int) -> SchedulerFleet {
    var rows = SchedulerRestoration()
    rows.trials = (0..<count).map { SchedulerRestoration.Trial(plan: plan($0)) }
    var fleet = SchedulerFleet(restoring: rows, workers: 0..<count)
    for worker in 0..<count { _ = fleet.ask(worker) }
    return fleet
  }

  @Test func aSubmittedSweepsRuleIsFollowedAtOnce() {
    var fleet = Self.fleetWithoutRule(4)
    _ = fleet.scheduler.handle(Self.submitted(Self.rule, fleet), at: fleet.now)
    for trial in 0..<4 { _ = fleet.say(.snapshot(Self.attempt(trial), Self.snapshot(Double(trial))), trial) }
    #expect(states(fleet) == [.running, .running, .running, .stopped])
  }

  @Test func aSweepSubmittedAgainHasItsNewRuleOnly() {
    var stricter = Self.rule
    stricter.atLeast = 2
    stricter.worstPercent = 50
    for (rule, stopped) in [(stricter, [1, 2, 3]), (nil, [])] as [(EarlyStopping?, [Int])] {
      var fleet = Self.fleetWithoutRule(4)
      for rule in [Self.rule, rule] {
        _ = fleet.scheduler.handle(Self.submitted(rule, fleet), at: fleet.now)
      }
      for trial in 0..<4 {
        _ = fleet.say(.snapshot(Self.attempt(trial), Self.snapshot(Double(trial))), trial)
      }
      #expect(states(fleet).indices.filter { states(fleet)[$0] == .stopped } == stopped)
    }
  }

  @Test func anotherSweepsRuleStays() {
    var fleet = Self.fleet(4)
    _ = fleet.scheduler.handle(Self.submitted(nil, fleet), at: fleet.now)
    for trial in 0..<4 { _ = fleet.say(.snapshot(Self.attempt(trial), Self.snapshot(Double(trial))), trial) }
    #expect(states(fleet)[3] == .stopped)
  }

  @Test func aStoppedTrialThatIsPutBackTrainsToItsEnd() {
    var fleet = Self.fleet(4)
    for trial in 0..<4 { _ = fleet.say(.snapshot(Self.attempt(trial), Self.snapshot(Double(trial))), trial) }
    let request = ClientRequest.retry(.trials([Self.attempt(3).trial]))
    _ = fleet.scheduler.handle(.request(request, from: ConnectionID([9])), at: fleet.now)
    #expect(fleet.ask(3)?.attempt == Self.attempt(3, 2))
    _ = fleet.say(.snapshot(Self.attempt(3, 2), Self.snapshot(3)), 3)
    #expect(states(fleet)[3] == .running)
    fleet.finish(3, Self.attempt(3, 2))
    #expect(states(fleet)[3] == .completed)
  }
}
