import Coordinator
import Foundation
import SweepProtocol
import Sweeps
import Testing
import Worker

/// Sweeps through the real scheduler and the real sessions of workers, on virtual clocks, under faults. What must hold
/// of the store is checked after every commit and every acknowledgement, which alone change it; that the scheduler
/// agrees with the store, after every event. To repeat a seed that failed:
/// `STRATA_SIMULATION_SEED=n scripts/test --filter SimulationTests`.
@Suite struct SimulationTests {
  private static let chosen = ProcessInfo.processInfo.environment["STRATA_SIMULATION_SEED"].flatMap(
    UInt64.init)

  private static func seeds(_ range: Range<UInt64>) -> [UInt64] { chosen.map { [$0] } ?? Array(range) }

  @Test func withoutFaultsEveryTrialTakesOneAttempt() {
    for seed in Self.seeds(0..<20) {
      var simulation = Simulation(seed: seed, trials: 12, workers: 3, faults: .none, calm: .zero)
      expectNoFailure(simulation.run())
      #expect(simulation.store.trials.values.allSatisfy { $0.attempts.count == 1 }, "seed \(seed)")
      #expect(simulation.assignmentsSent == 12, "seed \(seed)")
    }
  }

  @Test func equalSeedsGiveEqualRuns() {
    for seed in Self.seeds(0..<5) {
      var first = Self.underFaults(seed)
      var second = Self.underFaults(seed)
      expectNoFailure(first.run())
      expectNoFailure(second.run())
      #expect(first.events == second.events)
      #expect(first.now == second.now)
      #expect(first.chance.next() == second.chance.next())
      #expect(first.store.content == second.store.content)
    }
  }

  private static func underFaults(_ seed: UInt64) -> Simulation {
    var chance = Chance(seed: seed ^ 0xfa17)
    let faults = Simulation.Faults.mixture(&chance)
    return Simulation(
      seed: seed, trials: 4 + chance.below(12), workers: 1 + chance.below(5), faults: faults,
      calm: .seconds(120))
  }

  /// Each seed has its own mixture of faults for two minutes of its clock; then nothing more goes wrong, and every
  /// trial must end with exactly the results of a run without faults.
  @Test func underFaultsEveryTrialEndsWithTheSameResults() {
    let seeds = Self.seeds(0..<1000)
    var undisturbed: [Int: SimulatedStore.Content] = [:]
    for count in 4..<16 {
      var simulation = Simulation(seed: 1, trials: count, workers: 3, faults: .none, calm: .zero)
      expectNoFailure(simulation.run())
      undisturbed[count] = simulation.store.content
    }
    var total = Total()
    for seed in seeds {
      var simulation = Self.underFaults(seed)
      let failure = simulation.run()
      expectNoFailure(failure)
      if failure == nil {
        #expect(simulation.store.content == undisturbed[simulation.trials.count], "seed \(seed)")
      }
      total.add(simulation)
    }
    print("Simulation, seeds \(seeds.first!)...\(seeds.last!): \(total)")
    if Self.chosen == nil {
      #expect(total.events >= 1_000_000)
      #expect(total.attempts > 10_000)
      #expect(total.partitions > 500)
      for point in Simulation.CrashPoint.allCases {
        #expect(total.crashes[point, default: 0] >= 50, "too few crashes \(point)")
      }
    }
  }

  @Test func tenThousandWorkersLoseNothing() {
    for seed in Self.seeds(0..<1) {
      let faults = Simulation.Faults(
        loss: 0.01, duplication: 0.01, reordering: true, disconnection: 1e-4, partition: 1e-5,
        workerCrash: 1e-4, workerPause: 1e-4, preemption: 2e-5, coordinatorCrash: 4e-6,
        coordinatorPause: 2e-6, skew: 0.1)
      var simulation = Simulation(
        seed: seed, trials: 12_000, workers: 10_000, faults: faults, calm: .seconds(40))
      simulation.generalists = 1
      expectNoFailure(simulation.run())
      var undisturbed = Simulation(seed: seed, trials: 12_000, workers: 500, faults: .none, calm: .zero)
      expectNoFailure(undisturbed.run())
      #expect(simulation.store.content == undisturbed.store.content)
      #expect(simulation.workersMade >= 10_000)
      print("Simulation, 10,000 workers, seed \(seed): \(Total(simulation))")
    }
  }

  /// Workers train on while there is no coordinator, keep what they could not send, and are taken back: no step is
  /// taken twice.
  @Test func outageOfTenMinutesRepeatsNoStep() {
    for seed in Self.seeds(0..<50) {
      var simulation = Simulation(seed: seed, trials: 12, workers: 12, faults: .none, calm: .zero)
      simulation.generalists = 1
      simulation.pace = 50...90
      simulation.settings.hang = .seconds(900)
      simulation.advance { $0.workers.values.count { $0.run != nil } < 12 && $0.now < Moment(.seconds(60)) }
      let before = simulation.steps
      simulation.crashCoordinator(.betweenEvents, returningAfter: .seconds(600))
      let out = simulation.now
      simulation.advance { $0.scheduler == nil }
      #expect(out.duration(to: simulation.now) == .seconds(600))
      #expect(simulation.steps > before, "seed \(seed): nothing was trained meanwhile")
      expectNoFailure(simulation.run())
      #expect(simulation.store.trials.values.allSatisfy { $0.attempts.count == 1 }, "seed \(seed)")
      #expect(
        simulation.steps == simulation.trials.reduce(0) { $0 + $1.epochs * $1.steps }, "seed \(seed)")
    }
  }

  private func expectNoFailure(_ failure: String?, sourceLocation: SourceLocation = #_sourceLocation) {
    if let failure { Issue.record("\(failure)", sourceLocation: sourceLocation) }
  }

  private struct Total: CustomStringConvertible {
    var events = 0
    var attempts = 0
    var acknowledged = 0
    var partitions = 0
    var crashes: [Simulation.CrashPoint: Int] = [:]

    init() {}
    init(_ simulation: Simulation) { add(simulation) }

    mutating func add(_ simulation: Simulation) {
      events += simulation.events
      attempts += simulation.store.trials.values.reduce(0) { $0 + $1.attempts.count }
      acknowledged += simulation.store.ledger.count
      partitions += simulation.partitions
      crashes.merge(simulation.crashes, uniquingKeysWith: +)
    }

    var description: String {
      let points = Simulation.CrashPoint.allCases.map { "\($0) \(crashes[$0, default: 0])" }
      return "\(events) events, \(attempts) attempts, \(acknowledged) results seen acknowledged, "
        + "\(partitions) partitions, coordinator crashes: \(points.joined(separator: ", "))"
    }
  }
}
