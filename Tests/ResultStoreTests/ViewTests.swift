import Foundation
import GRDB
import LayerAnalysis
import Networks
import Sweeps
import Testing

@testable import ResultStore

/// The published tables' views, against numbers computed by hand.
@Suite struct ViewTests {
  let directory = try! TemporaryDirectory()

  /// A snapshot that says only this of the network and its quantized draws (accuracy, QMSE).
  private func snapshot(epoch: Int, fp32: Double, draws: [(Double, Double)]) -> Snapshot {
    var snapshot = Snapshot()
    snapshot.epoch = epoch
    snapshot.testAccuracy = fp32
    for (draw, (accuracy, qmse)) in draws.enumerated() {
      var metrics = DrawMetrics()
      metrics.draw = draw
      metrics.quantizedAccuracy = accuracy
      metrics.qmse = qmse
      metrics.qce = 2 * qmse
      snapshot.draws.append(metrics)
    }
    return snapshot
  }

  /// Two seeds of DWS_Conv_With_BN_GlorotUni and one of a vanished RandUni_Large.
  private func store() throws -> Store {
    let dws = try (1...2).map { try Samples.trial(seed: $0, factorization: .depthwise) }
    let vanished = try Samples.trial(initialization: .uniform(bound: 1))
    let store = try Store.sample(directory.file("a.store"), trials: dws + [vanished])
    try store.write { batch throws in
      for (trial, fp32, draws) in [
        (dws[0], 0.8, [(0.7, 0.01), (0.72, 0.03)]), (dws[1], 0.75, [(0.75, 0.04), (0.78, 0.08)]),
      ] {
        try batch.saveSnapshot(
          trial: trial.id, attempt: 1, snapshot(epoch: 5, fp32: 0.4, draws: [(0.38, 0.002)]))
        try batch.saveSnapshot(trial: trial.id, attempt: 1, snapshot(epoch: 200, fp32: fp32, draws: draws))
        try batch.setOutcome(trial.id, .completed, weightsSHA256: trial.id, seconds: 1)
      }
      try batch.saveSnapshot(
        trial: vanished.id, attempt: 1, snapshot(epoch: 200, fp32: 0, draws: [(0.1, 0)]))
      try batch.setOutcome(vanished.id, .vanished, weightsSHA256: "v", seconds: 1)
    }
    return store
  }

  private func rows(_ store: Store, _ sql: String) throws -> [Row] {
    try store.withDatabase { try Row.fetchAll($0, sql: sql) }
  }

  private func number(_ row: Row, _ column: String) -> Double? { row[column] }
  private func text(_ row: Row, _ column: String) -> String? { row[column] }

  private func isClose(_ value: Double?, _ expected: Double) -> Bool {
    value.map { abs($0 - expected) <= 1e-12 * max(1, abs(expected)) } ?? false
  }

