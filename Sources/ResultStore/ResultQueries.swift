internal import GRDB
public import Sweeps

/// A trial at its last snapshot: the view `final_result`. Accuracies are fractions; what is over the calibration
/// samples is their mean, and nil where the trial has none.
public struct FinalResult: Hashable, Sendable {
  public var trial: String
  public var label: String
  public var network: String
  public var block: String
  public var factorization: String
  public var batchNorm: Bool
  public var initialization: String
  public var seed: Int
  public var dataset: String
  public var convolutionMACs: Int
  public var parameters: Int
  public var state: TrialState
  /// The configuration without its seed: equal for trials that differ by it alone.
  public var design: String
  public var epoch: Int
  public var trainLoss: Double?
  public var trainAccuracy: Double?
  /// nil where it is not a number.
  public var testLoss: Double?
  public var fp32Accuracy: Double?
  public var draws: Int
  public var metrics: QuantizedMetrics
}

/// SPEC F, as means over what the row they stand in stands for.
public struct QuantizedMetrics: Hashable, Sendable {
  public var quint8Accuracy: Double?
  /// |a_fp32 − a_quint8| / a_fp32 × 100 (4.11), and with its sign.
  public var percentDecrease: Double?
  public var signedDecrease: Double?
  public var qmse: Double?
  public var qce: Double?
  public var qkl: Double?
  public var logitMSE: Double?
  public var changedPredictions: Double?
}

/// A configuration at an epoch, over training seeds and calibration samples: the view `design_epoch`, which Tables
/// 4.3 and 4.4 are made from.
public struct DesignEpoch: Hashable, Sendable {
  public var design: String
  public var network: String
  public var epoch: Int
  public var seeds: Int
  public var fp32Accuracy: Double?
  public var metrics: QuantizedMetrics
}

/// Mean and spread of one metric (SPEC E4): the view `spread`. Variances are unbiased; nil where one value has none.
public struct Spread: Hashable, Sendable {
  public var design: String
  public var network: String
  public var epoch: Int
  /// A column of the view `metric`, such as `qmse`.
  public var metric: String
  public var seeds: Int
  /// Calibration samples per seed.
  public var draws: Double
  public var mean: Double?
  public var varianceOfSeedMeans: Double?
  public var meanVarianceBetweenDraws: Double?
  /// What of `varianceOfSeedMeans` the spread between draws does not explain.
  public var seedComponent: Double?
}

/// What folding BatchNorm into a layer's weights changes (SPEC D3): the view `fold_change`.
public struct FoldChange: Hashable, Sendable {
  public var index: Int
  public var layer: String
  public var rangeW: Double?
  public var rangeF: Double?
  public var precisionW: Double?
  public var precisionF: Double?
}

extension StoreReader {
  private static let metrics = [
    "quint8_accuracy", "percent_decrease", "signed_decrease", "qmse", "qce", "qkl", "logit_mse",
    "changed_predictions",
  ]
  private static let finalResult = TableLayout(
    "final_result",
    [
      "trial", "label", "network", "block", "factorization", "batch_norm", "initialization", "seed",
      "dataset",
      "convolution_macs", "parameters", "state", "design", "epoch", "train_loss", "train_accuracy",
      "test_loss",
      "fp32_accuracy", "draws",
    ] + metrics)
  private static let designEpoch = TableLayout(
    "design_epoch", ["design", "network", "epoch", "seeds", "fp32_accuracy"] + metrics)
  private static let spread = TableLayout(
    "spread",
    [
      "design", "network", "epoch", "metric", "seeds", "draws", "mean", "variance_of_seed_means",
      "mean_variance_between_draws", "seed_component",
    ])
  private static let foldChange = TableLayout(
    "fold_change", ["layer_index", "layer", "range_w", "range_f", "precision_w", "precision_f"])

  private func metrics(_ row: inout RowReader) -> QuantizedMetrics {
    QuantizedMetrics(
      quint8Accuracy: row.optionalNumber(), percentDecrease: row.optionalNumber(),
      signedDecrease: row.optionalNumber(), qmse: row.optionalNumber(), qce: row.optionalNumber(),
      qkl: row.optionalNumber(), logitMSE: row.optionalNumber(), changedPredictions: row.optionalNumber())
  }

