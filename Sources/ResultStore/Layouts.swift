/// The columns of every table that rows are written to.
enum Layouts {
  static let sweep = TableLayout("sweep", ["name", "description", "source", "created", "submitted"])
  static let trial = TableLayout(
    "trial",
    [
      "id", "label", "network", "block", "factorization", "batch_norm", "initialization", "seed", "dataset",
      "epochs", "convolution_macs", "parameters", "configuration", "state", "message", "weights_sha256",
      "seconds",
      "failures",
    ])
  static let sweepTrial = TableLayout("sweep_trial", ["sweep", "position", "trial", "label"])
  static let worker = TableLayout(
    "worker",
    [
      "id", "name", "host", "pid", "instruction_set", "threads", "version", "first_seen", "last_seen",
      "left_at", "acknowledged",
    ])
  static let attempt = TableLayout(
    "attempt",
    [
      "trial", "number", "worker", "host", "instruction_set", "threads", "started", "resumed_epoch",
      "resumed_step", "ended", "ending", "message", "detail", "seconds", "algorithms",
    ])
  static let quarantinedHost = TableLayout("quarantined_host", ["host", "since", "message"])
  static let checkpoint = TableLayout(
    "checkpoint", ["trial", "epoch", "step", "attempt", "size", "sha256", "file"])
  static let snapshot = TableLayout(
    "snapshot",
    [
      "trial", "epoch", "attempt", "learning_rate", "train_loss", "train_accuracy", "test_loss",
      "test_accuracy",
      "train_seconds", "snapshot_seconds",
    ], special: true)
  static let drawMetrics = TableLayout(
    "draw_metrics",
    [
      "trial", "epoch", "draw", "quantized_accuracy", "qmse", "qce", "qkl", "logit_mse",
      "changed_predictions",
    ], special: true)
  private static let statistics = [
    "trial", "epoch", "draw", "layer_index", "kind", "layer", "count", "minimum", "maximum", "mean",
    "standard_deviation", "lower", "upper", "average_precision", "sparsity", "kurtosis", "channel_kurtosis",
    "kl_from_uniform", "sqnr",
  ]
  static let layerStatistics = TableLayout(
    "layer_statistics", statistics + ["histogram", "channel_lower", "channel_upper"], special: true)
  /// Without histogram and channel bounds, for reading.
  static let layerStatisticsOnly = TableLayout("layer_statistics", statistics, special: true)
  static let layerError = TableLayout(
    "layer_error",
    [
      "trial", "epoch", "draw", "layer_index", "layer", "mse", "sqnr", "weights_alone_qmse",
      "activations_alone_qmse",
    ], special: true)
}
