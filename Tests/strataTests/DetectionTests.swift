import Coordinator
import Foundation
import ResultStore
import SweepProtocol
import Testing

/// How soon real processes notice what has become of each other, and what they must not take for it. `scripts/test`
/// runs these alone on the machine.
@Suite(.serialized) struct DetectionTests {
  /// A coordinator of the recovery sweep, and a worker in the middle of a trial.
  private static func start(
    _ folder: URL, _ arguments: String...
  ) async throws -> (store: URL, coordinator: StrataProcess, worker: StrataProcess) {
    let store = folder.appendingPathComponent("run.store")
    let coordinator = try StrataProcess(
      ["coordinator", try RecoveryTests.write(in: folder), "--store", store.path, "--exit-when-done"]
        + arguments,
      in: folder)
    let worker = try await RecoveryTests.worker(store, named: "first", in: folder)
    _ = try await RecoveryTests.waitForCheckpoint(store)
    return (store, coordinator, worker)
  }

  /// Seconds until the coordinator shows the worker as lost.
  private static func secondsToLoss(_ store: URL, seconds: Double) async throws -> Double {
    let client = try await StatusClient(endpoint: Announced.endpoint(of: store))
    let began = ContinuousClock.now
    try await waitUntil("the worker to show as lost", seconds: seconds) {
      guard case .status(let status) = try await client.reply(to: .status, timeout: .seconds(30)) else {
        return false
      }
      return status.workers.first?.connected == false
    }
    return (ContinuousClock.now - began) / .seconds(1)
  }

  @Test func aClosedConnectionShowsWithinASecond() async throws {
    try await withTemporaryFolder { folder in
      let (store, coordinator, worker) = try await Self.start(folder)
      worker.kill()
      let seconds = try await Self.secondsToLoss(store, seconds: 60)
      #expect(seconds <= 1, "\(seconds) s")
      withExtendedLifetime(coordinator) {}
    }
  }

  /// A process that stands still closes nothing and says nothing, as behind a cut cable.
  @Test func silenceShowsWithinFifteenSeconds() async throws {
    try await withTemporaryFolder { folder in
      let (store, coordinator, worker) = try await Self.start(folder)
      Foundation.kill(worker.pid, SIGSTOP)
      let seconds = try await Self.secondsToLoss(store, seconds: 60)
      #expect(seconds <= 15, "\(seconds) s")
      // It comes back, and goes on if nobody else has begun.
      Foundation.kill(worker.pid, SIGCONT)
      #expect(try await coordinator.wait() == 0, "\(coordinator.standardError)")
      let expected = try await RecoveryTests.undisturbed.value
      #expect(try RecoveryTests.contentHash(store) == expected)
    }
  }

  /// Each notices that nothing comes from the other any more, though no connection is closed.
  @Test(.enabled(if: Namespaces.available, "needs root and iproute2 (ip netns)"))
  func aSilentPartitionShowsOnBothSidesWithinFifteenSeconds() async throws {
    let expected = try await RecoveryTests.undisturbed.value
    let namespaces = try Namespaces()
    defer { namespaces.remove() }
    try await withTemporaryFolder { folder in
      let store = folder.appendingPathComponent("run.store")
      let coordinator = try StrataProcess(
        [
          "coordinator", try RecoveryTests.write(in: folder), "--store", store.path, "--exit-when-done",
          "--listen", Namespaces.addresses[0], "--insecure",
        ], in: folder, under: namespaces.prefix(0))
      let endpoint = try await Announced.endpoint(of: store)
      let worker = try StrataProcess(
        ["worker", "--connect", endpoint], in: folder, under: namespaces.prefix(1))
      try await waitUntil("the worker to join", seconds: 60) {
        worker.standardError.contains("joined the coordinator")
      }
      try namespaces.cut()
      let began = ContinuousClock.now
      var seen: (coordinator: Duration?, worker: Duration?)
      try await waitUntil("both to notice", seconds: 60) {
        if seen.worker == nil, worker.standardError.contains("the connection to the coordinator is lost") {
          seen.worker = ContinuousClock.now - began
        }
        if seen.coordinator == nil {
          let status = try StrataProcess(
            ["status", store.path, "--json"], in: folder, under: namespaces.prefix(0))
          #expect(try await status.wait() == 0, "\(status.standardError)")
          if status.standardOutput.contains("\"connected\" : false") {
            seen.coordinator = ContinuousClock.now - began
          }
        }
        return seen.worker != nil && seen.coordinator != nil
      }
      #expect(seen.coordinator! <= .seconds(15) && seen.worker! <= .seconds(15), "\(seen)")
      print("a silent partition showed after \(seen.coordinator!) and, to the worker, \(seen.worker!)")
      try namespaces.heal()
      #expect(try await coordinator.wait() == 0, "\(coordinator.standardError)\n\(worker.standardError)")
      #expect(try RecoveryTests.contentHash(store) == expected)
    }
  }

  /// Longer than its lease, on a machine whose every core is busy twice over.
  @Test func aCoordinatorThatStandsStillExpiresNothing() async throws {
    try await withTemporaryFolder { folder in
      let busy = try (0..<2 * ProcessInfo.processInfo.activeProcessorCount).map { _ in try Self.busyProcess()
      }
      defer { for process in busy { Foundation.kill(process.processIdentifier, SIGKILL) } }
      let (store, coordinator, worker) = try await Self.start(folder, "--lease", "4")
      Foundation.kill(coordinator.pid, SIGSTOP)
      try await Task.sleep(for: .seconds(5))
      Foundation.kill(coordinator.pid, SIGCONT)
      #expect(try await coordinator.wait(seconds: 240) == 0, "\(coordinator.standardError)")
      #expect(try await worker.wait(seconds: 60) == 0, "\(worker.standardError)")
      #expect(!coordinator.standardError.contains("is lost"), "\(coordinator.standardError)")
      let reader = try Store.reading(store.path)
      let attempts = try reader.read { try $0.attempts() }
      try reader.close()
      #expect(attempts.count == 2 && attempts.allSatisfy { $0.number == 1 && $0.ending == .result })
    }
  }