  /// Every trial that has a snapshot, at its last one, by label and seed; or a sweep's, in its order
  /// and under its labels.
  public func finalResults(sweep: String? = nil) throws -> [FinalResult] {
    let layout = sweep == nil ? Self.finalResult : Self.finalResult.labelled(bySweep: "trial")
    let rest = sweep == nil ? "ORDER BY" : "WHERE sweep = ? ORDER BY position,"
    return try rows(layout, rest + " label, seed, trial", sweep.map { [$0] } ?? []) { row in
      FinalResult(
        trial: try row.text(), label: try row.text(), network: try row.text(), block: try row.text(),
        factorization: try row.text(), batchNorm: try row.integer() != 0, initialization: try row.text(),
        seed: try row.integer(), dataset: try row.text(), convolutionMACs: try row.integer(),
        parameters: try row.integer(), state: try row.word(TrialState.self), design: try row.text(),
        epoch: try row.integer(), trainLoss: row.optionalNumber(), trainAccuracy: row.optionalNumber(),
        testLoss: row.optionalNumber(), fp32Accuracy: row.optionalNumber(), draws: try row.integer(),
        metrics: metrics(&row))
    }
  }

  /// Every configuration at every epoch it has a snapshot of, by network and epoch.
  public func designEpochs() throws -> [DesignEpoch] {
    try rows(Self.designEpoch, "ORDER BY network, design, epoch") { row in
      DesignEpoch(
        design: try row.text(), network: try row.text(), epoch: try row.integer(), seeds: try row.integer(),
        fp32Accuracy: row.optionalNumber(), metrics: metrics(&row))
    }
  }

  /// By network, epoch and metric.
  public func spreads() throws -> [Spread] {
    try rows(Self.spread, "ORDER BY network, design, epoch, metric") { row in
      Spread(
        design: try row.text(), network: try row.text(), epoch: try row.integer(), metric: try row.text(),
        seeds: try row.integer(), draws: try row.number(), mean: row.optionalNumber(),
        varianceOfSeedMeans: row.optionalNumber(), meanVarianceBetweenDraws: row.optionalNumber(),
        seedComponent: row.optionalNumber())
    }
  }

  /// Ids of a sweep's trials, in its order.
  public func trialIDs(sweep: String) throws -> [String] {
    try String.fetchAll(
      db, sql: "SELECT trial FROM sweep_trial WHERE sweep = ? ORDER BY position", arguments: [sweep])
  }

  /// Test accuracies and QMSE of a sweep's trials that have a snapshot of the epoch, by trial; snapshots without
  /// layers and all else.
  public func evaluations(sweep: String, epoch: Int) throws -> [String: Snapshot] {
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT s.trial, s.test_accuracy, d.draw, d.quantized_accuracy, d.qmse
        FROM sweep_trial m JOIN snapshot s ON s.trial = m.trial AND s.epoch = ?
          LEFT JOIN draw_metrics d ON d.trial = s.trial AND d.epoch = s.epoch
        WHERE m.sweep = ? ORDER BY m.position, d.draw
        """, arguments: [epoch, sweep])
    var snapshots: [String: Snapshot] = [:]
    while let row = try rows.next() {
      let trial: String = row[0]
      var snapshot = snapshots[trial] ?? Snapshot()
      snapshot.epoch = epoch
      snapshot.testAccuracy = row[1] ?? .nan
      if let draw: Int = row[2] {
        var metrics = DrawMetrics()
        metrics.draw = draw
        metrics.quantizedAccuracy = row[3] ?? .nan
        metrics.qmse = row[4] ?? .nan
        snapshot.draws.append(metrics)
      }
      snapshots[trial] = snapshot
    }
    return snapshots
  }

  /// By layer.
  public func foldChanges(trial: String, epoch: Int) throws -> [FoldChange] {
    try rows(Self.foldChange, "WHERE trial = ? AND epoch = ? ORDER BY layer_index", [trial, epoch]) { row in
      FoldChange(
        index: try row.integer(), layer: try row.text(), rangeW: row.optionalNumber(),
        rangeF: row.optionalNumber(), precisionW: row.optionalNumber(), precisionF: row.optionalNumber())
    }
  }
}
