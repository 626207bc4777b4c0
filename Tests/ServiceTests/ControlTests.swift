import Coordinator
import Foundation
import ResultStore
import SweepProtocol
import Sweeps
import Synchronization
import Testing
import Worker

/// Requests to a coordinator at work, over its socket.
@Suite(.timeLimit(.minutes(2))) struct ControlTests {
  /// The line the request is answered by.
  static func ask(_ endpoint: String, _ request: ClientRequest) async throws -> String {
    let client = try StatusClient(endpoint: endpoint)
    switch try await client.reply(to: request, timeout: .seconds(60)) {
    case .done(let line): return line
    case .refused(let line): return "refused: \(line)"
    case let other: return "\(other)"
    }
  }

  @Test func aRunningTrialIsCancelledAndPutBack() async throws {
    let cluster = try Cluster(trials: 2)
    let (service, store, endpoint) = try await cluster.coordinator { $0.exitsWhenDone = false }
    let gate = Gate(before: 1)
    let worker = try cluster.worker(endpoint, ScriptedRunner(gate: gate))
    let ending = Task { await worker.finished() }
    try await eventually("the first trial under way") { gate.waiting == 1 ? true : nil }
    #expect(
      try await Self.ask(endpoint, .cancel(["trial 1", "trial 2"])) == "cancelled 2 trials, 1 of them running"
    )
    try await eventually("the trial to stop") { gate.waiting == 0 ? true : nil }
    #expect(try cluster.rows().trials.allSatisfy { $0.state == .cancelled })
    #expect(try cluster.rows().attempts.map(\.ending) == [.cancelled])
    gate.open()
    #expect(try await Self.ask(endpoint, .retry(.trials(["trial 1", "trial 2"]))) == "put 2 trials back")
    try await eventually("two results") { await service.status()!.counts.completed == 2 ? true : nil }
    service.stop()
    _ = try await service.finished()
    #expect(await ending.value.status == 0)
    try store.close()
    try cluster.expectUndisturbedResults()
  }

  @Test func aPauseOutlivesTheCoordinator() async throws {
    let cluster = try Cluster(trials: 1)
    let (first, firstStore, endpoint) = try await cluster.coordinator()
    #expect(try await Self.ask(endpoint, .pause) == "no trials are handed out")
    let worker = try cluster.worker(endpoint, ScriptedRunner())
    let ending = Task { await worker.finished() }
    try await eventually("the worker there") {
      await first.status()!.workers.first?.connected == true ? true : nil
    }
    await first.abandon()
    try firstStore.close()
    let (second, store, again) = try await cluster.coordinator()
    #expect(cluster.log.lines.contains { $0.contains("test.store is paused: no trials are handed out") })
    try await eventually("the worker back") {
      await second.status()!.workers.first?.connected == true ? true : nil
    }
    #expect(await second.status()!.counts.pending == 1)
    #expect(try await Self.ask(again, .resume) == "trials are handed out")
    #expect(try await second.finished().isComplete)
    #expect(await ending.value.status == 0)
    try store.close()
    try cluster.expectUndisturbedResults()
  }

  @Test func aDrainedWorkerHandsItsTrialToAnother() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator()
    let gate = Gate(before: 2)
    let first = try cluster.worker(endpoint, ScriptedRunner(gate: gate), named: "first")
    let drained = Task { await first.finished() }
    try await eventually("the trial under way") { gate.waiting == 1 ? true : nil }
    #expect(
      try await Self.ask(endpoint, .drain("first")).hasSuffix(
        "gives its trial back with a checkpoint and leaves"))
    #expect(await drained.value.status == 0)
    let runner = ScriptedRunner()
    let second = try cluster.worker(endpoint, runner, named: "second")
    let ending = Task { await second.finished() }
    #expect(try await service.finished().isComplete)
    #expect(await ending.value.status == 0)
    try store.close()
    try cluster.expectUndisturbedResults()
    #expect(try cluster.rows().attempts.map(\.ending) == [.drained, .result])
    #expect(runner.begun.withLock { $0.values.map { $0 } } == [2])
  }

  /// Three trials fail on one host and nowhere else: it gets no more, the rest runs elsewhere, `retry` lets it in again.
  @Test func aHostOnWhichManyTrialsFailGetsNoMore() async throws {
    let cluster = try Cluster(trials: 8)
    let (service, store, endpoint) = try await cluster.coordinator { $0.exitsWhenDone = false }
    let gate = Gate(before: 0)
    func worker(_ runner: ScriptedRunner, on host: String) throws -> Task<WorkerEnding, Never> {
      let worker = try cluster.worker(endpoint, runner, named: "on \(host)") {
        $0.settings.introduction.host = host
      }
      return Task { await worker.finished() }
    }
    let good = try worker(ScriptedRunner(gate: gate), on: "good")
    try await eventually("the good one at work") { gate.waiting == 1 ? true : nil }
    let bad = try worker(ScriptedRunner(failing: true), on: "bad")
    let status = try await eventually("the quarantine") {
      let status = await service.status()!
      return status.quarantinedHosts.isEmpty ? nil : status
    }
    #expect(status.quarantinedHosts.map(\.host) == ["bad"])
    #expect(
      status.quarantinedHosts[0].reason
        == "3 trials failed there and nowhere else, the last: the script says to fail")
    gate.open()
    try await eventually("all results") { await service.status()!.counts.completed == 8 ? true : nil }
    #expect(
      try await Self.ask(endpoint, .retry(.host("bad"))) == "put 0 trials back; host bad gets trials again")
    #expect(await service.status()!.quarantinedHosts.isEmpty)
    service.stop()
    _ = try await service.finished()
    for ending in [good, bad] { #expect(await ending.value.status == 0) }
    try store.close()
    try cluster.expectUndisturbedResults()
    let attempts = try cluster.rows().attempts
    #expect(attempts.filter { $0.host == "bad" }.map(\.ending) == [.failed, .failed, .failed])
    #expect(attempts.count { $0.ending == .result } == 8)
  }

  /// Two hosts, the same error: message and account of the place are in the store.
  @Test func poisonIsKeptWithItsAccount() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator()
    let workers = try ["alpha", "beta"].map { host in
      try cluster.worker(endpoint, ScriptedRunner(failing: true), named: "on \(host)") {
        $0.settings.introduction.host = host
      }
    }
    let endings = workers.map { worker in Task { await worker.finished() } }
    let result = try await service.finished()
    #expect(result.counts.quarantined == 1 && result.isComplete)
    for ending in endings { #expect(await ending.value.status == 0) }
    try store.close()
    let rows = try cluster.rows()
    #expect(rows.trials[0].state == .quarantined)
    #expect(rows.trials[0].message == "the script says to fail")
    #expect(Set(rows.attempts.map(\.host)) == ["alpha", "beta"])
    let detail = try #require(rows.attempts.last?.detail)
    #expect(detail.hasPrefix("Failure: the script says\nto fail\nwhile preparing, epoch 0"))
    #expect(detail.contains("trial 1, on ") && detail.contains(", worker on "))
    // What a coordinator does, the store without one allows too.
    let reopened = try Store.open(cluster.path)
    #expect(try StoreControl(reopened).answer(.retry(.all)) == .done("put 1 trial back"))
    #expect(
      try StoreControl(reopened).answer(.drain("x"))
        == .refused("no worker has the name x, or an id beginning so"))
    try reopened.close()
    #expect(try cluster.rows().trials[0].state == .pending)
  }

  @Test func aHungTrialIsNoticedByItsLackOfProgress() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator {
      $0.settings.hang = .seconds(1)
      $0.settings.retries = 0
    }
    let worker = try cluster.worker(endpoint, ScriptedRunner(gate: Gate(before: 1)))
    let ending = Task { await worker.finished() }
    #expect(try await service.finished().counts.failed == 1)
    #expect(await ending.value.status == 0)
    try store.close()
    #expect(try cluster.rows().trials[0].message == "no progress for 1 s; the trial hangs")
  }

  /// The lease is a minute here: what is noticed is the connection's end.
  @Test func aClosedConnectionIsNoticedAndItsTrialTakenOver() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator { $0.settings.grace = .milliseconds(500) }
    let gate = Gate(before: 1)
    let first = try cluster.worker(endpoint, ScriptedRunner(gate: gate), named: "first")
    Task { await first.finished() }
    try await eventually("the trial under way") { gate.waiting == 1 ? true : nil }
    await first.abandon()
    try await eventually("the loss to show") {
      await service.status()!.workers.first?.connected == false ? true : nil
    }
    let second = try cluster.worker(endpoint, ScriptedRunner(), named: "second")
    let ending = Task { await second.finished() }
    #expect(try await service.finished().isComplete)
    #expect(await ending.value.status == 0)
    try store.close()
    try cluster.expectUndisturbedResults()
    #expect(try cluster.rows().attempts.map(\.ending) == [.lost, .result])
  }

  @Test(arguments: [false, true]) func aDamagedCheckpointIsNamedAndTheTrialBeginsAnew(isShort: Bool)
    async throws
  {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator { $0.settings.grace = .milliseconds(100) }
    let gate = Gate(before: 2)
    let first = try cluster.worker(
      endpoint, ScriptedRunner(checkpointBytes: 600_000, gate: gate), named: "first")
    Task { await first.finished() }
    try await eventually("a stored checkpoint") {
      await service.status()!.running.first?.progress.checkpoint?.epoch == 2 ? true : nil
    }
    await first.abandon()
    let directory = cluster.path + ".checkpoints"
    let file = "\(directory)/\(try FileManager.default.contentsOfDirectory(atPath: directory)[0])"
    let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
    if isShort {
      try handle.truncate(atOffset: 1000)
    } else {
      try handle.seek(toOffset: 300_000)
      try handle.write(contentsOf: Data([1, 2, 3]))
    }
    try handle.close()
    let runner = ScriptedRunner(checkpointBytes: 600_000)
    let second = try cluster.worker(endpoint, runner, named: "second")
    let ending = Task { await second.finished() }
    #expect(try await service.finished().isComplete)
    #expect(await ending.value.status == 0)
    try store.close()
    try cluster.expectUndisturbedResults()
    #expect(runner.begun.withLock { $0.values.map { $0 } } == [0])
    #expect(try cluster.rows().attempts.map(\.resumedEpoch) == [nil, nil])
    let log = cluster.log.lines.joined(separator: "\n")
    #expect(log.contains("coordinator: the checkpoint of trial 1 at epoch 2 step 0 is damaged"))
    #expect(log.contains("begins anew, its checkpoint cannot be had"))
  }
}
