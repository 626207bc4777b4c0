import Foundation
import ResultStore
import SweepProtocol
import Testing

/// `strata run` as a person uses it.
@Suite(.serialized) struct RunTests {
  static func arguments(_ sweep: String, _ store: URL) -> [String] {
    ["run", sweep, "--store", store.path, "--workers", "2", "--checkpoint-interval", "0.05"]
  }

  @Test func runsToTheTableAndSaysSoWhenRunAgain() async throws {
    let expected = try await RecoveryTests.undisturbed.value
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let store = folder.appendingPathComponent("my results")
      let report = folder.appendingPathComponent("report.html")
      let first = try await StrataProcess.run(
        Self.arguments(sweep, store) + ["--report", report.path], in: folder)
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.output.contains("recovery: 2 trials") && first.output.contains("quint8 %"))
      #expect(try String(contentsOf: report, encoding: .utf8).hasPrefix("<!DOCTYPE html>"))
      #expect(try RecoveryTests.contentHash(store) == expected)

      let again = try await StrataProcess.run(Self.arguments(sweep, store), in: folder)
      #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)")
      #expect(again.output.contains("all 2 trials are in") && again.output.contains("quint8 %"))
    }
  }

  @Test func interruptedItGoesOnWhereItStopped() async throws {
    let expected = try await RecoveryTests.undisturbed.value
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let store = folder.appendingPathComponent("run.store")
      let run = try StrataProcess(Self.arguments(sweep, store), in: folder)
      let running = try await RecoveryTests.waitForCheckpoint(store)
      run.terminate()
      #expect(try await run.wait(seconds: 30) == 130, "\(run.standardError)")
      #expect(run.standardOutput.contains("the same command goes on from here"))

      let again = try await StrataProcess.run(Self.arguments(sweep, store), in: folder)
      #expect(again.status == 0, "\(again.errors)")
      let attempts = try RecoveryTests.attempts(store, of: running.attempt.trial)
      #expect(attempts.contains { ($0.resumedEpoch ?? 0) >= 1 }, "it began from the start")
      #expect(try RecoveryTests.contentHash(store) == expected)
    }
  }

  @Test func workerThatLeavesIsReplaced() async throws {
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let store = folder.appendingPathComponent("run.store")
      let run = try StrataProcess(Self.arguments(sweep, store), in: folder)
      _ = try await RecoveryTests.waitForCheckpoint(store)
      let worker = try Store.reading(store.path).read { try $0.workers() }[0]
      Foundation.kill(Int32(worker.pid), SIGTERM)
      #expect(try await run.wait() == 0, "\(run.standardError)")
    }
  }

  /// Whoever reads the output may go away first, as `tee` does on Ctrl-C.
  @Test func outputThatNobodyReadsDoesNotEndIt() async throws {
    try await withTemporaryFolder { folder in
      let sweep = try RecoveryTests.write(in: folder)
      let process = Process()
      let output = Pipe()
      process.executableURL = StrataProcess.binary
      process.arguments = Self.arguments(sweep, folder.appendingPathComponent("run.store"))
      process.standardInput = FileHandle.nullDevice
      process.standardOutput = output
      process.standardError = output
      try process.run()
      try output.fileHandleForReading.close()
      try output.fileHandleForWriting.close()
      try await waitUntil("the run to end", seconds: 120) { !process.isRunning }
      #expect(process.terminationReason == .exit && process.terminationStatus == 0)
    }
  }
}
