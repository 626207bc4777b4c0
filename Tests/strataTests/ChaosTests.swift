import Foundation
import ResultStore
import SweepProtocol
import Testing

/// The short form of `scripts/chaos`: synthetic trials under fire, and their store beside that of an undisturbed run.
@Suite(.serialized, .enabled(if: Chaos.available, "needs python3"))
struct ChaosTests {
  @Test func aSweepUnderFireEndsAsAnUndisturbedOne() async throws {
    try await Chaos.run(["--quick"])
  }

  @Test func anOutageRepeatsNoStepOfSyntheticTrials() async throws {
    try await Chaos.run(["--outage", "5"])
  }
}

enum Chaos {
  static let available = ["/usr/bin", "/usr/local/bin", "/bin"].contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/python3")
  }

  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../scripts/faults/chaos.py").standardizedFileURL

  static func run(_ arguments: [String]) async throws {
    try await withTemporaryFolder { folder in
      let chaos = try StrataProcess(
        arguments, in: folder, under: ["/usr/bin/env", "python3", script.path, "--strata"])
      let status = try await chaos.wait(seconds: 400)
      #expect(status == 0, "\(chaos.standardOutput)\n\(chaos.standardError)")
    }
  }
}

/// Real training, disturbed for longer than `RecoveryTests` does.
@Suite(.serialized) struct LongRecoveryTests {
  /// Eight trials of some seconds each: enough for one worker not to end them all while the other dies three times.
  private static let sweep =
    RecoveryTests.sweep.replacing("name: recovery", with: "name: three-deaths")
    + "\nseeds: 4\n"

  private static func write(in folder: URL) throws -> String {
    let file = folder.appendingPathComponent("three-deaths.yaml")
    try Data(sweep.utf8).write(to: file)
    return file.path
  }

  private static func coordinator(_ store: URL, in folder: URL) throws -> StrataProcess {
    try StrataProcess(
      ["coordinator", try write(in: folder), "--store", store.path, "--exit-when-done", "--lease", "5"],
      in: folder)
  }

  /// Two workers, one of which is killed three times in the middle of a trial: not a bit differs.
  @Test func aWorkerKilledThreeTimesChangesNoBit() async throws {
    try await withTemporaryFolder { folder in
      let undisturbed = folder.appendingPathComponent("undisturbed.store")
      var coordinator = try Self.coordinator(undisturbed, in: folder)
      let only = try await RecoveryTests.worker(undisturbed, named: "only", in: folder)
      #expect(
        try await coordinator.wait(seconds: 400) == 0, "\(coordinator.standardError)\n\(only.standardError)")

      let store = folder.appendingPathComponent("run.store")
      coordinator = try Self.coordinator(store, in: folder)
      let steady = try await RecoveryTests.worker(store, named: "steady", in: folder)
      for death in 1...3 {
        let victim = try await RecoveryTests.worker(store, named: "victim-\(death)", in: folder)
        try await Self.waitForCheckpoint(store, of: "victim-\(death)")
        victim.kill()
      }
      let last = try await RecoveryTests.worker(store, named: "last", in: folder)
      let status = try await coordinator.wait(seconds: 400)
      #expect(status == 0, "\(coordinator.standardError)\n\(steady.standardError)\n\(last.standardError)")

      let attempts = try Store.reading(store.path).read { try $0.attempts() }
      #expect(attempts.count == 8 + 3)
      #expect(attempts.count { $0.resumedEpoch != nil } == 3, "an attempt began from the start again")
      #expect(try RecoveryTests.contentHash(store) == RecoveryTests.contentHash(undisturbed))
    }
  }

  /// Waits until a trial the worker is in the middle of has a checkpoint.
  private static func waitForCheckpoint(_ store: URL, of worker: String) async throws {
    try await waitUntil("a checkpoint of \(worker)", seconds: 120) {
      let status = try await RecoveryTests.status(of: store)
      return status?.running.contains { $0.worker == worker && $0.progress.checkpoint != nil } ?? false
    }
  }

  /// The coordinator is away for as long as it takes the workers to end their trials: they train on, keep what they
  /// could not send, and hand it in when it is back.
  @Test func anOutageRepeatsNoStep() async throws {
    let expected = try await RecoveryTests.undisturbed.value
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let store = folder.appendingPathComponent("run.store")
      let first = try RecoveryTests.coordinator(sweep, store, in: folder)
      var workers: [StrataProcess] = []
      for name in ["one", "two"] {
        workers.append(try await RecoveryTests.worker(store, named: name, in: folder))
      }
      try await waitUntil("both trials to be under way", seconds: 60) {
        let running = try await RecoveryTests.status(of: store)?.running ?? []
        return running.count { $0.progress.checkpoint != nil } == 2
      }
      first.kill()
      try await waitUntil("both trials to end without a coordinator", seconds: 120) {
        workers.allSatisfy { $0.standardError.contains(" ends: ") }
      }
      let second = try RecoveryTests.coordinator(sweep, store, in: folder)
      let status = try await second.wait()
      #expect(status == 0, "\(second.standardError)\n\(workers.map(\.standardError))")

      let attempts = try Store.reading(store.path).read { try $0.attempts() }
      #expect(attempts.map(\.number) == [1, 1])
      #expect(attempts.allSatisfy { $0.resumedEpoch == nil })
      #expect(try RecoveryTests.contentHash(store) == expected)
    }
  }
}
