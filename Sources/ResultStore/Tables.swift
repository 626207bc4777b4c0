/// The tables, three of them views of numbered rows, and what of them is content: what equal trials must agree in, whoever computed them and when.
struct StoreTable: Sendable {
  var name: String
  /// The columns a row is known by, in order.
  var key: [String]
  /// What may differ between equal results.
  var incidental: [String] = []
  /// Tells who did what when, not what came out.
  var isBookkeeping = false
  /// Columns that are worked out from others.
  var derived: [String] = []
  /// The table whose rows it shows, numbered as `SnapshotRows` has it; it is a view then.
  var rows: String?

  /// In an order in which rows can be inserted.
  static let all = [
    StoreTable(name: "setting", key: ["key"], isBookkeeping: true),
    StoreTable(name: "dataset", key: ["name"]),
    StoreTable(name: "sweep", key: ["name"], incidental: ["created", "submitted"]),
    StoreTable(name: "trial", key: ["id"], incidental: ["seconds", "failures"]),
    StoreTable(name: "sweep_trial", key: ["sweep", "trial"]),
    StoreTable(name: "worker", key: ["id"], isBookkeeping: true),
    StoreTable(name: "quarantined_host", key: ["host"], isBookkeeping: true),
    StoreTable(name: "attempt", key: ["trial", "number"], isBookkeeping: true),
    StoreTable(name: "checkpoint", key: ["trial"], isBookkeeping: true),
    StoreTable(
      name: "snapshot", key: ["trial", "epoch"],
      incidental: ["id", "attempt", "train_seconds", "snapshot_seconds"]),
    StoreTable(name: "draw_metrics", key: ["trial", "epoch", "draw"], rows: "snapshot_draw"),
    StoreTable(
      name: "layer_statistics", key: ["trial", "epoch", "draw", "layer_index", "kind"], derived: ["range"],
      rows: "snapshot_layer"),
    StoreTable(name: "layer_error", key: ["trial", "epoch", "draw", "layer_index"], rows: "snapshot_error"),
  ]

  /// What a snapshot is made of.
  static let results = all.filter { $0.key.starts(with: ["trial", "epoch"]) }

  static func named(_ name: String) -> StoreTable { all.first { $0.name == name }! }
}
