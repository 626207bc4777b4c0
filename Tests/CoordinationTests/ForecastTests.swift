import Sweeps
import Testing

@testable import Coordinator

/// A sweep recorded for real (scripts/fixtures/sweep_trace.py) and run again through the scheduler under a virtual
/// clock: eight networks from regular to depthwise, four seeds each, of 6 to 16 s.
@Suite struct ForecastTests {
  private static let name = "progressive-factorization"

  /// When a fifth of the trials are over, the time left is told to a tenth of what it turns out to be; and from then
  /// on until four fifths of the time have passed, to `later`. A worker half as fast as the others takes up to 30 s for
  /// a trial, which is much of the time left in the end.
  @Test(arguments: [([1.0, 1], 0.1), ([1, 1, 1, 1], 0.1), ([1, 1, 1, 2], 0.15)])
  func timeLeftIsToldToATenthAfterAFifth(fleet: [Double], later: Double) throws {
    let sweep = try RecordedSweep(Self.name)
    let replay = Replay(sweep, workers: fleet)
    let judged = replay.samples.filter {
      $0.over * 5 >= sweep.trials.count && $0.seconds <= 0.8 * replay.duration
    }
    #expect(judged.count >= 20)
    let errors = try judged.map { sample in
      let left = replay.duration - sample.seconds
      return abs(try #require(sample.secondsLeft) - left) / left
    }
    let worst = errors.max() ?? 1
    print("workers \(fleet): \(replay.duration) s, error after a fifth \(errors[0]), at most \(worst)")
    #expect(errors[0] <= 0.1)
    #expect(worst <= later)
  }

  /// A sweep that lists its cheapest networks first makes workers wait for the trial that was begun last; longest
  /// first they end together.
  @Test func longestFirstEndsTheSweepEarlier() throws {
    var sweep = try RecordedSweep(Self.name)
    sweep.trials.reverse()
    var blind = sweep
    for index in blind.trials.indices { blind.trials[index].plan.work = TrialWork() }
    let fleet = [Double](repeating: 1, count: 7)
    let inOrder = Replay(blind, workers: fleet).duration
    let longestFirst = Replay(sweep, workers: fleet).duration
    let least = sweep.trials.reduce(0) { $0 + $1.seconds } / Double(fleet.count)
    print("longest first \(longestFirst) s, in the sweep's order \(inOrder) s, at least \(least) s")
    #expect(longestFirst < 0.92 * inOrder)
    #expect(longestFirst < 1.06 * least)
  }
}
