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
  private var layers: NumberedRowWriter
  private var errors: NumberedRowWriter

  init(_ db: Database) throws {
    self.db = db
    removal = try StatementWriter(db, "DELETE FROM snapshot WHERE trial = ? AND epoch = ?")
    snapshots = try RowWriter(db, Layouts.snapshot)
    draws = try RowWriter(db, Layouts.snapshotDraw)
    layers = try NumberedRowWriter(db, Layouts.snapshotLayer)
    errors = try NumberedRowWriter(db, Layouts.snapshotError)
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
    try layers.insert(snapshot.layers, of: number)
    try errors.insert(snapshot.errors, of: number)
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
}

/// A row of a snapshot that has a number of its own.
private protocol SnapshotRow {
  /// Within the store.
  func number(of snapshot: Int64) -> Int
  /// Adds what follows the number.
  func add(to row: inout RowWriter) throws
}

extension LayerStatistics: SnapshotRow {
  fileprivate func number(of snapshot: Int64) -> Int {
    SnapshotRows.number(snapshot: snapshot, draw: draw, kind: kind.number, index: index)
  }

  fileprivate func add(to row: inout RowWriter) throws {
    try row.add(layer)
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
  }
}

extension LayerError: SnapshotRow {
  fileprivate func number(of snapshot: Int64) -> Int {
    SnapshotRows.number(snapshot: snapshot, draw: draw, index: index)
  }

  fileprivate func add(to row: inout RowWriter) throws {
    try row.add(layer)
    try row.add(mse)
    try row.add(sqnr)
    try row.add(weightsAloneQMSE)
    try row.add(activationsAloneQMSE)
  }
}

/// Inserts the rows of snapshots, several by each statement while there are so many.
private struct NumberedRowWriter {
  private static let block = 10

  private var blocks: RowWriter
  private var rest: RowWriter
  /// No row has a number beyond those of the newest snapshot, as a damaged store's may.
  private let isOrdered: Bool

  init(_ db: Database, _ layout: TableLayout) throws {
    blocks = try RowWriter(db, layout, rows: Self.block)
    rest = try RowWriter(db, layout)
    let newest = try Int64.fetchOne(db, sql: "SELECT max(id) FROM snapshot") ?? 0
    let last = try Int64.fetchOne(db, sql: "SELECT max(id) FROM \(layout.table)") ?? 0
    isOrdered = last < SnapshotRows.all(of: newest).upperBound
  }

  /// - Parameter snapshot: the newest, which has no rows in the table yet. In a damaged store it may have: they are in
  ///   the way then, and it is refused.
  mutating func insert<Row: SnapshotRow>(_ rows: [Row], of snapshot: Int64) throws {
    let whole = rows.count - rows.count % Self.block
    var last: Int?
    // In place: a copy of a row costs more than binding it.
    try rows.withUnsafeBufferPointer { rows in
      for place in rows.indices {
        let number = rows[place].number(of: snapshot)
        if place < whole {
          try Self.insert(rows.baseAddress! + place, number, after: last, &blocks)
        } else {
          try Self.insert(rows.baseAddress! + place, number, after: last, &rest)
        }
        if isOrdered { last = max(last ?? number, number) }
      }
    }
  }

  /// - Parameter last: the table's largest number, where it is known.
  @inline(__always)
  private static func insert(
    _ row: UnsafePointer<some SnapshotRow>, _ number: Int, after last: Int?, _ writer: inout RowWriter
  ) throws {
    // SQLite gives a row without a number the one after the largest, and need not search where it goes.
    if let last, number == last + 1 { try writer.addNull() } else { try writer.add(number) }
    try row.pointee.add(to: &writer)
    try writer.insert()
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
