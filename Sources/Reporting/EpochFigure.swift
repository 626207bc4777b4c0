import LayerAnalysis
import Sweeps

/// What happens while a network trains: Tables 4.3 and 4.4 as curves, and figures 4.6–4.8.
struct EpochFigure: Sendable {
  var plan: SeriesPlan
  /// Later snapshots are left out; nil: none.
  var lastEpoch: Int?

  /// Metrics against the epoch, configurations as series; nil where no trial has three snapshots.
  func metrics() -> Markup? {
    guard hasEvolution else { return nil }
    let metrics: [(name: String, unit: String, of: (Snapshot) -> [Double])] = [
      ("fp32 accuracy", "test accuracy, %", { [$0.testAccuracy * 100] }),
      ("quint8 accuracy", "test accuracy, %", { $0.draws.map { $0.quantizedAccuracy * 100 } }),
      (
        "Accuracy decrease", "|fp32 − quint8| / fp32, %",
        { snapshot in
          snapshot.draws.map {
            abs(snapshot.testAccuracy - $0.quantizedAccuracy) / snapshot.testAccuracy * 100
          }
        }
      ), ("QMSE", "mean squared difference of the softmax outputs", { $0.draws.map(\.qmse) }),
    ]
    let curves = metrics.map { metric in
      plan.panels.map { panel in panel.members.map { curve($0.configuration, metric.of) } }
    }
    var charts: [Markup] = []
    for (p, panel) in plan.panels.enumerated() {
      for (m, metric) in metrics.enumerated() {
        charts.append(
          LineChart(
            title: panel.title.map { "\($0): \(metric.name.lowercasedFirst)" } ?? metric.name,
            valueTitle: metric.unit, horizontal: epochAxis(curves[m].joined()),
            vertical: .linear(curves[m].joined().joined().compactMap(\.y)),
            series: zip(panel.members, curves[m][p]).map {
              LineChart.Series(name: $0.described, style: $0.style, points: $1)
            }
          ).svg())
      }
    }
    return PageParts.figure(
      id: "training", heading: "Accuracy and quantization error against the epoch",
      explanation:
        "fp32 accuracy settles while the quantized one may still jump about: configurations whose error is already "
        + "the worst halfway seldom recover.",
      [PageParts.legend(plan.legend), .tag("div", ["class": "charts"], charts)])
  }

  /// Range and average precision against the epoch, layers as series, one fold for each configuration.
  func layers() -> Markup? {
    guard hasEvolution else { return nil }
    let members = plan.panels.flatMap(\.members).map(\.configuration)
    let folds = members.filter { epochs($0).count >= 3 }.map { configuration in
      fold(configuration, isOpen: members.count == 1)
    }
    return PageParts.figure(
      id: "layer-training", heading: "Range and average precision against the epoch",
      explanation:
        "One line for each layer, dark for the first and bright for the last: lines that go on rising or falling "
        + "show where training still changes what must be quantized, most of all after the learning rate drops.",
      folds)
  }

  private var hasEvolution: Bool {
    plan.panels.contains { $0.members.contains { epochs($0.configuration).count >= 3 } }
  }

  private func fold(_ configuration: ReportConfiguration, isOpen: Bool) -> Markup {
    let kinds: [TensorKind] = [.weights, .foldedWeights, .activations]
    let quantities = kinds.flatMap { [($0, LayerQuantity.range($0)), ($0, LayerQuantity.precision($0))] }
    let epochs = epochs(configuration)
    var legend: [(name: String, style: SeriesStyle)] = []
    let charts = quantities.map { kind, quantity -> Markup in
      let columns = epochs.map { epoch in
        quantity.means(snapshots(configuration, at: epoch).flatMap { quantity.entries(nil, $0) })
      }
      let names = columns.last?.map(\.layer) ?? []
      let series = names.enumerated().map { i, name in
        LineChart.Series(
          name: name, style: .ordered(i, of: names.count),
          points: zip(epochs, columns).map { epoch, column in
            (x: Double(epoch), y: column.first { $0.layer == name }?.value)
          })
      }
      if series.count > legend.count { legend = series.map { ($0.name, $0.style) } }
      return LineChart(
        title:
          "\(kind.word.prefix(1).uppercased())\(kind.word.dropFirst()): \(quantity.name.lowercasedFirst)",
        valueTitle: quantity.title,
        horizontal: epochAxis(series.map(\.points)),
        vertical: quantity.axis(series.flatMap(\.points).compactMap(\.y)), series: series
      ).svg()
    }
    return .tag(
      "details", ["open": isOpen ? "open" : nil],
      [
        .tag("summary", [:], configuration.label), PageParts.legend(legend),
        .tag("div", ["class": "charts"], charts),
      ])
  }

  private func curve(_ configuration: ReportConfiguration, _ metric: (Snapshot) -> [Double])
    -> [(x: Double, y: Double?)]
  {
    epochs(configuration).map { epoch in
      (x: Double(epoch), y: Measure(snapshots(configuration, at: epoch).map(metric))?.mean)
    }
  }

  private func snapshots(_ configuration: ReportConfiguration, at epoch: Int) -> [Snapshot] {
    configuration.trials.flatMap { $0.snapshots.filter { $0.epoch == epoch } }
  }

  private func epochs(_ configuration: ReportConfiguration) -> [Int] {
    Set(configuration.trials.flatMap { $0.snapshots.map(\.epoch) }).filter { $0 <= lastEpoch ?? .max }
      .sorted()
  }

  private func epochAxis(_ curves: some Sequence<[(x: Double, y: Double?)]>) -> LineChart.Horizontal {
    .numbers(.linear(curves.flatMap { $0.map(\.x) }, includesZero: true), title: "epoch")
  }
}
