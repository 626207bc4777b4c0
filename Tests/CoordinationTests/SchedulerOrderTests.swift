import Sweeps
import SweepProtocol
import Testing

@testable import Coordinator

/// Which trial goes out next, and to whom.
@Suite struct SchedulerOrderTests {
  private static func plan(
    _ index: Int, _ work: Double, family: String = "", dataset: String = "synthetic"
  ) -> PlannedTrial {
    SchedulerFleet.plan(index, work, family: family, dataset: dataset)
  }

  private static func attempt(_ trial: Int) -> AttemptID {
    AttemptID(trial: SimulatedTrial(index: trial).id, number: 1)
  }

  @Test func theLongestTrialGoesFirstAndEqualOnesInTheOrderOfTheSweep() {
    var fleet = SchedulerFleet(
      [Self.plan(0, 1), Self.plan(1, 3), Self.plan(2, 2), Self.plan(3, 3)], workers: 0..<5)
    #expect((0..<5).map { fleet.ask($0)?.label } == ["trial 1", "trial 3", "trial 2", "trial 0", nil])
  }

  @Test func aTrialWithACheckpointCountsByWhatIsLeft() {
    var rows = SchedulerRestoration()
    for (index, epochs) in [(0, 10), (1, 3)] {
      var plan = Self.plan(index, 1)
      plan.work.epochs = epochs
      rows.trials.append(SchedulerRestoration.Trial(plan: plan))
    }
    rows.trials[0].checkpoint = StoredCheckpoint(
      attempt: Self.attempt(0),
      descriptor: CheckpointDescriptor(
        position: CheckpointPosition(epoch: 8, step: 0), size: 1, sha256: hexadecimal(1, digits: 64)))
    var fleet = SchedulerFleet(restoring: rows, workers: 0..<2)
    #expect([fleet.ask(0)?.label, fleet.ask(1)?.label] == ["trial 1", "trial 0"])
  }

  @Test func measuredSpeedCorrectsTheOrder() {
    let plans = [
      Self.plan(0, 10, family: "slow"), Self.plan(1, 9, family: "slow"), Self.plan(2, 20, family: "fast"),
      Self.plan(3, 19, family: "fast"),
    ]
    var fleet = SchedulerFleet(plans, workers: 0..<2)
    #expect([fleet.ask(0)?.label, fleet.ask(1)?.label] == ["trial 2", "trial 3"])
    fleet.now = fleet.now + .seconds(20)
    fleet.finish(0, Self.attempt(2))
    #expect(fleet.ask(0)?.label == "trial 0")
    fleet.now = fleet.now + .seconds(100)
    fleet.finish(0, Self.attempt(0))
    _ = fleet.scheduler.handle(.trialsAdded([Self.plan(4, 30, family: "fast")]), at: fleet.now)
    // 9 units of the slow family take 90 s, 30 of the fast one 30 s.
    #expect(fleet.ask(0)?.label == "trial 1")
  }

  /// A store's finished attempts say as much as those a coordinator has seen itself.
  @Test func aRestartKnowsWhatWasMeasured() {
    var rows = SchedulerRestoration()
    for (index, work, family) in [(0, 10.0, "slow"), (1, 20, "fast"), (2, 9, "slow"), (3, 30, "fast")] {
      rows.trials.append(SchedulerRestoration.Trial(plan: Self.plan(index, work, family: family)))
    }
    for (index, seconds) in [(0, 100.0), (1, 20)] {
      rows.trials[index].state = .completed
      rows.trials[index].recall([
        .init(number: 1, worker: SchedulerFleet.id(9), origin: nil, isLost: false, seconds: seconds)
      ])
    }
    var fleet = SchedulerFleet(restoring: rows, workers: 0..<1)
    #expect(fleet.scheduler.status(at: fleet.now).secondsLeft == 120)
    #expect(fleet.ask(0)?.label == "trial 2")
  }

  @Test func theFastestIdleWorkerGetsTheLongestTrial() {
    var fleet = SchedulerFleet((0..<2).map { Self.plan($0, 100) }, workers: 0..<2)
    _ = [fleet.ask(0), fleet.ask(1)]
    for worker in [1, 0] {
      fleet.now = fleet.now + .seconds(100)
      fleet.finish(worker, Self.attempt(worker))
    }
    _ = [fleet.ask(0), fleet.ask(1)]
    let commands = fleet.scheduler.handle(.trialsAdded([Self.plan(2, 1), Self.plan(3, 5)]), at: fleet.now)
    let begun = commands.compactMap { command -> String? in
      guard case .persist(.attemptStarted(let attempt, let worker, _)) = command else { return nil }
      return "\(attempt.trial == Self.attempt(3).trial ? "long" : "short") to \(worker.suffix(1))"
    }
    #expect(begun == ["long to 1", "short to 0"])
  }

  @Test func everyWorkerGetsTheLongestTrialItHasTheDataFor() {
    let plans = [
      Self.plan(0, 1), Self.plan(1, 9, dataset: "cifar10"), Self.plan(2, 5),
      Self.plan(3, 2, dataset: "cifar10"),
    ]
    var fleet = SchedulerFleet(plans)
    fleet.join(0, datasets: ["synthetic"])
    fleet.join(1, datasets: ["synthetic", "cifar10"])
    fleet.join(2, datasets: ["cifar10"])
    #expect((0..<3).map { fleet.ask($0)?.label } == ["trial 2", "trial 1", "trial 3"])
  }

  /// 100,000 trials and 10,000 workers: a result and the assignment that follows it go through neither one by one.
  /// Half of 2,000 of them take less than the third of a millisecond in which 10,000 workers could not be looked at.
  @Test func assignmentStaysCheapAtScale() {
    let trials = 100_000
    let workers = 10_000
    let plans = (0..<trials).map {
      Self.plan($0, Double(mix(1, UInt64($0)) % 1_000_003), family: "family \($0 % 12)")
    }
    var fleet = SchedulerFleet(plans, workers: 0..<workers)
    let held = (0..<workers).map { fleet.ask($0)?.attempt }
    #expect(Set(held).count == workers)
    var times: [Duration] = []
    for (worker, attempt) in held.enumerated().prefix(2_000) {
      fleet.now = fleet.now + .milliseconds(1)
      let began = ContinuousClock.now
      fleet.finish(worker, attempt!)
      let next = fleet.ask(worker)
      times.append(ContinuousClock.now - began)
      #expect(next != nil)
    }
    let median = times.sorted()[times.count / 2]
    let began = ContinuousClock.now
    let left = fleet.scheduler.secondsLeft(at: fleet.now)
    print("result and assignment \(median) each, forecast \(ContinuousClock.now - began)")
    #expect(left != nil)
    #expect(median < .microseconds(300))
    #expect(fleet.scheduler.counts.running == workers)
    #expect(fleet.scheduler.counts.completed == 2_000)
    #expect(fleet.scheduler.counts.total == trials)
  }
}
