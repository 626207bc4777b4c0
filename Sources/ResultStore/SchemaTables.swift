/// The tables of schema version 1; `SchemaSteps` has what later versions change. Their comments are kept by SQLite: `.schema` shows them.
///
/// Numbers that SQLite's REAL cannot hold are kept in the row's `special` column: SQLite turns NaN into NULL and
/// −0 into 0. Infinities need no such care.
///
/// Trials and attempts lie in the order they came, not in that of their keys, which are as good as random: those under
/// way at a time then share pages, and a transaction writes few.
enum SchemaTables {
  static let words = """
    CREATE TABLE setting (
      -- What the program keeps about the store itself, such as the coordinator's port.
      key TEXT NOT NULL PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE dataset (
      name TEXT NOT NULL PRIMARY KEY,
      fingerprint TEXT NOT NULL -- of the content all results in this store are from
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE sweep (
      -- A named set of configurations.
      name TEXT NOT NULL PRIMARY KEY,
      description TEXT NOT NULL,
      source TEXT NOT NULL, -- the sweep file, YAML
      created TEXT NOT NULL -- all times are UTC, ISO 8601
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE trial (
      -- One configuration with one training seed.
      id TEXT NOT NULL PRIMARY KEY, -- SHA-256 of the configuration
      label TEXT NOT NULL, -- of the sweep that first brought it
      network TEXT NOT NULL, -- the network's name in the published tables
      block TEXT NOT NULL, -- regular, depthwise or groupwise
      factorization TEXT NOT NULL, -- none, depthwise, uniform 4, reversePyramid 2, explicit 1 2 4
      batch_norm INTEGER NOT NULL,
      initialization TEXT NOT NULL,
      seed INTEGER NOT NULL,
      dataset TEXT NOT NULL,
      epochs INTEGER NOT NULL,
      convolution_macs INTEGER NOT NULL, -- of one image, convolutions only
      parameters INTEGER NOT NULL, -- all that is trained
      configuration TEXT NOT NULL, -- canonical JSON
      -- the configuration without its seed: equal for trials that differ by their training seed alone
      design TEXT GENERATED ALWAYS AS (json_remove(configuration, '$.seed')) VIRTUAL,
      state TEXT NOT NULL CHECK (state IN
        ('pending', 'running', 'completed', 'diverged', 'vanished', 'failed')),
      message TEXT, -- why it failed
      weights_sha256 TEXT, -- of the final weights
      seconds REAL, -- wall time of the attempt that ended it
      failures INTEGER NOT NULL -- attempts that ended in an error since it was last put back
    ) STRICT;

    CREATE TABLE sweep_trial (
      sweep TEXT NOT NULL REFERENCES sweep,
      position INTEGER NOT NULL, -- order in the sweep, from 0
      trial TEXT NOT NULL REFERENCES trial,
      label TEXT NOT NULL, -- the sweep's own for the trial
      PRIMARY KEY (sweep, trial)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE worker (
      id TEXT NOT NULL PRIMARY KEY, -- fresh for every process
      name TEXT NOT NULL,
      host TEXT NOT NULL,
      pid INTEGER NOT NULL,
      instruction_set TEXT NOT NULL,
      threads INTEGER NOT NULL, -- it offers
      version TEXT NOT NULL,
      first_seen TEXT NOT NULL,
      last_seen TEXT NOT NULL,
      left_at TEXT, -- when it said goodbye
      acknowledged INTEGER NOT NULL -- its deliveries up to this number are in the store
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE attempt (
      -- One worker's go at a trial.
      trial TEXT NOT NULL REFERENCES trial,
      number INTEGER NOT NULL, -- from 1
      worker TEXT NOT NULL, -- worker.id
      host TEXT NOT NULL,
      instruction_set TEXT NOT NULL,
      threads INTEGER NOT NULL, -- that computed: the trial's
      started TEXT NOT NULL,
      resumed_epoch INTEGER, -- the checkpoint it went on from; NULL: from the beginning
      resumed_step INTEGER,
      ended TEXT,
      ending TEXT CHECK (ending IN
        ('result', 'failed', 'preempted', 'stopping', 'drained', 'lost')),
      message TEXT,
      seconds REAL,
      algorithms TEXT, -- JSON: the implementation that computed each layer
      PRIMARY KEY (trial, number)
    ) STRICT;

    CREATE TABLE checkpoint (
      -- Where a trial would go on from.
      trial TEXT NOT NULL PRIMARY KEY REFERENCES trial,
      epoch INTEGER NOT NULL, -- whole epochs done
      step INTEGER NOT NULL, -- steps done of the epoch under way
      attempt INTEGER NOT NULL, -- number of the attempt that made it
      size INTEGER NOT NULL, -- bytes
      sha256 TEXT NOT NULL,
      file TEXT NOT NULL -- name in the checkpoint directory
    ) STRICT, WITHOUT ROWID;
    """

