import Coordinator
import Fleet
import ResultStore
import SweepProtocol
import Sweeps
import Testing

/// Many workers on few threads, with all that a result can bring.
@Suite struct FleetTests {
  @Test func aFleetRunsASweepAndGoesHome() async throws {
    let cluster = try Cluster(trials: 300)
    let (service, store, endpoint) = try await cluster.coordinator()
    var introduction = WorkerHello()
    introduction.datasets = ["synthetic": String(repeating: "a", count: 64)]
    let fleet = try Fleet(
      endpoint: endpoint, workers: 40, threads: 2, introduction: introduction,
      runner: NullRunner(statistics: true, checkpointBytes: 3 * CheckpointLimits.chunk))
    async let failures = fleet.run()
    let ending = try await service.finished()
    #expect(await failures == 0)
    #expect(ending.counts.completed == 300)
    try store.close()
    let reader = try Store.reading(cluster.path)
    defer { try? reader.close() }
    try reader.read { reader in
      for trial in try reader.trials() {
        #expect(trial.state == .completed && trial.weightsSHA256 == trial.id)
        let snapshot = try #require(try reader.snapshot(trial: trial.id, epoch: 0))
        #expect(snapshot.layers.count == 60 && snapshot.errors.count == 20)
      }
      #expect(try reader.attempts().allSatisfy { $0.number == 1 && $0.ending == .result })
      #expect(try reader.checkpoints().count == 300)
    }
  }
}