  @Test func table42() throws {
    let found = try rows(store(), "SELECT * FROM table_4_2")
    #expect(
      found.map { text($0, "network") } == [
        "DWS_Conv_With_BN_GlorotUni", "Regular_Conv_With_BN_RandUni_Large",
      ])
    let dws = found[0]
    #expect(isClose(number(dws, "fp32"), 77.5))
    #expect(isClose(number(dws, "quint8"), 73.75))
    #expect(isClose(number(dws, "qmse"), 0.04))
    #expect(isClose(number(dws, "qce"), 0.08))
    // Seed 1: 12.5 % and 10 %; seed 2: 0 % and 4 %, the second a gain: (4.11) takes its size. Means 11.25, 2.
    #expect(isClose(number(dws, "percent_decrease"), 6.625))
    let counts = ["seeds", "completed", "vanished"].map { number(dws, $0) }
    #expect(counts == [2, 2, 0])
    #expect(number(found[1], "percent_decrease") == nil)
    #expect(number(found[1], "vanished") == 1)
  }

  @Test func tables43And44() throws {
    let store = try store()
    let accuracy = try rows(store, "SELECT * FROM table_4_3")[0]
    #expect(text(accuracy, "epoch_5") == "40.00/38.00/5.00")
    #expect(text(accuracy, "epoch_200") == "77.50/73.75/6.63")
    #expect(text(accuracy, "epoch_50") == nil)
    let qmse = try rows(store, "SELECT * FROM table_4_4")[0]
    #expect(isClose(number(qmse, "epoch_5"), 0.002))
    #expect(isClose(number(qmse, "epoch_200"), 0.04))
  }

  @Test func signedDecreaseKeepsItsSign() throws {
    let found = try rows(
      store(), "SELECT * FROM draw_result WHERE epoch = 200 AND fp32_accuracy = 0.75")
    #expect(found.count == 2)
    #expect(isClose(number(found[1], "signed_decrease"), -4))
  }

  /// QMSE of seed 1: 0.01, 0.03 (mean 0.02, variance 2e-4); of seed 2: 0.04, 0.08 (mean 0.06, variance 8e-4).
  @Test func spreadSplitsBetweenSeedsAndDraws() throws {
    let spreads = try store().read { try $0.spreads() }
    let qmse = try #require(spreads.first { $0.metric == "qmse" && $0.epoch == 200 && $0.seeds == 2 })
    #expect(qmse.draws == 2)
    #expect(isClose(qmse.mean, 0.04))
    #expect(isClose(qmse.varianceOfSeedMeans, 8e-4))
    #expect(isClose(qmse.meanVarianceBetweenDraws, 5e-4))
    #expect(isClose(qmse.seedComponent, 8e-4 - 5e-4 / 2))
    let single = try #require(spreads.first { $0.metric == "qmse" && $0.epoch == 200 && $0.seeds == 1 })
    #expect(single.varianceOfSeedMeans == nil && single.meanVarianceBetweenDraws == nil)
    let early = try #require(spreads.first { $0.metric == "qmse" && $0.epoch == 5 })
    #expect(isClose(early.varianceOfSeedMeans, 0) && early.meanVarianceBetweenDraws == nil)
  }

  @Test func finalResultsAreOfTheLastSnapshot() throws {
    let results = try store().read { try $0.finalResults(sweep: "sample") }
    #expect(results.map(\.epoch) == [200, 200, 200])
    #expect(results.map(\.state) == [.completed, .completed, .vanished])
    #expect(results[0].draws == 2 && results[0].block == "depthwise" && results[0].batchNorm)
    #expect(isClose(results[0].metrics.qmse, 0.02))
    #expect(results[0].design == results[1].design && results[0].design != results[2].design)
    #expect(results[0].convolutionMACs == 33_415_168)
    let epochs = try store2Epochs()
    #expect(epochs == [5, 200])
  }

  private func store2Epochs() throws -> [Int] {
    try Store.reading(directory.file("a.store")).read {
      try $0.designEpochs().filter { $0.network.hasPrefix("DWS") }.map(\.epoch)
    }
  }

  @Test func foldChangeIsFMinusW() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("b.store"), trials: [trial])
    var snapshot = Samples.snapshot(epoch: 1, draws: 1, layers: 2, seed: 1)
    for (i, layer) in snapshot.layers.enumerated() {
      snapshot.layers[i].statistics.lower = -1
      snapshot.layers[i].statistics.upper = layer.kind == .foldedWeights ? 3.5 : 1
      snapshot.layers[i].statistics.averagePrecision = layer.kind == .foldedWeights ? 0.25 : 0.75
    }
    try store.write { try $0.saveSnapshot(trial: trial.id, attempt: 1, snapshot) }
    let changes = try store.read { try $0.foldChanges(trial: trial.id, epoch: 1) }
    #expect(changes.map(\.index) == [0, 1])
    #expect(changes[0].rangeW == 2 && changes[0].rangeF == 4.5)
    #expect(changes[0].precisionW == 0.75 && changes[0].precisionF == 0.25)
    let change = try rows(store, "SELECT range_change, precision_change FROM fold_change")[1]
    #expect(number(change, "range_change") == 2.5 && number(change, "precision_change") == -0.5)
  }

  @Test func theSchemaExplainsItself() throws {
    let schema =
      try rows(store(), "SELECT sql FROM sqlite_schema WHERE name = 'layer_statistics'")[0][0] as String
    #expect(schema.contains("little-endian uint32") && schema.contains("SQLite keeps NaN as NULL"))
  }
}
