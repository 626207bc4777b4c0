/// The frame charts are drawn in: size, margins, grid, axes and titles. Coordinates are SVG's (y grows downwards).
struct SVGFrame: Sendable {
  let width: Double
  let height: Double
  let left: Double
  let right: Double
  let top: Double
  let bottom: Double

  static let fontSize = 11.0

  var plotWidth: Double { width - left - right }
  var plotHeight: Double { height - top - bottom }

  func x(_ place: Double) -> Double { left + place * plotWidth }
  func y(_ place: Double) -> Double { height - bottom - place * plotHeight }

  /// The whole drawing: `label` is what a screen reader says of it.
  func svg(label: String, _ children: [Markup]) -> Markup {
    .tag(
      "svg",
      [
        "viewBox": "0 0 \(Self.n(width)) \(Self.n(height))", "xmlns": "http://www.w3.org/2000/svg",
        "role": "img", "aria-label": label, "font-size": Self.n(Self.fontSize),
        "font-family": "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif", "fill": "#1c2530",
      ], children)
  }

  /// Horizontal grid lines with the values of the y axis at their left.
  func valueAxis(_ axis: Axis) -> Markup {
    var nodes: [Markup] = []
    for tick in axis.ticks {
      guard let place = axis.position(tick.value) else { continue }
      let y = y(place)
      let isBase = tick.value == 0
      nodes.append(
        .tag(
          "path",
          [
            "d": "M\(Self.n(left)) \(Self.n(y))H\(Self.n(width - right))",
            "stroke": isBase ? "#9aa5b1" : "#e3e7ec",
          ]))
      nodes.append(Self.text(tick.label, left - 7, y + 3.8, anchor: "end", fill: "#4a5561"))
    }
    return .tag("g", [:], nodes)
  }

  /// Vertical grid lines with the values of the x axis under them, and above them too where asked.
  func numericAxis(_ axis: Axis, isRepeatedAbove: Bool = false) -> Markup {
    var nodes: [Markup] = []
    for tick in axis.ticks {
      guard let place = axis.position(tick.value) else { continue }
      let x = x(place)
      nodes.append(
        .tag("path", ["d": "M\(Self.n(x)) \(Self.n(top))V\(Self.n(height - bottom))", "stroke": "#eef1f4"]))
      nodes.append(Self.text(tick.label, x, height - bottom + 16, anchor: "middle", fill: "#4a5561"))
      if isRepeatedAbove {
        nodes.append(Self.text(tick.label, x, top - 6, anchor: "middle", fill: "#4a5561"))
      }
    }
    return .tag("g", [:], nodes)
  }

  /// One short vertical mark for each name, with the name slanted under it.
  func categoryAxis(_ names: [String], place: (Int) -> Double) -> Markup {
    .tag(
      "g", [:],
      names.enumerated().map { i, name in
        let x = x(place(i))
        return .many([
          .tag(
            "path", ["d": "M\(Self.n(x)) \(Self.n(top))V\(Self.n(height - bottom))", "stroke": "#f0f2f5"]),
          .tag(
            "text",
            [
              "transform": "translate(\(Self.n(x + 3)) \(Self.n(height - bottom + 12))) rotate(-50)",
              "text-anchor": "end", "font-size": "10", "fill": "#4a5561",
            ], name),
        ])
      })
  }

  func title(_ text: String) -> Markup { Self.text(text, left, 17, size: 13, weight: "600") }

  /// What the y axis measures, with its unit, above its upper end: upright, so that it reads without turning.
  func valueTitle(_ text: String, raised: Bool = false) -> Markup {
    Self.text(text, left, raised ? 34 : top - 10, fill: "#4a5561")
  }

  func numericTitle(_ text: String) -> Markup {
    Self.text(text, left + plotWidth / 2, height - 6, anchor: "middle", fill: "#4a5561")
  }

  static func text(
    _ content: String, _ x: Double, _ y: Double, anchor: String? = nil, size: Double? = nil,
    weight: String? = nil, fill: String? = nil
  ) -> Markup {
    .tag(
      "text",
      [
        "x": n(x), "y": n(y), "text-anchor": anchor, "font-size": size.map(n), "font-weight": weight,
        "fill": fill,
      ], content)
  }

  static func n(_ value: Double) -> String { NumberText.coordinate(value) }

  /// About how wide `text` is drawn, at `size` units a line.
  static func textWidth(_ text: String, size: Double = fontSize) -> Double {
    Double(TextTable.cells(text)) * size * 0.58
  }
}
