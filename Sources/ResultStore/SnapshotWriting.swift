internal import GRDB
internal import LayerAnalysis
public import Sweeps

extension StoreBatch {
  /// Saves all that was measured after an epoch, in place of what the store has of that trial and epoch.
  public func saveSnapshot(trial: String, attempt: Int, _ snapshot: Snapshot) throws {
    if snapshots == nil { snapshots = try SnapshotWriter(db) }
    try snapshots!.save(snapshot, trial: trial, attempt: attempt)
  }
}

/// Writes the rows of snapshots, all by the same prepared statements.
struct SnapshotWriter {
  private let db: Database
  private var removal: StatementWriter
  private var snapshots: RowWriter
  private var draws: RowWriter
  private var layers: RowWriter
  private var errors: RowWriter

  init(_ db: Database) throws {
    self.db = db
    removal = try StatementWriter(db, "DELETE FROM snapshot WHERE trial = ? AND epoch = ?")
    snapshots = try RowWriter(db, Layouts.snapshot)
    draws = try RowWriter(db, Layouts.snapshotDraw)
    layers = try RowWriter(db, Layouts.snapshotLayer)
    errors = try RowWriter(db, Layouts.snapshotError)
  }

  mutating func save(_ snapshot: Snapshot, trial: String, attempt: Int) throws {
    try removal.add(trial)
    try removal.add(snapshot.epoch)
    try removal.run()
    try snapshots.add(trial)
    try snapshots.add(snapshot.epoch)
    try snapshots.add(attempt)
    try snapshots.add(snapshot.learningRate)
    try snapshots.add(snapshot.trainLoss)
    try snapshots.add(snapshot.trainAccuracy)
    try snapshots.add(snapshot.testLoss)
    try snapshots.add(snapshot.testAccuracy)
    try snapshots.add(snapshot.trainSeconds)
    try snapshots.add(snapshot.snapshotSeconds)
    try snapshots.insert()
    let number = db.lastInsertedRowID
    for draw in snapshot.draws { try save(draw, of: number) }
    // In place: a copy of a row costs more than binding it.
    try snapshot.layers.withUnsafeBufferPointer { layers in
      for index in layers.indices { try save(layers.baseAddress! + index, of: number) }
    }
    try snapshot.errors.withUnsafeBufferPointer { errors in
      for index in errors.indices { try save(errors.baseAddress! + index, of: number) }
    }
  }

  private mutating func save(_ draw: DrawMetrics, of snapshot: Int64) throws {
    try draws.add(SnapshotRows.number(snapshot: snapshot, draw: draw.draw))
    try draws.add(draw.quantizedAccuracy)
    try draws.add(draw.qmse)
    try draws.add(draw.qce)
    try draws.add(draw.qkl)
    try draws.add(draw.logitMSE)
    try draws.add(draw.changedPredictions)
    try draws.insert()
  }

  private mutating func save(_ layer: UnsafePointer<LayerStatistics>, of snapshot: Int64) throws {
    try layers.add(
      SnapshotRows.number(
        snapshot: snapshot, draw: layer.pointee.draw, kind: layer.pointee.kind.number,
        index: layer.pointee.index))
    try layers.add(layer.pointee.layer)
    try layers.add(layer.pointee.statistics.count)
    try layers.add(layer.pointee.statistics.minimum)
    try layers.add(layer.pointee.statistics.maximum)
    try layers.add(layer.pointee.statistics.mean)
    try layers.add(layer.pointee.statistics.standardDeviation)
    try layers.add(layer.pointee.statistics.lower)
    try layers.add(layer.pointee.statistics.upper)
    try layers.add(layer.pointee.statistics.averagePrecision)
    try layers.add(layer.pointee.statistics.sparsity)
    try layers.add(layer.pointee.statistics.kurtosis)
    try layers.add(layer.pointee.statistics.channelKurtosis)
    try layers.add(layer.pointee.statistics.klFromUniform)
    try layers.add(layer.pointee.statistics.sqnr)
    try layers.add(layer.pointee.statistics.histogram)
    try layers.add(layer.pointee.statistics.channelLower)
    try layers.add(layer.pointee.statistics.channelUpper)
    try layers.insert()
  }

  private mutating func save(_ error: UnsafePointer<LayerError>, of snapshot: Int64) throws {
    try errors.add(
      SnapshotRows.number(snapshot: snapshot, draw: error.pointee.draw, index: error.pointee.index))
    try errors.add(error.pointee.layer)
    try errors.add(error.pointee.mse)
    try errors.add(error.pointee.sqnr)
    try errors.add(error.pointee.weightsAloneQMSE)
    try errors.add(error.pointee.activationsAloneQMSE)
    try errors.insert()
  }
}

extension TensorKind {
  /// As `SnapshotRows` numbers them.
  fileprivate var number: Int {
    switch self {
    case .weights: 0
    case .foldedWeights: 1
    case .activations: 2
    case .gradients: 3
    }
  }
}
