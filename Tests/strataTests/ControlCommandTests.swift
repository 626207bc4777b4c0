import Coordinator
import Foundation
import ResultStore
import SweepProtocol
import Testing

/// `strata submit`, `pause`, `resume`, `cancel`, `retry` and `drain`, as a person uses them.
@Suite(.serialized) struct ControlCommandTests {
  /// The recovery sweep's two trials and a third, which is cheap.
  static let grown = RecoveryTests.sweep.replacingOccurrences(
    of: "[none, {uniform: 4}]", with: "[none, {uniform: 4}, depthwise]")

  private static func strata(
    _ arguments: String..., in folder: URL, status expected: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let (status, output, errors) = try await StrataProcess.run(arguments, in: folder)
    #expect(status == expected, "\(arguments): \(errors)", sourceLocation: sourceLocation)
    return (output + errors).trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private static func status(_ store: URL) async throws -> ClusterStatus {
    let client = try await StatusClient(endpoint: Announced.endpoint(of: store))
    guard case .status(let status) = try await client.reply(to: .status, timeout: .seconds(60)) else {
      throw DeadlinePassed(description: "no status")
    }
    return status
  }

  /// In the sweep's order.
  private static func labels(_ store: URL) throws -> [String] {
    let reader = try Store.reading(store.path)
    defer { try? reader.close() }
    return try reader.read { try $0.trials(sweep: "recovery") }.map(\.label)
  }

  @Test func aSweepIsGrownPausedCancelledAndDrainedWhileItRuns() async throws {
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let store = folder.appendingPathComponent("run.store")
      let coordinator = try StrataProcess(["coordinator", sweep, "--store", store.path], in: folder)
      let endpoint = try await Announced.endpoint(of: store)
      #expect(
        try await Self.strata("pause", endpoint, in: folder) == "no trials are handed out")
      let first = try await RecoveryTests.worker(store, named: "first", in: folder)
      try await waitUntil("the first worker", seconds: 60) {
        try await Self.status(store).workers.contains { $0.connected }
      }

      try Data(Self.grown.utf8).write(to: URL(fileURLWithPath: sweep))
      #expect(
        try await Self.strata("submit", sweep, store.path, in: folder)
          == "recovery: 3 trials, 1 new, 2 known, 0 of them over")
      let labels = try Self.labels(store)
      #expect(labels.count == 3)
      #expect(
        try await Self.strata("cancel", store.path, labels[2], in: folder) == "cancelled 1 trial")
      let text = try await Self.strata("status", store.path, in: folder)
      #expect(
        text.contains("paused") && text.contains("1 cancelled") && text.contains("2 pending"), "\(text)")

      #expect(try await Self.strata("retry", store.path, labels[2], in: folder) == "put 1 trial back")
      #expect(try await Self.status(store).counts.pending == 3)
      #expect(try await Self.strata("cancel", endpoint, labels[2], in: folder) == "cancelled 1 trial")

      #expect(try await Self.strata("resume", store.path, in: folder) == "trials are handed out")
      _ = try await RecoveryTests.waitForCheckpoint(store)
      #expect(
        try await Self.strata("drain", endpoint, "first", in: folder)
          .hasSuffix("gives its trial back with a checkpoint and leaves"))
      #expect(try await first.wait(seconds: 60) == 0, "\(first.standardError)")
      let second = try await RecoveryTests.worker(store, named: "second", in: folder)
      try await waitUntil("two results", seconds: 120) { try await Self.status(store).counts.over == 3 }

      // A person asks for the stop: the worker is drained, and both end well.
      coordinator.terminate()
      #expect(try await coordinator.wait(seconds: 60) == 0, "\(coordinator.standardError)")
      #expect(try await second.wait(seconds: 60) == 0, "\(second.standardError)")
      let reader = try Store.reading(store.path)
      let counts = try reader.read { try $0.counts() }
      #expect(counts[.cancelled] == 1 && counts.filter(\.key.hasResult).values.reduce(0, +) == 2, "\(counts)")
      try reader.close()

      // Without the third trial it is the sweep that nobody disturbed, and without a coordinator the store obeys.
      try Data(RecoveryTests.sweep.utf8).write(to: URL(fileURLWithPath: sweep))
      #expect(
        try await Self.strata("submit", sweep, store.path, in: folder)
          == "recovery: 2 trials, 0 new, 2 known, 2 of them over")
      #expect(try Self.labels(store) == Array(labels[..<2]))
      #expect(try await Self.strata("retry", store.path, labels[2], in: folder) == "put 1 trial back")
      let mine = try Store.reading(store.path)
      for trial in try mine.read({ try $0.trials(sweep: "recovery") }) {
        let attempts = try mine.read { try $0.attempts(trial: trial.id) }
        #expect(attempts.last?.ending == .result && attempts.count <= 2)
      }
      try mine.close()
    }
  }

  /// A coordinator is killed, and that of another store listens where the first did.
  @Test func whatIsAskedOfADeadCoordinatorsStoreIsNotAskedOfAnother() async throws {
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let stores = ["a.store", "b.store"].map { folder.appendingPathComponent($0) }
      let first = try StrataProcess(["coordinator", sweep, "--store", stores[0].path], in: folder)
      let endpoint = try await Announced.endpoint(of: stores[0])
      first.kill()
      let second = try StrataProcess(
        [
          "coordinator", sweep, "--store", stores[1].path, "--port",
          String(endpoint.split(separator: ":").last!),
        ], in: folder)
      #expect(try await Announced.endpoint(of: stores[1]) == endpoint)
      #expect(try await Self.strata("pause", stores[0].path, in: folder) == "no trials are handed out")
      let label = try Self.labels(stores[0])[0]
      #expect(
        try await Self.strata("cancel", stores[0].path, label, in: folder) == "cancelled 1 trial")
      #expect(try await Self.strata("status", stores[0].path, in: folder).contains("paused"))
      let untouched = try await Self.status(stores[1])
      #expect(!untouched.paused && untouched.counts.pending == 2)
      let reader = try Store.reading(stores[0].path)
      #expect(try reader.restoration(sweep: nil).paused)
      let counts = try reader.read { try $0.counts() }
      #expect(counts[.cancelled] == 1)
      try reader.close()
      // The announcement of one that lives is gone by.
      #expect(try await Self.strata("pause", stores[1].path, in: folder) == "no trials are handed out")
      #expect(try await Self.status(stores[1]).paused)
      withExtendedLifetime(second) {}
    }
  }

  @Test func wrongUseIsToldInOneLine() async throws {
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let store = folder.appendingPathComponent("run.store")
      let coordinator = try StrataProcess(["coordinator", sweep, "--store", store.path], in: folder)
      let endpoint = try await Announced.endpoint(of: store)
      for (arguments, says) in [
        (
          ["cancel", endpoint, "nobody"],
          "no trial of recovery has an id beginning with, or the label, nobody"
        ),
        (["retry", endpoint], "--all"),
        (["retry", endpoint, "--all", "--host", "x"], "one of the three"),
        (["retry", endpoint, "--host", "nowhere"], "no host is named nowhere"),
        (["drain", endpoint, "nobody"], "no worker has the name nobody"),
        (["pause", "missing.store"], "missing.store"),
        (["submit", sweep, "missing.store"], "missing.store"),
        (["submit", "no-such-sweep", endpoint], "no-such-sweep"),
        (["resume", "tcp://127.0.0.1:1"], "tcp://127.0.0.1:1"),
      ] {
        let (status, _, errors) = try await StrataProcess.run(arguments, in: folder)
        #expect(status != 0 && status < 128, "\(arguments)")
        let lines = errors.split(separator: "\n").filter { $0.hasPrefix("Error: ") }
        #expect(lines.count == 1 && lines[0].contains(says), "\(arguments): \(errors)")
      }
      withExtendedLifetime(coordinator) {}
    }
  }
}
