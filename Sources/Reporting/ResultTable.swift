import Sweeps

/// The results table once, for the page and for the terminal: one row for each configuration.
struct ResultTable: Sendable {
  struct Column: Sendable {
    var header: String
    /// What the header means, in one sentence.
    var explanation: String
    var isNumber = true
    var isPublished = false
    var cell: @Sendable (ReportConfiguration) -> Cell
  }

  struct Cell: Sendable {
    var text: String
    /// Its spread, ` ± 0.31`; empty where none is known.
    var spread = ""
    /// The spread's two parts in words; nil where there is none.
    var detail: String?
    /// What the cell is sorted by, where it holds a number.
    var value: Double?
  }

  var columns: [Column]

  /// All columns that hold something for at least one configuration.
  init(_ model: ReportModel) {
    columns = Self.all.filter { column in
      !column.isPublished || model.configurations.contains { column.cell($0).value != nil }
    }
  }

  private static let all: [Column] = [
    Column(header: "configuration", explanation: "Name in the sweep.", isNumber: false) {
      Cell(text: $0.label)
    },
    Column(header: "seeds", explanation: "Training seeds of the configuration.", isNumber: false) {
      Cell(text: ranges($0.trials.map(\.configuration.seed)))
    },
    Column(header: "outcome", explanation: "Where its trials stand.", isNumber: false) { configuration in
      let counts = configuration.statusCounts
      let words = counts.map { counts.count == 1 ? $0.status.rawValue : "\($0.count) \($0.status.rawValue)" }
      return Cell(text: words.joined(separator: ", "))
    },
    Column(header: "epochs", explanation: "Epochs trained when the results were taken.") {
      Cell(text: $0.epoch.map(String.init) ?? NumberText.missing, value: $0.epoch.map(Double.init))
    },
    measure("fp32 %", "Test accuracy of the trained network in floating point.", 2, \.fp32Accuracy),
    measure("quint8 %", "Test accuracy of the same network in 8-bit integers.", 2, \.quantizedAccuracy),
    measure(
      "decrease %", "|fp32 − quint8| / fp32: the part of the accuracy that quantization costs.", 2,
      \.percentDecrease),
    measure("QMSE", "Mean squared difference of the two networks' softmax outputs.", 4, \.qmse),
    measure(
      "QCE", "Cross-entropy of the integer network's outputs against the fp32 outputs, in nats.", 3, \.qce),
    measure("QKL", "QCE less the entropy of the fp32 outputs: 0 where both agree.", 3, \.qkl),
    Column(
      header: "conv MMACs", explanation: "Millions of multiply-accumulates of all convolutions for one image."
    ) {
      let macs = $0.cost.map { Double($0.convolutionMACs) / 1e6 }
      return Cell(text: NumberText.fixed(macs, digits: 1), value: macs)
    },
    Column(header: "M params", explanation: "Millions of trained parameters, dense layers included.") {
      let parameters = $0.cost.map { Double($0.parameters) / 1e6 }
      return Cell(text: NumberText.fixed(parameters, digits: 2), value: parameters)
    },
    published("fp32 %", 2, \.fp32Accuracy), published("quint8 %", 2, \.quantizedAccuracy),
    published("decrease %", 2, \.percentDecrease), published("QMSE", 3, \.qmse), published("QCE", 3, \.qce),
  ]

  private static func measure(
    _ header: String, _ explanation: String, _ digits: Int,
    _ metric: @escaping @Sendable (ReportConfiguration) -> Measure?
  ) -> Column {
    Column(header: header, explanation: explanation) {
      let measure = metric($0)
      var cell = Cell(text: text(measure?.mean, digits: digits), value: measure?.mean)
      guard let measure, let deviation = measure.deviation else { return cell }
      cell.spread = " ± \(text(deviation, digits: digits))"
      let parts = [("seeds", measure.seedDeviation), ("draws", measure.drawDeviation)]
      cell.detail = parts.compactMap { name, deviation in
        deviation.map { "\(name): ± \(text($0, digits: digits))" }
      }.joined(separator: ", ")
      return cell
    }
  }

  private static func published(
    _ header: String, _ digits: Int, _ value: @escaping @Sendable (PublishedResult) -> Double?
  ) -> Column {
    Column(header: header, explanation: "As printed in the thesis (200 epochs).", isPublished: true) {
      let value = $0.published.flatMap(value)
      return Cell(text: value == nil ? "" : NumberText.fixed(value, digits: digits), value: value)
    }
  }

  /// Numbers too large for `digits` decimals turn to powers of ten.
  static func text(_ value: Double?, digits: Int) -> String {
    guard let value, abs(value) >= 1e4 else { return NumberText.fixed(value, digits: digits) }
    return NumberText.significant(value)
  }

  /// `1–3, 7` for 1, 2, 3, 7.
  static func ranges(_ seeds: [Int]) -> String {
    var runs: [ClosedRange<Int>] = []
    for seed in Set(seeds).sorted() {
      if let last = runs.last, last.upperBound + 1 == seed {
        runs[runs.count - 1] = last.lowerBound...seed
      } else {
        runs.append(seed...seed)
      }
    }
    return runs.map { run in
      switch run.count {
      case 1: "\(run.lowerBound)"
      case 2: "\(run.lowerBound), \(run.upperBound)"
      default: "\(run.lowerBound)–\(run.upperBound)"
      }
    }.joined(separator: ", ")
  }
}
