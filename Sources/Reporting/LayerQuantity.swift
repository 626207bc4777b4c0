import LayerAnalysis
import Sweeps

/// A number that every layer has, read from a trial's snapshots.
struct LayerQuantity: Sendable {
  enum Scale: Sendable { case linear, automatic, logarithmic }
  struct Entry: Sendable {
    var index: Int
    var layer: String
    var value: Double?
  }

  /// The quantity in a word or two.
  var name: String
  /// What the value axis says of it: its definition or unit.
  var title: String
  var scale: Scale
  /// All entries of one trial, any number for each layer (one a draw); initial is the snapshot at epoch 0.
  var entries: @Sendable (_ initial: Snapshot?, _ result: Snapshot) -> [Entry]

  /// The mean over seeds and draws for each layer, in order of layers; nil where nothing finite was measured.
  func values(_ configuration: ReportConfiguration) -> [Entry] {
    means(zip(configuration.initials, configuration.results).flatMap { entries($0, $1) })
  }

  func means(_ entries: [Entry]) -> [Entry] {
    var layers: [String: (index: Int, values: [Double])] = [:]
    for entry in entries {
      let finite = entry.value.flatMap { $0.isFinite ? $0 : nil }
      layers[entry.layer, default: (entry.index, [])].values += finite.map { [$0] } ?? []
    }
    return layers.map { name, layer in
      let mean = layer.values.isEmpty ? nil : layer.values.reduce(0, +) / Double(layer.values.count)
      return Entry(index: layer.index, layer: name, value: mean)
    }.sorted { ($0.index, $0.layer) < ($1.index, $1.layer) }
  }

  func axis(_ values: [Double]) -> Axis {
    switch scale {
    case .linear: .linear(values)
    case .automatic: .automatic(values)
    case .logarithmic: .logarithmic(values)
    }
  }
}

extension LayerQuantity {
  static func range(_ kind: TensorKind) -> LayerQuantity {
    let title = kind == .activations ? "99th − 1st percentile" : "maximum − minimum"
    return statistic("Range", title, .automatic, kind) { $0.range }
  }

  static func precision(_ kind: TensorKind) -> LayerQuantity {
    statistic(
      "Average precision", "channel range / tensor range, mean over channels", .linear, kind,
      \.averagePrecision)
  }

  static func sqnr(_ kind: TensorKind) -> LayerQuantity {
    statistic("SQNR of the \(kind.word)", "dB, higher is better", .linear, kind, \.sqnr)
  }

  static func statistic(
    _ name: String, _ title: String, _ scale: Scale, _ kind: TensorKind,
    _ value: @escaping @Sendable (TensorStatistics) -> Double?
  ) -> LayerQuantity {
    LayerQuantity(name: name, title: title, scale: scale) { _, result in
      result.layers.filter { $0.kind == kind }.map {
        Entry(index: $0.index, layer: $0.layer, value: value($0.statistics))
      }
    }
  }

  static func error(
    _ name: String, _ title: String, _ scale: Scale, _ value: @escaping @Sendable (LayerError) -> Double?
  ) -> LayerQuantity {
    LayerQuantity(name: name, title: title, scale: scale) { _, result in
      result.errors.map { Entry(index: $0.index, layer: $0.layer, value: value($0)) }
    }
  }

  /// `combine(initial, result)` of a statistic averaged over draws; nothing where either snapshot lacks it.
  static func change(
    _ name: String, _ title: String, _ scale: Scale, of quantity: LayerQuantity,
    _ combine: @escaping @Sendable (Double, Double) -> Double?
  ) -> LayerQuantity {
    LayerQuantity(name: name, title: title, scale: scale) { initial, result in
      guard let initial, initial.epoch != result.epoch else { return [] }
      let before = Dictionary(
        quantity.means(quantity.entries(nil, initial)).map { ($0.layer, $0.value) },
        uniquingKeysWith: { a, _ in a })
      return quantity.means(quantity.entries(nil, result)).map { entry in
        guard let old = before[entry.layer] ?? nil, let new = entry.value else {
          return Entry(index: entry.index, layer: entry.layer, value: nil)
        }
        return Entry(index: entry.index, layer: entry.layer, value: combine(old, new))
      }
    }
  }
}

extension TensorKind {
  var word: String {
    switch self {
    case .weights: "weights"
    case .foldedWeights: "folded weights"
    case .activations: "activations"
    case .gradients: "gradients"
    }
  }
}
