/// The columns of every table that rows are written to, and of the views that they are read from.
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
  private static let metrics = [
    "quantized_accuracy", "qmse", "qce", "qkl", "logit_mse", "changed_predictions",
  ]
  private static let statistics = [
    "layer", "count", "minimum", "maximum", "mean", "standard_deviation", "lower", "upper",
    "average_precision",
    "sparsity", "kurtosis", "channel_kurtosis", "kl_from_uniform", "sqnr",
  ]
  private static let distributions = ["histogram", "channel_lower", "channel_upper"]
  private static let errors = ["layer", "mse", "sqnr", "weights_alone_qmse", "activations_alone_qmse"]

  // Written as numbered rows …
  static let snapshotDraw = TableLayout("snapshot_draw", ["id"] + metrics, special: true)
  static let snapshotLayer = TableLayout("snapshot_layer", ["id"] + statistics + distributions, special: true)
  static let snapshotError = TableLayout("snapshot_error", ["id"] + errors, special: true)

  // … and read through their views.
  static let drawMetrics = TableLayout("draw_metrics", ["trial", "epoch", "draw"] + metrics, special: true)
  static let layerStatistics = TableLayout(
    "layer_statistics", place + statistics + distributions, special: true)
  /// Without histogram and channel bounds.
  static let layerStatisticsOnly = TableLayout("layer_statistics", place + statistics, special: true)
  private static let place = ["trial", "epoch", "draw", "layer_index", "kind"]
  static let layerError = TableLayout(
    "layer_error", ["trial", "epoch", "draw", "layer_index"] + errors, special: true)
}
