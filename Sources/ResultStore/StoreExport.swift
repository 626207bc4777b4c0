internal import Foundation
internal import GRDB
internal import LayerAnalysis
internal import Sweeps

/// Writes a store's tables and views as CSV files, for programs that do not read SQLite.
public enum StoreExport {
  /// Makes `directory` with one file per table and view, rows in the order of their keys. A histogram is one field of
  /// numbers with blanks between; channel ranges are in `layer_channels.csv`, one row per channel. A NaN is `nan`.
  ///
  /// The directory appears whole or not at all. Throws `StoreError` if it exists and is not empty, or cannot be
  /// written.
  public static func csv(_ store: Store, directory: String) throws {
    let present = try? FileManager.default.contentsOfDirectory(atPath: directory)
    if present.map({ !$0.isEmpty }) ?? FileManager.default.fileExists(atPath: directory) {
      throw StoreError.exists(path: directory)
    }
    let target = URL(fileURLWithPath: directory).path
    let temporary = "\(target).exporting-\(getpid())"
    try? FileManager.default.removeItem(atPath: temporary)
    guard mkdir(temporary, 0o777) == 0 else {
      throw StoreError.unwritable(path: directory, reason: systemReason(errno))
    }
    defer { try? FileManager.default.removeItem(atPath: temporary) }
    try store.read { reader in
      for table in StoreTable.all {
        if table.name == Layouts.layerStatistics.table {
          try layerStatistics(reader, temporary)
        } else {
          try rows(
            reader.db, from: table.name, order: table.key.joined(separator: ", "),
            to: "\(temporary)/\(table.name).csv")
        }
      }
      let views = try String.fetchAll(reader.db, sql: "SELECT name FROM sqlite_schema WHERE type = 'view'")
      for view in views where !StoreTable.all.contains(where: { $0.name == view }) {
        let columns = try reader.db.columns(in: view).map(\.name)
        try rows(
          reader.db, from: view, order: columns.indices.map { "\($0 + 1)" }.joined(separator: ", "),
          to: "\(temporary)/\(view).csv")
      }
    }
    guard rename(temporary, target) == 0 else {
      throw StoreError.unwritable(path: directory, reason: systemReason(errno))
    }
    StoreFile.synchronizeDirectory(of: target)
  }

  private static func rows(_ db: Database, from source: String, order: String, to path: String) throws {
    let rows = try Row.fetchCursor(db, sql: "SELECT * FROM \(source) ORDER BY \(order)")
    var file = try CSVFile(path)
    let columns = try db.columns(in: source).map(\.name)
    let special = columns.firstIndex(of: "special")
    try file.write(columns.filter { $0 != "special" })
    while let row = try rows.next() {
      var fields = row.map { CSVFile.field($1) }
      if let special {
        restore(&fields, columns, row[special])
        fields.remove(at: special)
      }
      try file.write(fields)
    }
    try file.finish()
  }

  /// Puts the numbers that REAL cannot hold back into their columns.
  private static func restore(_ fields: inout [String], _ columns: [String], _ special: String?) {
    for note in (special ?? "").split(separator: " ") {
      let parts = note.split(separator: "=")
      guard parts.count == 2, let column = columns.firstIndex(of: String(parts[0])) else { continue }
      fields[column] = parts[1] == "NaN" ? "nan" : "-0.0"
    }
  }

  private static let statisticsColumns = [
    "trial", "epoch", "draw", "layer_index", "kind", "layer", "count", "minimum", "maximum", "mean",
    "standard_deviation", "lower", "upper", "range", "average_precision", "sparsity", "kurtosis",
    "channel_kurtosis", "kl_from_uniform", "sqnr", "histogram",
  ]

  private static func layerStatistics(_ reader: StoreReader, _ directory: String) throws {
    var statistics = try CSVFile("\(directory)/layer_statistics.csv")
    var channels = try CSVFile("\(directory)/layer_channels.csv")
    try statistics.write(statisticsColumns)
    try channels.write([
      "trial", "epoch", "draw", "layer_index", "kind", "layer", "channel", "lower", "upper",
    ])
    for key in try reader.snapshotKeys() {
      for layer in try reader.layers(trial: key.trial, epoch: key.epoch) {
        let values = layer.statistics
        let name = [
          key.trial, "\(key.epoch)", "\(layer.draw)", "\(layer.index)", layer.kind.rawValue,
          CSVFile.field(layer.layer),
        ]
        var fields = name + ["\(values.count)"]
        fields += [
          Double(values.minimum), Double(values.maximum), values.mean, values.standardDeviation,
          Double(values.lower), Double(values.upper), values.range,
        ].map { "\($0)" }
        fields += [
          values.averagePrecision, values.sparsity, values.kurtosis, values.channelKurtosis,
          values.klFromUniform,
          values.sqnr,
        ].map { $0.map { "\($0)" } ?? "" }
        fields.append(CSVFile.field(values.histogram.map { "\($0)" }.joined(separator: " ")))
        try statistics.write(fields)
        let prefix = name.joined(separator: ",")
        for (channel, (lower, upper)) in zip(values.channelLower, values.channelUpper).enumerated() {
          try channels.write([prefix, "\(channel)", "\(lower)", "\(upper)"])
        }
      }
    }
    try statistics.finish()
    try channels.finish()
  }
}
