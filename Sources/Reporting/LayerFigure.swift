import LayerAnalysis
import Sweeps

/// One or two layer quantities side by side, a row of charts for each panel of the plan.
struct LayerFigure: Sendable {
  /// The page's anchor.
  var id: String
  var heading: String
  /// For a newcomer: what is shown and what to look for.
  var explanation: String
  var quantities: [LayerQuantity]

  /// nil where no trial has measured any of the quantities.
  func markup(_ plan: SeriesPlan) -> Markup? {
    let measured = quantities.map { quantity in
      (quantity, plan.panels.map { panel in panel.members.map { quantity.values($0.configuration) } })
    }
    guard measured.contains(where: { $0.1.joined().joined().contains { $0.value != nil } }) else {
      return nil
    }
    var charts: [Markup] = []
    for (p, panel) in plan.panels.enumerated() {
      for (quantity, values) in measured {
        let everywhere = values.joined().joined().compactMap(\.value)
        charts.append(chart(panel, quantity, values[p], shared: quantity.axis(everywhere)))
      }
    }
    return PageParts.figure(
      id: id, heading: heading, explanation: explanation,
      [PageParts.legend(plan.legend), .tag("div", ["class": "charts"], charts)])
  }

  private func chart(
    _ panel: SeriesPlan.Panel, _ quantity: LayerQuantity, _ values: [[LayerQuantity.Entry]], shared: Axis
  ) -> Markup {
    let measured = values.joined().compactMap(\.value)
    let keepsShared = measured.isEmpty || shared.spread(measured) >= 0.35
    let layers = LayerAxis(values.map { $0.map(\.layer) })
    let series = zip(panel.members, values).map { member, entries in
      LineChart.Series(
        name: member.described, style: member.style,
        points: entries.compactMap { entry in
          layers.place(of: entry.layer).map { (x: Double($0), y: entry.value) }
        })
    }
    return LineChart(
      title: panel.title.map { "\($0): \(quantity.name.lowercasedFirst)" } ?? quantity.name,
      valueTitle: quantity.title + (keepsShared ? "" : " (scale of its own)"),
      horizontal: .categories(layers.names), vertical: keepsShared ? shared : quantity.axis(measured),
      series: series
    ).svg()
  }
}

extension LayerFigure {
  /// Figures 4.2–4.5, 5.6–5.8 and 5.13–5.15 of the thesis.
  static let distributions = [
    LayerFigure(
      id: "weights", heading: "Weights",
      explanation:
        "How wide each layer's weights spread, and how much of that width its output channels use on average. "
        + "One scale serves the whole tensor, so a wide range with a low average precision leaves most channels "
        + "few of the 256 levels.",
      quantities: [.range(.weights), .precision(.weights)]),
    LayerFigure(
      id: "folded-weights", heading: "Weights with BatchNorm folded in",
      explanation:
        "The weights that are really quantized: BatchNorm's scale is multiplied in channel by channel. Compare with "
        + "the plot above: a layer whose range jumps or whose precision falls has lost levels to folding.",
      quantities: [.range(.foldedWeights), .precision(.foldedWeights)]),
    LayerFigure(
      id: "activations", heading: "Activations",
      explanation:
        "Each layer's output after ReLU, between its 1st and 99th percentile. Ranges that shrink towards the right "
        + "are vanishing activations, ranges that grow by powers of ten are exploding ones; on a logarithmic axis a "
        + "range of exactly 0 stands in its own lane at the bottom.",
      quantities: [.range(.activations), .precision(.activations)]),
  ]

  static let errors = [
    LayerFigure(
      id: "layer-errors", heading: "Error of each layer's output",
      explanation:
        "Signal against quantization error where the integer network runs beside the fp32 one: the error is handed "
        + "down from layer to layer, so look for the layer at which the line falls steeply.",
      quantities: [
        .error("SQNR", "of the layer's output, dB, higher is better", .linear, \.sqnr),
        .error("Mean squared error", "of the layer's output, squared units of the activations", .automatic) {
          $0.mse
        },
      ]),
    LayerFigure(
      id: "lone-contributions", heading: "What each quantizer costs alone",
      explanation:
        "Error of the network's output when only this layer's weights (left), or only its activations (right), are "
        + "quantized and all else stays fp32: the highest points are the layers worth more bits.",
      quantities: [
        .error(
          "Weights alone", "QMSE of the network, only this layer's weights quantized", .automatic,
          \.weightsAloneQMSE),
        .error(
          "Activations alone", "QMSE of the network, only this layer's output quantized", .automatic,
          \.activationsAloneQMSE),
      ]),
    LayerFigure(
      id: "quantizer-sqnr", heading: "Signal-to-noise ratio of the quantizers",
      explanation:
        "How faithfully 8 bits hold each tensor by itself; 6 dB are worth one bit. Low points are tensors whose "
        + "extremes lie far out from their bulk.",
      quantities: [.sqnr(.foldedWeights), .sqnr(.activations)]),
  ]

  /// Initialization against the end of training.
  static let changes = [
    change("weights-change", .weights), change("folded-weights-change", .foldedWeights),
    change("activations-change", .activations),
  ]

  private static func change(_ id: String, _ kind: TensorKind) -> LayerFigure {
    LayerFigure(
      id: id, heading: "From initialization to the end: \(kind.word)",
      explanation:
        "How training moved the \(kind.word): 1 on the left and 0 on the right mean that the layer is as it was "
        + "drawn. Layers far from that were reshaped by training, the others still show their initialization.",
      quantities: [
        .change(
          "Growth of the range", "range at the end / range at initialization", .automatic, of: .range(kind)
        ) { before, after in
          before > 0 ? after / before : nil
        },
        .change(
          "Change of average precision", "at the end − at initialization", .linear, of: .precision(kind)
        ) { $1 - $0 },
      ])
  }
}
