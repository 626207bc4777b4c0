internal import GRDB
public import LayerAnalysis
public import Sweeps

extension StoreReader {
  /// Epochs the trial has a snapshot of, ascending.
  public func epochs(trial: String) throws -> [Int] {
    try Int.fetchAll(db, sql: "SELECT epoch FROM snapshot WHERE trial = ? ORDER BY epoch", arguments: [trial])
  }

  func snapshotKeys() throws -> [(trial: String, epoch: Int)] {
    try Row.fetchAll(db, sql: "SELECT trial, epoch FROM snapshot ORDER BY trial, epoch").map {
      ($0[0], $0[1])
    }
  }

  /// A trial's snapshots by epoch, bit for bit as they were saved (a NaN as some NaN).
  ///
  /// `distributions`: with histograms and channel bounds; without, those are empty, and reading is much faster.
  public func snapshots(trial: String, distributions: Bool = true) throws -> [Snapshot] {
    try epochs(trial: trial).compactMap {
      try snapshot(trial: trial, epoch: $0, distributions: distributions)
    }
  }

  public func snapshot(trial: String, epoch: Int, distributions: Bool = true) throws -> Snapshot? {
    let key: StatementArguments = [trial, epoch]
    let found = try rows(Layouts.snapshot, "WHERE trial = ? AND epoch = ?", key) { row in
      row.skip(1)
      var snapshot = Snapshot()
      snapshot.epoch = try row.integer()
      row.skip(1)
      snapshot.learningRate = try row.number()
      snapshot.trainLoss = row.optionalNumber()
      snapshot.trainAccuracy = row.optionalNumber()
      snapshot.testLoss = try row.number()
      snapshot.testAccuracy = try row.number()
      snapshot.trainSeconds = try row.number()
      snapshot.snapshotSeconds = try row.number()
      return snapshot
    }
    guard var snapshot = found.first else { return nil }
    snapshot.draws = try draws(key)
    snapshot.layers = try layers(trial: trial, epoch: epoch, distributions: distributions)
    snapshot.errors = try errors(key)
    return snapshot
  }

  private func draws(_ key: StatementArguments) throws -> [DrawMetrics] {
    try rows(Layouts.drawMetrics, "WHERE trial = ? AND epoch = ? ORDER BY draw", key) { row in
      row.skip(2)
      var draw = DrawMetrics()
      draw.draw = try row.integer()
      draw.quantizedAccuracy = try row.number()
      draw.qmse = try row.number()
      draw.qce = try row.number()
      draw.qkl = try row.number()
      draw.logitMSE = try row.number()
      draw.changedPredictions = try row.number()
      return draw
    }
  }

  /// A trial's statistics at an epoch by draw, layer and kind (in the order W, F, A, G); of one kind, or all.
  public func layers(
    trial: String, epoch: Int, kind: TensorKind? = nil, distributions: Bool = true
  ) throws -> [LayerStatistics] {
    let layout = distributions ? Layouts.layerStatistics : Layouts.layerStatisticsOnly
    var rest = "WHERE trial = ? AND epoch = ?"
    var arguments: StatementArguments = [trial, epoch]
    if let kind {
      rest += " AND kind = ?"
      arguments += [kind.rawValue]
    }
    rest += " ORDER BY draw, layer_index, instr('WFAG', kind)"
    return try rows(layout, rest, arguments) { row in
      row.skip(2)
      var layer = LayerStatistics()
      layer.draw = try row.integer()
      layer.index = try row.integer()
      layer.kind = try row.word(TensorKind.self)
      layer.layer = try row.text()
      layer.statistics = try Self.statistics(&row, distributions: distributions)
      return layer
    }
  }

  private static func statistics(_ row: inout RowReader, distributions: Bool) throws -> TensorStatistics {
    var statistics = TensorStatistics()
    statistics.count = try row.integer()
    statistics.minimum = try row.float()
    statistics.maximum = try row.float()
    statistics.mean = try row.number()
    statistics.standardDeviation = try row.number()
    statistics.lower = try row.float()
    statistics.upper = try row.float()
    statistics.averagePrecision = row.optionalNumber()
    statistics.sparsity = try row.number()
    statistics.kurtosis = row.optionalNumber()
    statistics.channelKurtosis = row.optionalNumber()
    statistics.klFromUniform = row.optionalNumber()
    statistics.sqnr = row.optionalNumber()
    if distributions {
      statistics.histogram = try row.integers()
      statistics.channelLower = try row.floats()
      statistics.channelUpper = try row.floats()
    }
    return statistics
  }

  private func errors(_ key: StatementArguments) throws -> [LayerError] {
    try rows(Layouts.layerError, "WHERE trial = ? AND epoch = ? ORDER BY draw, layer_index", key) { row in
      row.skip(2)
      var error = LayerError()
      error.draw = try row.integer()
      error.index = try row.integer()
      error.layer = try row.text()
      error.mse = try row.number()
      error.sqnr = row.optionalNumber()
      error.weightsAloneQMSE = row.optionalNumber()
      error.activationsAloneQMSE = row.optionalNumber()
      return error
    }
  }
}
