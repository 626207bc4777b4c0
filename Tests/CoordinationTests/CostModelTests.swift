import Testing

@testable import Coordinator

@Suite struct CostModelTests {
  @Test func nothingIsKnownBeforeItIsMeasured() {
    let costs = CostModel()
    #expect(costs.seconds(for: 1, family: "a") == nil)
    #expect(costs.cost(of: 7, family: "a") == 7)
    #expect(costs.slowness(of: "w") == 1)
    #expect(costs.expectedFraction(family: "a") == 1)
  }

  @Test func familiesHaveTheirOwnRatesAndStrangersTheCommonOne() {
    var costs = CostModel()
    costs.observe(100, took: 200, family: "slow", worker: "w")
    costs.observe(100, took: 50, family: "fast", worker: "w")
    #expect(costs.seconds(for: 10, family: "slow") == 20)
    #expect(costs.seconds(for: 10, family: "fast") == 5)
    #expect(costs.seconds(for: 10, family: "new") == 12.5)
  }

  /// Two workers, one half as fast: their rates come apart, and the family's is that of a usual one.
  @Test func aSlowWorkerIsKnownAsSuch() {
    var costs = CostModel()
    for _ in 0..<40 {
      costs.observe(100, took: 100, family: "a", worker: "fast")
      costs.observe(100, took: 200, family: "a", worker: "slow")
    }
    let ratio = costs.slowness(of: "slow") / costs.slowness(of: "fast")
    #expect(abs(ratio - 2) < 0.1)
    let rate = costs.seconds(for: 100, family: "a")!
    #expect(abs(rate * costs.slowness(of: "slow") - 200) < 10)
    #expect(abs(rate * costs.slowness(of: "fast") - 100) < 5)
  }

  @Test func aWorkerThatSleptForAnHourCountsForFourTimesItsTrial() {
    var costs = CostModel()
    for _ in 0..<10 { costs.observe(100, took: 10, family: "a", worker: "w") }
    costs.observe(100, took: 3600, family: "a", worker: "w")
    #expect(costs.seconds(for: 100, family: "a")! * costs.slowness(of: "w") < 15)
  }

  @Test func measurementsThatAreNoneChangeNothing() {
    var costs = CostModel()
    for (work, seconds) in [(0.0, 1.0), (-1, 1), (1, 0), (1, -1), (.nan, 1), (1, .infinity)] {
      costs.observe(work, took: seconds, family: "a", worker: "w")
    }
    #expect(costs == CostModel())
  }

  @Test func trialsThatEndEarlyLowerWhatIsExpected() {
    var costs = CostModel()
    for _ in 0..<4 { costs.begin(100, family: "a") }
    costs.spare(80, family: "a")
    #expect(costs.expectedFraction(family: "a") == 0.8)
    #expect(costs.expectedFraction(family: "b") == 1)
  }
}

@Suite struct SweepForecastTests {
  private typealias Queue = SweepForecast.Queue

  private func worker(_ free: Double = 0, _ slowness: Double = 1, _ datasets: Set<String> = ["a"])
    -> SweepForecast.Worker
  {
    SweepForecast.Worker(free: free, slowness: slowness, datasets: datasets)
  }

  private func queue(_ trials: [Double], _ dataset: String = "a", listed: Bool = true) -> Queue {
    Queue(dataset: dataset, seconds: trials.reduce(0, +), trials: listed ? trials : nil)
  }

  @Test func theLongestTrialsGoToWhoFallsFreeFirst() {
    // 5 | 4, then 3 to the second, 2 to the first: 7 and 7; 1 more: 8.
    let forecast = SweepForecast(workers: [worker(), worker()], queues: [queue([5, 3, 1]), queue([4, 2])])
    #expect(forecast.secondsLeft == 8)
  }

  @Test func whatRunsAndSlowWorkersCount() {
    #expect(SweepForecast(workers: [worker(7), worker(2)], queues: []).secondsLeft == 7)
    #expect(SweepForecast(workers: [worker(7), worker(2, 3)], queues: [queue([4])]).secondsLeft == 14)
    #expect(SweepForecast(workers: [worker(9, 1, []), worker(1)], queues: [queue([4])]).secondsLeft == 9)
  }

  @Test func dataThatNoWorkerHasHasNoEnd() {
    #expect(SweepForecast(workers: [worker()], queues: [queue([1], "b")]).secondsLeft == nil)
    #expect(SweepForecast(workers: [], queues: [queue([1])]).secondsLeft == nil)
  }

  @Test func onlyWorkersWithTheDataCount() {
    let workers = [worker(0, 1, ["a"]), worker(0, 1, ["a", "b"])]
    for listed in [true, false] {
      let forecast = SweepForecast(
        workers: workers, queues: [queue([3], listed: listed), queue([6, 5], "b", listed: listed)])
      #expect(forecast.secondsLeft == 11)
    }
  }

  @Test func manyTrialsAreLevelled() {
    let trials = (1...400).map { Double($0) }.reversed()
    let workers = [worker(10), worker(0, 2), worker()]
    let exact = SweepForecast(workers: workers, queues: [queue(Array(trials))]).secondsLeft!
    let levelled = SweepForecast(workers: workers, queues: [queue(Array(trials), listed: false)]).secondsLeft!
    #expect(abs(exact - levelled) / exact < 0.01)
  }
}
