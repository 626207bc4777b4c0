import Coordinator
import Foundation
import ResultStore
import SweepProtocol
import Testing

/// Real processes, killed with real signals: the results must not show it.
@Suite(.serialized) struct RecoveryTests {
  /// Two trials of some seconds each, with a snapshot at every epoch.
  static let sweep = """
    name: recovery
    base:
      network:
        inputSize: 32
        firstWidth: 16
        stages: [{width: 16, blocks: 1}, {width: 32, blocks: 1}]
        head: [32]
      training: {epochs: 4, batch: 64}
      data: {dataset: synthetic, train: 1500, test: 300}
      quantization: {calibrationImages: 128}
      analysis: {snapshots: [1, 2, 3, 4], sensitivityImages: 8}
    grid:
      network.factorization: [none, {uniform: 4}]
    """

  static func write(in folder: URL) throws -> String {
    let file = folder.appendingPathComponent("recovery.yaml")
    try Data(sweep.utf8).write(to: file)
    return file.path
  }

  static func coordinator(_ sweep: String, _ store: URL, in folder: URL) throws -> StrataProcess {
    try StrataProcess(["coordinator", sweep, "--store", store.path, "--exit-when-done"], in: folder)
  }

  static func worker(_ store: URL, named name: String, in folder: URL) async throws -> StrataProcess {
    try await StrataProcess(
      [
        "worker", "--connect", Announced.endpoint(of: store), "--name", name, "--checkpoint-interval", "0.05",
      ],
      in: folder)
  }

  /// What an undisturbed run leaves; the same for every test.
  static let undisturbed = Task { () async throws -> String in
    try await withTemporaryFolder { folder in
      let sweep = try write(in: folder)
      let store = folder.appendingPathComponent("undisturbed.store")
      let coordinator = try coordinator(sweep, store, in: folder)
      let worker = try await worker(store, named: "only", in: folder)
      let status = try await coordinator.wait()
      #expect(status == 0, "\(coordinator.standardError)\n\(worker.standardError)")
      return try contentHash(store)
    }
  }

  static func contentHash(_ store: URL) throws -> String { try StoreContent.hash(Store.reading(store.path)) }

  static func attempts(_ store: URL, of trial: String) throws -> [AttemptRecord] {
    try Store.reading(store.path).read { try $0.attempts(trial: trial) }
  }

  /// Waits until a running trial's checkpoint of an unfinished training is stored.
  static func waitForCheckpoint(_ store: URL) async throws -> RunningTrial {
    var found: RunningTrial?
    try await waitUntil("a stored checkpoint", seconds: 60) {
      found = try await status(of: store)?.running.first { ($0.progress.checkpoint?.epoch ?? 0) >= 1 }
      return found != nil
    }
    return found!
  }

  /// What the store's coordinator says.
  static func status(of store: URL) async throws -> ClusterStatus? {
    let client = try await StatusClient(endpoint: Announced.endpoint(of: store))
    guard case .status(let status) = try await client.reply(to: .status, timeout: .seconds(10)) else {
      return nil
    }
    return status
  }

  @Test func workerKilledInMidTrial() async throws {
    let expected = try await Self.undisturbed.value
    try await withTemporaryFolder { folder in
      let store = folder.appendingPathComponent("run.store")
      let coordinator = try Self.coordinator(try Self.write(in: folder), store, in: folder)
      let first = try await Self.worker(store, named: "first", in: folder)
      let interrupted = try await Self.waitForCheckpoint(store)
      first.kill()
      let second = try await Self.worker(store, named: "second", in: folder)
      let status = try await coordinator.wait()
      #expect(status == 0, "\(coordinator.standardError)\n\(second.standardError)")

      let attempts = try Self.attempts(store, of: interrupted.attempt.trial)
      #expect(attempts.count == 2)
      #expect((attempts.last?.resumedEpoch ?? 0) >= 1, "the second attempt began from the start")
      #expect(try Self.contentHash(store) == expected)
    }
  }

  @Test func coordinatorKilledInMidTrial() async throws {
    let expected = try await Self.undisturbed.value
    try await withTemporaryFolder { folder in
      let sweep = try Self.write(in: folder)
      let store = folder.appendingPathComponent("run.store")
      let first = try Self.coordinator(sweep, store, in: folder)
      let worker = try await Self.worker(store, named: "steady", in: folder)
      let running = try await Self.waitForCheckpoint(store)
      first.kill()
      let second = try Self.coordinator(sweep, store, in: folder)
      let status = try await second.wait()
      #expect(status == 0, "\(second.standardError)\n\(worker.standardError)")

      let attempts = try Self.attempts(store, of: running.attempt.trial)
      #expect(attempts.count == 1, "the worker's attempt should have been taken up again")
      #expect(try Self.contentHash(store) == expected)
    }
  }
}