  private static func busyProcess() throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "while :; do :; done"]
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// The first signal asks it to hand its trial back, which nobody takes; the second ends it at once.
  @Test func aSecondSignalEndsAWorkerAtOnce() async throws {
    try await withTemporaryFolder { folder in
      let (_, coordinator, worker) = try await Self.start(folder)
      Foundation.kill(coordinator.pid, SIGSTOP)
      worker.terminate()
      try await waitUntil("the worker to be stopping", seconds: 30) {
        worker.standardError.contains("stopping (stopping)")
      }
      #expect(worker.isRunning)
      let asked = ContinuousClock.now
      worker.terminate()
      #expect(try await worker.wait(seconds: 30) == 130, "\(worker.standardError)")
      #expect(ContinuousClock.now - asked < .seconds(2))
    }
  }

  /// The first signal makes it wait for a worker to hand its trial back; the second ends it at once.
  @Test func aSecondSignalEndsACoordinatorAtOnce() async throws {
    try await withTemporaryFolder { folder in
      let (store, coordinator, worker) = try await Self.start(folder)
      Foundation.kill(worker.pid, SIGSTOP)
      coordinator.terminate()
      let client = try await StatusClient(endpoint: Announced.endpoint(of: store))
      try await waitUntil("the coordinator to be stopping", seconds: 30) {
        guard case .status(let status) = try await client.reply(to: .status, timeout: .seconds(30)) else {
          return false
        }
        return status.stopping
      }
      #expect(coordinator.isRunning)
      let asked = ContinuousClock.now
      coordinator.terminate()
      #expect(try await coordinator.wait(seconds: 30) == 130, "\(coordinator.standardError)")
      #expect(ContinuousClock.now - asked < .seconds(2))
    }
  }

  /// As Slurm and Kubernetes stop it: it writes a checkpoint, from which another goes on.
  @Test func aWorkerAskedToStopHandsItsTrialBackWithinTenSeconds() async throws {
    let expected = try await RecoveryTests.undisturbed.value
    try await withTemporaryFolder { folder in
      let (store, coordinator, first) = try await Self.start(folder)
      let asked = ContinuousClock.now
      first.terminate()
      #expect(try await first.wait(seconds: 60) == 0, "\(first.standardError)")
      #expect(ContinuousClock.now - asked < .seconds(10))
      let second = try await RecoveryTests.worker(store, named: "second", in: folder)
      #expect(try await coordinator.wait() == 0, "\(coordinator.standardError)\n\(second.standardError)")
      let reader = try Store.reading(store.path)
      let attempts = try reader.read { try $0.attempts() }
      try reader.close()
      let left = try #require(attempts.first { $0.ending == .stopping })
      let next = try #require(attempts.first { $0.trial == left.trial && $0.number == left.number + 1 })
      #expect((next.resumedEpoch ?? 0) >= 1, "the second attempt began from the start")
      #expect(try RecoveryTests.contentHash(store) == expected)
    }
  }

  /// As Slurm and Kubernetes stop it: the trial is given back with a checkpoint, and both end well.
  @Test func aCoordinatorAskedToStopDrainsAndEnds() async throws {
    try await withTemporaryFolder { folder in
      let (store, coordinator, worker) = try await Self.start(folder)
      coordinator.terminate()
      #expect(try await coordinator.wait(seconds: 60) == 0, "\(coordinator.standardError)")
      #expect(try await worker.wait(seconds: 60) == 0, "\(worker.standardError)")
      let reader = try Store.reading(store.path)
      let attempts = try reader.read { try $0.attempts() }
      let running = try reader.read { try $0.counts() }[.running]
      try reader.close()
      #expect(attempts.last?.ending == .drained && running == nil)
    }
  }

  /// A worker process whose key is revoked in mid-trial is told so and ends with status 3.
  @Test func aRevokedWorkerEndsWithinFiveSeconds() async throws {
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let store = folder.appendingPathComponent("run.store")
      for name in ["coordinator", "node"] {
        _ = try await KeyCommandTests.run("keygen", "\(name).key", in: folder)
      }
      _ = try await KeyCommandTests.run(
        "workers", "allow", "node.key.pub", "--name", "node", "--worker-keys", "list", in: folder)
      let coordinator = try StrataProcess(
        [
          "coordinator", sweep, "--store", store.path, "--key", "coordinator.key", "--worker-keys", "list",
        ], in: folder)
      let worker = try StrataProcess(
        [
          "worker", "--connect", try await Announced.endpoint(of: store), "--key", "node.key",
          "--coordinator-key", "coordinator.key.pub",
        ], in: folder)
      try await waitUntil("the worker to join", seconds: 60) {
        worker.standardError.contains("joined the coordinator")
      }
      let start = ContinuousClock.now
      _ = try await KeyCommandTests.run("workers", "revoke", "node", "--worker-keys", "list", in: folder)
      #expect(try await worker.wait(seconds: 60) == 3, "\(worker.standardError)")
      #expect(ContinuousClock.now - start < .seconds(5))
      #expect(
        worker.standardError.contains("the key of node, ") && worker.standardError.contains("is revoked"))
      #expect(coordinator.standardError.contains("1 revoked"))
    }
  }
}
