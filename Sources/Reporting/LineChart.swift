/// Lines over named categories (layers) or over numbers (epochs, MACs). Values that are nil, NaN or infinite
/// leave gaps.
struct LineChart: Sendable {
  struct Series: Sendable {
    var name: String
    var style: SeriesStyle
    /// x: the category's index, or the number. A nil value breaks the line; an x that is not listed does not.
    var points: [(x: Double, y: Double?)]
    /// Half the height of an error bar, by point; empty: none.
    var deviations: [Double?] = []
    var drawsLine = true
  }

  enum Horizontal: Sendable {
    case categories([String])
    case numbers(Axis, title: String)
  }

  var title: String
  var valueTitle: String
  var horizontal: Horizontal
  var vertical: Axis
  var series: [Series]
  /// Names of x positions, slanted above the plot and led down to it; for `numbers` only.
  var marks: [(x: Double, name: String)] = []
  var width = 580.0
  var height = 300.0

  /// The drawing. Series come in the order of the legend, the first on top.
  func svg() -> Markup {
    let frame = frame()
    var nodes = [frame.title(title), frame.valueTitle(valueTitle, raised: !marks.isEmpty)]
    switch horizontal {
    case .categories(let names): nodes.append(frame.categoryAxis(names, place: place))
    case .numbers(let axis, let name): nodes += [frame.numericAxis(axis), frame.numericTitle(name)]
    }
    nodes.append(frame.valueAxis(vertical))
    if !marks.isEmpty { nodes.append(drawMarks(frame)) }
    nodes += series.reversed().map { draw($0, frame) }
    if !series.contains(where: { $0.points.contains { vertical.position($0.y) != nil } }) {
      nodes.append(
        SVGFrame.text(
          "nothing measured", frame.x(0.5), frame.y(0.5), anchor: "middle", size: 13, fill: "#7a8591"))
    }
    let names = series.map(\.name).joined(separator: ", ")
    return frame.svg(label: "\(title), \(valueTitle), of \(names)", nodes)
  }

  private func frame() -> SVGFrame {
    let labels = vertical.ticks.map { SVGFrame.textWidth($0.label) }.max() ?? 0
    let bottom: Double
    var left = max(labels + 14, 34)
    switch horizontal {
    case .categories(let names):
      bottom = 18 + 0.77 * (names.map { SVGFrame.textWidth($0, size: 10) }.max() ?? 0)
      if let first = names.first { left = max(left, 0.64 * SVGFrame.textWidth(first, size: 10) - 6) }
    case .numbers: bottom = 42
    }
    let markHeight = marks.map { SVGFrame.textWidth($0.name, size: 10) * 0.77 + 26 }.max() ?? 0
    let markWidth = marks.last.map { SVGFrame.textWidth($0.name, size: 10) * 0.64 } ?? 0
    return SVGFrame(
      width: width, height: max(height, bottom + 220) + markHeight, left: left, right: 14 + markWidth,
      top: 48 + markHeight, bottom: bottom)
  }

  /// Names are pushed apart to the right where their positions lie closer than a line of text.
  private func drawMarks(_ frame: SVGFrame) -> Markup {
    var nodes: [Markup] = []
    var free = -Double.infinity
    for mark in marks.sorted(by: { $0.x < $1.x }) {
      guard let place = horizontalPlace(mark.x) else { continue }
      let x = frame.x(place)
      let shown = max(x, free)
      free = shown + 14
      let top = frame.top
      nodes.append(
        .tag(
          "path",
          [
            "d": "M\(SVGFrame.n(shown)) \(SVGFrame.n(top - 24))L\(SVGFrame.n(x)) \(SVGFrame.n(top - 4))"
              + "V\(SVGFrame.n(frame.height - frame.bottom))",
            "stroke": "#b8c0c9", "stroke-dasharray": "2 3", "fill": "none",
          ]))
      nodes.append(
        .tag(
          "text",
          [
            "transform": "translate(\(SVGFrame.n(shown + 2)) \(SVGFrame.n(top - 28))) rotate(-50)",
            "font-size": "10",
          ], mark.name))
    }
    return .tag("g", [:], nodes)
  }

  private func place(_ category: Int) -> Double {
    guard case .categories(let names) = horizontal else { return 0 }
    return (Double(category) + 0.5) / Double(max(names.count, 1))
  }

  private func horizontalPlace(_ x: Double) -> Double? {
    switch horizontal {
    case .categories: place(Int(x))
    case .numbers(let axis, _): axis.position(x)
    }
  }

  private func draw(_ series: Series, _ frame: SVGFrame) -> Markup {
    let style = series.style
    var line = ""
    var markers = ""
    var bars = ""
    var isOpen = false
    for (i, point) in series.points.enumerated() {
      guard let across = horizontalPlace(point.x), let up = vertical.position(point.y) else {
        isOpen = false
        continue
      }
      let (x, y) = (frame.x(across), frame.y(up))
      line += "\(isOpen ? "L" : "M")\(SVGFrame.n(x)) \(SVGFrame.n(y))"
      markers += style.marker.path(x, y)
      isOpen = true
      if series.deviations.indices.contains(i), let deviation = series.deviations[i], let value = point.y,
        let low = vertical.position(value - deviation), let high = vertical.position(value + deviation)
      {
        bars += "M\(SVGFrame.n(x)) \(SVGFrame.n(frame.y(low)))V\(SVGFrame.n(frame.y(high)))"
      }
    }
    guard !line.isEmpty else { return .many([]) }
    var nodes: [Markup] = [.tag("title", [:], series.name)]
    if series.drawsLine {
      nodes.append(.tag("path", ["d": line, "stroke-width": "1.6", "stroke-dasharray": style.dash]))
    }
    if !bars.isEmpty { nodes.append(.tag("path", ["d": bars, "stroke-width": "1.2"])) }
    nodes.append(
      .tag(
        "path",
        [
          "d": markers, "fill": style.marker.cap == nil ? style.color : nil,
          "stroke-linecap": style.marker.cap,
          "stroke-width": style.marker.cap.map { $0 == "round" ? "6" : "4.6" },
        ]))
    return .tag(
      "g",
      ["class": "s \(style.name)", "stroke": style.color, "fill": "none", "stroke-linejoin": "round"], nodes)
  }
}
