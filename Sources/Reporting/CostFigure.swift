/// Metrics against convolution MACs: figures 5.4 and 5.5 of the thesis.
struct CostFigure: Sendable {
  var model: ReportModel

  /// nil where there are fewer than three costs to compare.
  func markup() -> Markup? {
    let points = model.configurations.compactMap { configuration -> Point? in
      guard let cost = configuration.cost, !configuration.results.isEmpty else { return nil }
      return Point(macs: Double(cost.convolutionMACs) / 1e6, configuration: configuration)
    }.sorted { ($0.macs, $0.configuration.label) < ($1.macs, $1.configuration.label) }
    let costs = Set(points.map(\.macs))
    guard costs.count >= 3 else { return nil }
    let charts = [
      chart(
        "Accuracy against cost", "test accuracy, %", points,
        [("fp32", \.fp32Accuracy), ("quint8", \.quantizedAccuracy)]),
      chart(
        "QMSE against cost", "mean squared difference of the softmax outputs", points, [("QMSE", \.qmse)]),
      chart("QCE against cost", "cross-entropy, nats", points, [("QCE", \.qce)]),
      chart(
        "Accuracy decrease against cost", "|fp32 − quint8| / fp32, %", points,
        [("decrease", \.percentDecrease)]),
    ]
    return PageParts.figure(
      id: "cost", heading: "Cost and robustness",
      explanation:
        "Every configuration at its convolution MACs: look for cheap ones (left) whose accuracy stays high and whose "
        + "quantization error stays low. Bars are one standard deviation over seeds and draws.",
      [
        .tag(
          "p", ["class": "key"],
          [
            .tag("span", ["style": "color:\(SeriesStyle.categorical(0).color)"], "● fp32"),
            .tag("span", ["style": "color:\(SeriesStyle.categorical(1).color)"], "■ quint8, and all errors"),
          ]), .tag("div", ["class": "charts"], charts),
      ])
  }

  private struct Point {
    var macs: Double
    var configuration: ReportConfiguration
  }

  private func chart(
    _ title: String, _ valueTitle: String, _ points: [Point],
    _ metrics: [(name: String, metric: (ReportConfiguration) -> Measure?)]
  ) -> Markup {
    let costs = points.map(\.macs)
    let isSingle = Set(costs).count == costs.count
    let series = metrics.map { name, metric in
      let measures = points.map { metric($0.configuration) }
      return LineChart.Series(
        name: name, style: styled(name),
        points: zip(points, measures).map { (x: $0.macs, y: $1?.mean) },
        deviations: measures.map { $0?.deviation }, drawsLine: isSingle)
    }
    var values: [Double] = []
    for one in series {
      for (point, deviation) in zip(one.points, one.deviations) {
        guard let mean = point.y else { continue }
        values += [mean - (deviation ?? 0), mean + (deviation ?? 0)]
      }
    }
    let isWide = (costs.max() ?? 1) > 4 * (costs.min() ?? 1)
    let horizontal = isWide ? Axis.tightLogarithmic(costs) : Axis.linear(costs)
    let marks = Dictionary(grouping: points, by: \.macs).map { macs, group in
      (x: macs, name: group.count == 1 ? group[0].configuration.label : "\(group.count) configurations")
    }.sorted { $0.x < $1.x }
    return LineChart(
      title: title, valueTitle: valueTitle,
      horizontal: .numbers(horizontal, title: "convolution MACs of one image, millions"),
      vertical: .linear(values), series: series, marks: marks
    ).svg()
  }

  private func styled(_ name: String) -> SeriesStyle {
    let style = SeriesStyle.categorical(name == "fp32" ? 0 : 1)
    return SeriesStyle(color: style.color, marker: style.marker, dash: nil, name: "metric")
  }
}
