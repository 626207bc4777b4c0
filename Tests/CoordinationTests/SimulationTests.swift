import Coordinator
import Foundation
import Testing

/// A sweep through coordinator and workers on a virtual clock. To repeat a seed that failed:
/// `STRATA_SIMULATION_SEED=n swift test --filter SimulationTests`.
@Suite struct SimulationTests {
  private static let chosen = ProcessInfo.processInfo.environment["STRATA_SIMULATION_SEED"].flatMap(UInt64.init)

  private static func seeds(_ range: Range<UInt64>) -> [UInt64] { chosen.map { [$0] } ?? Array(range) }

  @Test func withoutFaultsEveryTrialTakesOneAttempt() {
    for seed in Self.seeds(0..<20) {
      var simulation = Simulation(seed: seed, trials: 12, workers: 3, faults: .none, calm: .zero)
      #expect(simulation.run() == [], "seed \(seed)")
      #expect(simulation.store.trials.values.allSatisfy { $0.attempts.count == 1 }, "seed \(seed)")
      #expect(simulation.assignmentsSent == 12, "seed \(seed)")
    }
  }

  /// Each seed has its own mixture of faults for two minutes of its clock; then the network is calm, and every
  /// trial must end with exactly the results of a run without faults.
  @Test func underFaultsEveryTrialEndsWithTheSameResults() {
    var events = 0
    var attempts = 0
    for seed in Self.seeds(0..<250) {
      var chance = Chance(seed: seed ^ 0xfa17)
      let faults = Simulation.Faults(
        loss: chance.happens(0.7) ? chance.uniform() * 0.3 : 0,
        duplication: chance.happens(0.7) ? chance.uniform() * 0.3 : 0,
        reordering: chance.happens(0.5),
        workerCrash: chance.happens(0.5) ? 0.01 : 0.0005, workerPause: chance.happens(0.5) ? 0.01 : 0,
        preemption: chance.happens(0.5) ? 0.005 : 0, disconnection: chance.happens(0.7) ? 0.02 : 0,
        coordinatorCrash: chance.happens(0.5) ? 0.005 : 0.0005,
        coordinatorPause: chance.happens(0.5) ? 0.005 : 0,
        failure: chance.happens(0.3) ? 0.2 : 0, hang: chance.happens(0.2) ? 0.1 : 0)
      var simulation = Simulation(
        seed: seed, trials: 4 + chance.below(12), workers: 1 + chance.below(5), faults: faults,
        calm: .seconds(120))
      #expect(simulation.run() == [], "seed \(seed)")
      events += simulation.events
      attempts += simulation.store.trials.values.reduce(0) { $0 + $1.attempts.count }
    }
    if Self.chosen == nil {
      #expect(events > 200_000)
      #expect(attempts > 2_500)
    }
  }
}
