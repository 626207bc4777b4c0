internal import GRDB

/// Snapshots by numbers, of schema version 4: thousands of them a second can be stored, because the rows of each are
/// appended where the last one's ended, under keys of a few bytes. Views show them as the tables of version 1 did.
enum SchemaSnapshots {
  /// Moves what a store of version 3 holds.
  static func addSnapshotNumbers(_ db: Database) throws {
    try SchemaSteps.dropViews(db)
    try db.execute(sql: "DROP TRIGGER IF EXISTS snapshot_removed")
    for table in old { try db.execute(sql: "ALTER TABLE \(table) RENAME TO old_\(table)") }
    try db.execute(sql: tables)
    try db.execute(sql: move)
    for table in old { try db.execute(sql: "DROP TABLE old_\(table)") }
    try db.execute(sql: SchemaViews.all)
    // How many trials are in each state is asked often, of many trials with long configurations.
    try db.execute(sql: "CREATE INDEX trial_by_state ON trial (state)")
  }

  private static let old = ["snapshot", "draw_metrics", "layer_statistics", "layer_error"]

  /// How rows of the tables are numbered: `SnapshotRows`.
  private static let move = """
    INSERT INTO snapshot (trial, epoch, attempt, learning_rate, train_loss, train_accuracy, test_loss,
        test_accuracy, train_seconds, snapshot_seconds, special)
      SELECT trial, epoch, attempt, learning_rate, train_loss, train_accuracy, test_loss,
        test_accuracy, train_seconds, snapshot_seconds, special
      FROM old_snapshot ORDER BY trial, epoch;
    INSERT INTO snapshot_draw
      SELECT (s.id << 36) + (o.draw << 19), o.quantized_accuracy, o.qmse, o.qce, o.qkl, o.logit_mse,
        o.changed_predictions, o.special
      FROM snapshot s CROSS JOIN old_draw_metrics o ON o.trial = s.trial AND o.epoch = s.epoch ORDER BY 1;
    INSERT INTO snapshot_layer
      SELECT (s.id << 36) + (o.draw << 19) + (instr('WFAG', o.kind) - 1 << 17) + o.layer_index, o.layer, o.count,
        o.minimum, o.maximum, o.mean, o.standard_deviation, o.lower, o.upper, o.average_precision, o.sparsity,
        o.kurtosis, o.channel_kurtosis, o.kl_from_uniform, o.sqnr, o.special, o.histogram, o.channel_lower,
        o.channel_upper
      FROM snapshot s CROSS JOIN old_layer_statistics o ON o.trial = s.trial AND o.epoch = s.epoch;
    INSERT INTO snapshot_error
      SELECT (s.id << 36) + (o.draw << 19) + o.layer_index, o.layer, o.mse, o.sqnr, o.weights_alone_qmse,
        o.activations_alone_qmse, o.special
      FROM snapshot s CROSS JOIN old_layer_error o ON o.trial = s.trial AND o.epoch = s.epoch;
    """

  private static let tables = """
    CREATE TABLE snapshot (
      -- All that was measured after one epoch (0: at initialization). Accuracies are fractions.
      id INTEGER PRIMARY KEY, -- in this file: another store has the same snapshot by another number
      trial TEXT NOT NULL REFERENCES trial,
      epoch INTEGER NOT NULL,
      attempt INTEGER NOT NULL, -- the attempt it came from
      learning_rate REAL,
      train_loss REAL, -- nats; NULL at initialization
      train_accuracy REAL,
      test_loss REAL,
      test_accuracy REAL,
      train_seconds REAL,
      snapshot_seconds REAL,
      special TEXT, -- as in layer_statistics
      UNIQUE (trial, epoch)
    ) STRICT;

    CREATE TABLE snapshot_draw (
      -- The rows of the view draw_metrics.
      id INTEGER PRIMARY KEY, -- snapshot.id * 2^36 + draw * 2^19
      quantized_accuracy REAL,
      qmse REAL,
      qce REAL,
      qkl REAL,
      logit_mse REAL,
      changed_predictions REAL,
      special TEXT
    ) STRICT;

    CREATE TABLE snapshot_layer (
      -- The rows of the view layer_statistics, which explains them.
      id INTEGER PRIMARY KEY, -- snapshot.id * 2^36 + draw * 2^19 + kind * 2^17 + layer_index; kind: 0 W, 1 F, 2 A, 3 G
      layer TEXT NOT NULL,
      count INTEGER NOT NULL,
      minimum REAL,
      maximum REAL,
      mean REAL,
      standard_deviation REAL,
      lower REAL,
      upper REAL,
      average_precision REAL,
      sparsity REAL,
      kurtosis REAL,
      channel_kurtosis REAL,
      kl_from_uniform REAL,
      sqnr REAL,
      special TEXT,
      histogram BLOB NOT NULL,
      channel_lower BLOB NOT NULL,
      channel_upper BLOB NOT NULL
    ) STRICT;

    CREATE TABLE snapshot_error (
      -- The rows of the view layer_error.
      id INTEGER PRIMARY KEY, -- snapshot.id * 2^36 + draw * 2^19 + layer_index
      layer TEXT NOT NULL,
      mse REAL,
      sqnr REAL,
      weights_alone_qmse REAL,
      activations_alone_qmse REAL,
      special TEXT
    ) STRICT;

    -- What belongs to a snapshot goes with it. A foreign key would look the snapshot up for each of its hundred rows.
    CREATE TRIGGER snapshot_removed AFTER DELETE ON snapshot BEGIN
      DELETE FROM snapshot_draw WHERE id >= old.id << 36 AND id < (old.id + 1) << 36;
      DELETE FROM snapshot_layer WHERE id >= old.id << 36 AND id < (old.id + 1) << 36;
      DELETE FROM snapshot_error WHERE id >= old.id << 36 AND id < (old.id + 1) << 36;
    END;
    """
}

/// The numbers of what belongs to a snapshot: rows of one snapshot lie together, in the order of the layers within that
/// of kinds (W, F, A, G) within that of draws, which is the order they are measured in.
enum SnapshotRows {
  private static let snapshotShift = 36
  private static let drawShift = 19
  private static let kindShift = 17
  /// Numbers of a snapshot's rows.
  static func all(of snapshot: Int64) -> Range<Int64> {
    snapshot << snapshotShift..<(snapshot + 1) << snapshotShift
  }

  /// - Parameters:
  ///   - kind: position in `WFAG`.
  ///   - index: position of the layer in the network.
  static func number(snapshot: Int64, draw: Int, kind: Int = 0, index: Int = 0) -> Int {
    precondition(
      snapshot >= 0 && snapshot < 1 << (63 - snapshotShift), "a store has 134 million snapshots at most")
    precondition(
      draw >= 0 && draw < 1 << (snapshotShift - drawShift) && index >= 0 && index < 1 << kindShift,
      "a snapshot has 131,072 draws and layers at most")
    return Int(snapshot) << snapshotShift | draw << drawShift | kind << kindShift | index
  }
}
