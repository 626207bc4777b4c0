import Coordinator
import Foundation
import ResultStore
import SweepProtocol
import Synchronization
import Testing
import Worker
import ZeroMQ

/// Coordinator, workers and store in one process, over loopback.
@Suite(.timeLimit(.minutes(2))) struct SweepTests {
  @Test func fiftyTrialsOverThreeWorkers() async throws {
    let cluster = try Cluster(trials: 50)
    let (service, store, endpoint) = try await cluster.coordinator()
    #expect(Announcement.read(store: cluster.path)?.localEndpoint?.description == endpoint)
    let runner = ScriptedRunner()
    async let first = cluster.worker(endpoint, runner, named: "one").finished()
    async let second = cluster.worker(endpoint, runner, named: "two").finished()
    async let third = cluster.worker(endpoint, runner, named: "three").finished()
    let ending = try await service.finished()
    #expect(ending.isComplete)
    #expect(ending.counts.completed == 50)
    #expect(try await [first, second, third].map(\.status) == [0, 0, 0])
    try store.close()
    try cluster.expectUndisturbedResults()
    let attempts = try cluster.rows().attempts
    #expect(attempts.count == 50)
    #expect(attempts.allSatisfy { $0.number == 1 && $0.ending == .result })
    #expect(attempts.allSatisfy { $0.algorithms?.contains("script") == true })
    #expect(Set(attempts.map(\.worker)).count == 3)
    #expect(Announcement.read(store: cluster.path) == nil)
    // The last checkpoint of every trial stays: the trained weights.
    let files = try FileManager.default.contentsOfDirectory(atPath: cluster.path + ".checkpoints")
    #expect(files.count == 50)
  }

  @Test func aCoordinatorTakesUpWhereAnotherFell() async throws {
    let cluster = try Cluster(trials: 12)
    let (first, firstStore, endpoint) = try await cluster.coordinator()
    let gate = Gate(before: 2)
    let runner = ScriptedRunner(gate: gate)
    let workers = try (1...3).map { try cluster.worker(endpoint, runner, named: "worker \($0)") }
    let endings = workers.map { worker in Task { await worker.finished() } }
    // All three are in the middle of a trial when the coordinator falls.
    try await eventually("three trials under way") { gate.waiting == 3 ? true : nil }
    await first.abandon()
    try firstStore.close()
    let before = try cluster.rows()
    #expect(before.trials.count { $0.state == .running } == 3)
    gate.open()
    let (second, secondStore, again) = try await cluster.coordinator()
    #expect(again == endpoint)
    #expect(try await second.finished().isComplete)
    for ending in endings { #expect(await ending.value.status == 0) }
    try secondStore.close()
    try cluster.expectUndisturbedResults()
    // Training went on meanwhile: nobody began again.
    #expect(try cluster.rows().attempts.allSatisfy { $0.number == 1 && $0.ending == .result })
    #expect(runner.begun.withLock { $0.values.allSatisfy { $0 == 0 } })
  }

  @Test func resultsAcknowledgedBeforeACrashAreKept() async throws {
    let cluster = try Cluster(trials: 20)
    let (first, firstStore, endpoint) = try await cluster.coordinator()
    let worker = try cluster.worker(endpoint, ScriptedRunner())
    let ending = Task { await worker.finished() }
    try await eventually("some results") { await first.status()!.counts.completed >= 5 ? true : nil }
    await first.abandon()
    let counts = await first.status()!.counts
    try firstStore.close()
    let kept = try cluster.rows().trials.filter { $0.state == .completed }
    #expect(kept.count == counts.completed)
    let (second, secondStore, _) = try await cluster.coordinator()
    #expect(try await second.finished().counts.completed == 20)
    #expect(await ending.value.status == 0)
    try secondStore.close()
    try cluster.expectUndisturbedResults()
    let trials = try cluster.rows().trials
    for row in kept { #expect(trials.contains(row)) }
  }

  @Test func aTrialGoesOnElsewhereFromItsCheckpoint() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator { $0.settings.lease = .seconds(1) }
    let trial = cluster.trials[0].id
    // Longer than the window, so that credit must be given both ways.
    let bytes = 3 * 1024 * 1024 + 17
    let gate = Gate(before: 2)
    let first = try cluster.worker(
      endpoint, ScriptedRunner(checkpointBytes: bytes, gate: gate), named: "first")
    Task { await first.finished() }
    try await eventually("a stored checkpoint") {
      await service.status()!.running.first?.progress.checkpoint?.epoch == 2 ? true : nil
    }
    await first.abandon()
    let runner = ScriptedRunner(checkpointBytes: bytes)
    let second = try cluster.worker(endpoint, runner, named: "second")
    let ending = Task { await second.finished() }
    #expect(try await service.finished().isComplete)
    #expect(await ending.value.status == 0)
    try store.close()
    #expect(runner.begun.withLock { $0 } == [AttemptID(trial: trial, number: 2): 2])
    try cluster.expectUndisturbedResults()
    let attempts = try cluster.rows().attempts
    #expect(attempts.map(\.ending) == [.lost, .result])
    #expect(attempts[1].resumedEpoch == 2)
  }

  @Test func aWorkerToldToStopHandsItsTrialBack() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator()
    let gate = Gate(before: 1)
    let first = try cluster.worker(endpoint, ScriptedRunner(gate: gate), named: "first")
    let stopped = Task { await first.finished() }
    try await eventually("the trial under way") { gate.waiting == 1 ? true : nil }
    let asked = ContinuousClock.now
    first.stop()
    #expect(await stopped.value.status == 0)
    #expect(ContinuousClock.now - asked < .seconds(10))
    let status = try #require(await service.status())
    #expect(status.counts.pending == 1)
    let runner = ScriptedRunner()
    let second = try cluster.worker(endpoint, runner, named: "second")
    let ending = Task { await second.finished() }
    #expect(try await service.finished().isComplete)
    #expect(await ending.value.status == 0)
    try store.close()
    try cluster.expectUndisturbedResults()
    #expect(try cluster.rows().attempts.map(\.ending) == [.stopping, .result])
    #expect(runner.begun.withLock { $0.values.map { $0 } } == [1])
  }

  @Test func aCoordinatorToldToStopTakesTrialsBackFirst() async throws {
    let cluster = try Cluster(trials: 3)
    let (service, store, endpoint) = try await cluster.coordinator()
    let gate = Gate(before: 2)
    let worker = try cluster.worker(endpoint, ScriptedRunner(gate: gate))
    let ending = Task { await worker.finished() }
    try await eventually("the trial under way") { gate.waiting == 1 ? true : nil }
    service.stop()
    let result = try await service.finished()
    #expect(!result.isComplete)
    #expect(result.counts.pending == 3)
    #expect(await ending.value.status == 0)
    try store.close()
    let rows = try cluster.rows()
    #expect(rows.attempts.map(\.ending) == [.drained])
    #expect(rows.trials.allSatisfy { $0.state == .pending })
    let reader = try Store.reading(cluster.path)
    #expect(try reader.read { try $0.checkpoints() }.map(\.epoch) == [2])
  }

  @Test func aTrialThatKeepsFailingIsGivenUpWithItsReason() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator { $0.settings.retries = 1 }
    let worker = try cluster.worker(endpoint, ScriptedRunner(failing: true))
    let ending = Task { await worker.finished() }
    let result = try await service.finished()
    #expect(result.counts.failed == 1)
    #expect(await ending.value.status == 0)
    try store.close()
    let rows = try cluster.rows()
    #expect(rows.trials[0].state == .failed)
    #expect(rows.trials[0].message?.contains("the script says to fail") == true)
    #expect(rows.attempts.map(\.ending) == [.failed, .failed])
  }
}
