internal import GRDB
internal import LayerAnalysis
public import Sweeps

extension StoreBatch {
  /// Saves all that was measured after an epoch, in place of what the store has of that trial and epoch.
  public func saveSnapshot(trial: String, attempt: Int, _ snapshot: Snapshot) throws {
    try removeSnapshot(trial: trial, epoch: snapshot.epoch)
    var row = try RowWriter(db, Layouts.snapshot)
    try row.add(trial)
    try row.add(snapshot.epoch)
    try row.add(attempt)
    try row.add(snapshot.learningRate)
    try row.add(snapshot.trainLoss)
    try row.add(snapshot.trainAccuracy)
    try row.add(snapshot.testLoss)
    try row.add(snapshot.testAccuracy)
    try row.add(snapshot.trainSeconds)
    try row.add(snapshot.snapshotSeconds)
    try row.insert()
    try save(snapshot.draws, trial: trial, epoch: snapshot.epoch)
    try save(snapshot.layers, trial: trial, epoch: snapshot.epoch)
    try save(snapshot.errors, trial: trial, epoch: snapshot.epoch)
  }

  private func removeSnapshot(trial: String, epoch: Int) throws {
    var removal = try StatementWriter(db, "DELETE FROM snapshot WHERE trial = ? AND epoch = ?")
    try removal.add(trial)
    try removal.add(epoch)
    try removal.run()
  }

  private func save(_ draws: [DrawMetrics], trial: String, epoch: Int) throws {
    var row = try RowWriter(db, Layouts.drawMetrics)
    try row.add(trial)
    try row.add(epoch)
    for draw in draws {
      try row.add(draw.draw)
      try row.add(draw.quantizedAccuracy)
      try row.add(draw.qmse)
      try row.add(draw.qce)
      try row.add(draw.qkl)
      try row.add(draw.logitMSE)
      try row.add(draw.changedPredictions)
      try row.insert(keeping: 2)
    }
  }

  private func save(_ layers: [LayerStatistics], trial: String, epoch: Int) throws {
    var row = try RowWriter(db, Layouts.layerStatistics)
    try row.add(trial)
    try row.add(epoch)
    for layer in layers {
      let statistics = layer.statistics
      try row.add(layer.draw)
      try row.add(layer.index)
      try row.add(layer.kind.rawValue)
      try row.add(layer.layer)
      try row.add(statistics.count)
      try row.add(statistics.minimum)
      try row.add(statistics.maximum)
      try row.add(statistics.mean)
      try row.add(statistics.standardDeviation)
      try row.add(statistics.lower)
      try row.add(statistics.upper)
      try row.add(statistics.averagePrecision)
      try row.add(statistics.sparsity)
      try row.add(statistics.kurtosis)
      try row.add(statistics.channelKurtosis)
      try row.add(statistics.klFromUniform)
      try row.add(statistics.sqnr)
      try row.add(statistics.histogram)
      try row.add(statistics.channelLower)
      try row.add(statistics.channelUpper)
      try row.insert(keeping: 2)
    }
  }

  private func save(_ errors: [LayerError], trial: String, epoch: Int) throws {
    var row = try RowWriter(db, Layouts.layerError)
    try row.add(trial)
    try row.add(epoch)
    for error in errors {
      try row.add(error.draw)
      try row.add(error.index)
      try row.add(error.layer)
      try row.add(error.mse)
      try row.add(error.sqnr)
      try row.add(error.weightsAloneQMSE)
      try row.add(error.activationsAloneQMSE)
      try row.insert(keeping: 2)
    }
  }
}