  static let results = """
    CREATE TABLE snapshot (
      -- All that was measured after one epoch (0: at initialization). Accuracies are fractions.
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
      PRIMARY KEY (trial, epoch)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE draw_metrics (
      -- The quantized network under one calibration sample (draw); views add the percent decrease.
      trial TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      draw INTEGER NOT NULL,
      quantized_accuracy REAL,
      qmse REAL,
      qce REAL,
      qkl REAL,
      logit_mse REAL,
      changed_predictions REAL,
      special TEXT, -- as in layer_statistics
      PRIMARY KEY (trial, epoch, draw)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE layer_statistics (
      -- One tensor of one layer. kind: W weights, F weights with BatchNorm folded in, A activations, G gradients;
      -- W and F do not depend on the calibration sample: their draw is 0.
      trial TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      draw INTEGER NOT NULL,
      layer_index INTEGER NOT NULL,
      kind TEXT NOT NULL,
      layer TEXT NOT NULL,
      count INTEGER NOT NULL,
      minimum REAL, -- of all values
      maximum REAL,
      mean REAL,
      standard_deviation REAL,
      lower REAL, -- what range and precision are taken between: the extremes; the 1st and 99th percentile for A
      upper REAL,
      range REAL GENERATED ALWAYS AS (upper - lower) VIRTUAL,
      average_precision REAL, -- NULL where the range is 0
      sparsity REAL,
      kurtosis REAL, -- excess
      channel_kurtosis REAL, -- mean over channels
      kl_from_uniform REAL, -- nats
      sqnr REAL, -- dB
      -- numbers REAL cannot hold, such as 'mean=NaN minimum=-0': SQLite keeps NaN as NULL and -0 as 0
      special TEXT,
      histogram BLOB NOT NULL, -- little-endian uint32: 256 equal bins over minimum ... maximum
      channel_lower BLOB NOT NULL, -- little-endian float32, one per output channel
      channel_upper BLOB NOT NULL,
      PRIMARY KEY (trial, epoch, draw, layer_index, kind)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE layer_error (
      -- A layer's output in the quantized network against fp32.
      trial TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      draw INTEGER NOT NULL,
      layer_index INTEGER NOT NULL,
      layer TEXT NOT NULL,
      mse REAL,
      sqnr REAL, -- dB
      weights_alone_qmse REAL, -- of the network's output, with only this layer's weights quantized
      activations_alone_qmse REAL,
      special TEXT, -- as in layer_statistics
      PRIMARY KEY (trial, epoch, draw, layer_index)
    ) STRICT, WITHOUT ROWID;

    -- What belongs to a snapshot goes with it. A foreign key would look the snapshot up for each of its hundred rows.
    CREATE TRIGGER snapshot_removed AFTER DELETE ON snapshot BEGIN
      DELETE FROM draw_metrics WHERE trial = old.trial AND epoch = old.epoch;
      DELETE FROM layer_statistics WHERE trial = old.trial AND epoch = old.epoch;
      DELETE FROM layer_error WHERE trial = old.trial AND epoch = old.epoch;
    END;
    """
}
