/// Accuracy before and after quantization, and QMSE, one row for each configuration.
struct AccuracyFigure: Sendable {
  var model: ReportModel

  func markup() -> Markup? {
    let measured = model.configurations.filter { $0.fp32Accuracy != nil || $0.quantizedAccuracy != nil }
    guard !measured.isEmpty else { return nil }
    let accuracies = measured.flatMap { configuration in
      [
        configuration.fp32Accuracy?.mean,
        configuration.quantizedAccuracy.map { $0.mean - ($0.deviation ?? 0) },
        configuration.quantizedAccuracy.map { $0.mean + ($0.deviation ?? 0) },
        configuration.published?.quantizedAccuracy,
      ].compactMap { $0 }
    }
    let hasReference = measured.contains { $0.published?.quantizedAccuracy != nil }
    let accuracy = BarChart(
      title: "Test accuracy: fp32 ○ and quint8 ●", valueTitle: "accuracy, %",
      axis: .linear(accuracies, includesZero: accuracies.contains { $0 < 40 }),
      rows: model.configurations.map { configuration in
        BarChart.Row(
          name: configuration.label,
          mark: mark(configuration, configuration.fp32Accuracy ?? configuration.quantizedAccuracy) { _ in
            .span(
              from: configuration.fp32Accuracy?.mean, to: configuration.quantizedAccuracy?.mean,
              deviation: configuration.quantizedAccuracy?.deviation)
          },
          color: color(configuration), reference: configuration.published?.quantizedAccuracy)
      })
    let errors = model.configurations.flatMap { configuration in
      [configuration.qmse.map { $0.mean + ($0.deviation ?? 0) }, configuration.published?.qmse].compactMap {
        $0
      }
    }
    let qmse = BarChart(
      title: "QMSE", valueTitle: "mean squared difference of the softmax outputs",
      axis: .automatic(errors, decades: 4),
      rows: model.configurations.map { configuration in
        BarChart.Row(
          name: configuration.label,
          mark: mark(configuration, configuration.qmse) { .bar($0.mean, deviation: $0.deviation) },
          color: color(configuration), reference: configuration.published?.qmse)
      })
    return PageParts.figure(
      id: "accuracy", heading: "What quantization costs",
      explanation:
        "The longer the line between the two circles, the more accuracy is lost in 8 bits; QMSE sees the outputs "
        + "move even where the predicted class stays."
        + (hasReference ? " A thin upright tick is the published value." : ""),
      [statusLegend(), .tag("div", ["class": "charts"], [accuracy.svg(), qmse.svg()])])
  }

  private func mark(
    _ configuration: ReportConfiguration, _ measure: Measure?, _ measured: (Measure) -> BarChart.Mark
  ) -> BarChart.Mark {
    if let measure { return measured(measure) }
    return .note(configuration.statusCounts.map(\.status.rawValue).joined(separator: ", "))
  }

  private func color(_ configuration: ReportConfiguration) -> String {
    let statuses = configuration.statusCounts.map(\.status)
    return statuses.count == 1 ? statuses[0].color : "#4a5561"
  }

  private func statusLegend() -> Markup {
    let present = model.statusCounts.filter {
      [.completed, .diverged, .vanished, .stopped, .running].contains($0.status)
    }
    guard present.count > 1 else { return .many([]) }
    return .tag("p", ["class": "statuses"], present.map { PageParts.badge($0.status) })
  }
}

extension ReportStatus {
  var color: String {
    switch self {
    case .completed: "#0072b2"
    case .diverged: "#b23c00"
    case .vanished: "#7a4f9a"
    case .stopped: "#8a5a00"
    case .failed: "#1c2530"
    case .quarantined: "#7a1f3d"
    case .cancelled: "#8a6d00"
    case .running: "#007a59"
    case .pending: "#6b7682"
    }
  }
}
