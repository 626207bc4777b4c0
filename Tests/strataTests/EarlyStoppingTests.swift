import Foundation
import ResultStore
import Sweeps
import Testing

/// `strata run` of a sweep whose rule stops trials.
@Suite struct EarlyStoppingTests {
  private static let sweep = """
    name: stopping
    base:
      network: {firstWidth: 16, stages: [{width: 16, blocks: 1}, {width: 16, blocks: 1}], head: []}
      training: {epochs: 3, batch: 50, augmentation.enabled: false}
      data: {dataset: synthetic, train: 100, test: 100}
      quantization.calibrationImages: 50
      analysis: {snapshots: [1], sensitivityImages: 0}
    earlyStopping: {epoch: 1, metric: qmse, worstPercent: 50, atLeast: 2}
    seeds: 6
    """

  /// One worker takes equal trials in the sweep's order, so that the rule, applied to the stored snapshots one after
  /// the other, says which must have been stopped.
  @Test func theStoreHoldsWhatTheRuleSays() async throws {
    try await withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("stopping.yaml")
      try Data(Self.sweep.utf8).write(to: file)
      let path = folder.appendingPathComponent("stopping.store")
      let arguments = ["run", file.path, "--store", path.path, "--workers", "1"]
      let run = try await StrataProcess.run(arguments, in: folder)
      #expect(run.status == 0, "\(run.errors)")

      let store = try Store.reading(path.path)
      let rule = try #require(EarlyStopping(sweepFile: Self.sweep))
      var known: [Double] = []
      var stopped = 0
      try store.read { reader in
        for trial in try reader.trials(sweep: "stopping") {
          let snapshots = try reader.snapshots(trial: trial.id, distributions: false)
          let badness = rule.badness(of: try #require(snapshots.first { $0.epoch == 1 }))
          known.append(badness)
          let verdict = rule.verdict(badness, better: known.count { $0 < badness }, of: known.count)
          #expect(trial.state == (verdict == nil ? .completed : .stopped))
          #expect(trial.message == verdict)
          #expect(snapshots.map(\.epoch) == (verdict == nil ? [0, 1, 3] : [0, 1]))
          stopped += verdict == nil ? 0 : 1
        }
      }
      try store.close()
      #expect((1..<6).contains(stopped))
      #expect(run.output.contains("6 trials (\(6 - stopped) completed, \(stopped) stopped)"))

      let again = try await StrataProcess.run(arguments, in: folder)
      #expect(again.status == 0)
      #expect(again.output.contains("all 6 trials are in"))
    }
  }
}
