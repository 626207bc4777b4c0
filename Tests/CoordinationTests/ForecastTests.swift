import Sweeps
import Testing

@testable import Coordinator

/// Sweeps recorded for real (scripts/fixtures/sweep_trace.py) and run again through the scheduler under a virtual clock.
@Suite struct ForecastTests {
  private static let fleets: [[Double]] = [[1, 1], [1, 1, 1, 1], [1, 1, 1, 2]]
  private static let sweeps = ["progressive-factorization"]

  /// From when a fifth of the trials are over until all but a tenth of the time has passed, the time left is told to a
  /// tenth of what it turns out to be.
  @Test(arguments: sweeps, fleets) func timeLeftIsToldToATenthAfterAFifth(name: String, fleet: [Double])
    throws
  {
    let sweep = try RecordedSweep(name)
    let replay = Replay(sweep, workers: fleet)
    let judged = replay.samples.filter {
      $0.over * 5 >= sweep.trials.count && $0.seconds <= 0.9 * replay.duration
    }
    #expect(judged.count >= 20)
    var worst = 0.0
    for sample in judged {
      let left = replay.duration - sample.seconds
      let told = try #require(sample.secondsLeft)
      worst = max(worst, abs(told - left) / left)
      #expect(abs(told - left) <= 0.1 * left, "after \(sample.seconds) s: \(told) s left, in truth \(left)")
    }
    let first = judged[0]
    let left = replay.duration - first.seconds
    let error = first.secondsLeft.map { abs($0 - left) / left * 100 } ?? .nan
    print(
      "\(name), workers \(fleet): \(replay.duration) s, error after a fifth \(error) %, worst \(worst * 100) %"
    )
  }

  /// In the order of the sweep, workers wait for the trial that was begun last; longest first they end together.
  @Test(arguments: sweeps) func longestFirstEndsTheSweepEarlier(name: String) throws {
    let sweep = try RecordedSweep(name)
    var blind = sweep
    for index in blind.trials.indices { blind.trials[index].plan.work = TrialWork() }
    let fleet = [Double](repeating: 1, count: 6)
    let inOrder = Replay(blind, workers: fleet).duration
    let longestFirst = Replay(sweep, workers: fleet).duration
    let least = sweep.trials.reduce(0) { $0 + $1.seconds } / Double(fleet.count)
    print(
      "\(name), \(fleet.count) workers: longest first \(longestFirst) s, in order \(inOrder) s, at least \(least) s"
    )
    #expect(longestFirst < inOrder)
    #expect(longestFirst < 1.1 * least)
  }
}
