/// One row for each name: a bar from 0, or a span between two values (before and after), with the error of the
/// second. Rows grow downwards, so that any number of long names stays readable.
struct BarChart: Sendable {
  enum Mark: Sendable {
    case bar(Double, deviation: Double?)
    /// Hollow circle at `from`, filled one at `to`.
    case span(from: Double?, to: Double?, deviation: Double?)
    /// In place of a value: why there is none.
    case note(String)
  }
  struct Row: Sendable {
    var name: String
    var mark: Mark
    var color: String
    /// A thin tick beside the row's own value, such as a published one.
    var reference: Double?
  }

  var title: String
  var valueTitle: String
  var axis: Axis
  var rows: [Row]
  var width = 580.0

  static let rowHeight = 19.0

  func svg() -> Markup {
    let names = rows.map { SVGFrame.textWidth($0.name) }.max() ?? 0
    let isTall = rows.count > 20
    let top = isTall ? 52.0 : 34.0
    let height = top + 8 + Self.rowHeight * Double(max(rows.count, 1)) + 48
    let frame = SVGFrame(
      width: width, height: height, left: min(max(names + 14, 60), width * 0.55), right: 22, top: top,
      bottom: 42)
    var nodes = [
      frame.title(title), frame.numericTitle(valueTitle), frame.numericAxis(axis, isRepeatedAbove: isTall),
    ]
    for (i, row) in rows.enumerated() {
      nodes.append(draw(row, frame, y: top + 8 + (Double(i) + 0.5) * Self.rowHeight))
    }
    return frame.svg(label: "\(title), \(valueTitle), one row for each of \(rows.count)", nodes)
  }

  private func draw(_ row: Row, _ frame: SVGFrame, y: Double) -> Markup {
    let color = row.color
    var nodes = [SVGFrame.text(row.name, frame.left - 8, y + 3.8, anchor: "end", fill: "#1c2530")]
    func x(_ value: Double?) -> Double? { axis.position(value).map(frame.x) }
    func path(_ d: String, width: String = "1.4", fill: String = "none", opacity: String? = nil) -> Markup {
      .tag("path", ["d": d, "stroke": color, "stroke-width": width, "fill": fill, "stroke-opacity": opacity])
    }
    let n = SVGFrame.n
    switch row.mark {
    case .note(let text):
      nodes.append(SVGFrame.text(text, frame.left + 6, y + 3.8, fill: "#7a8591"))
    case .bar(let value, let deviation):
      guard let end = x(value) else { break }
      let start = axis.scale == .linear ? frame.x(axis.position(0) ?? 0) : frame.left
      let (low, high) = (min(start, end), max(start, end))
      nodes.append(
        .tag(
          "rect",
          [
            "x": n(low), "y": n(y - 5), "width": n(max(high - low, 1.5)), "height": "10", "fill": color,
            "fill-opacity": "0.75",
          ]))
      if let deviation, let a = x(value - deviation), let b = x(value + deviation) {
        nodes.append(
          .tag("path", ["d": "M\(n(a)) \(n(y))H\(n(b))", "stroke": "#1c2530", "stroke-width": "1.4"]))
      }
    case .span(let from, let to, let deviation):
      let (a, b) = (x(from), x(to))
      if let a, let b { nodes.append(path("M\(n(a)) \(n(y))H\(n(b))", width: "5", opacity: "0.3")) }
      if let to, let deviation, let low = x(to - deviation), let high = x(to + deviation) {
        nodes.append(path("M\(n(low)) \(n(y - 4))v8M\(n(low)) \(n(y))H\(n(high))M\(n(high)) \(n(y - 4))v8"))
      }
      if let a { nodes.append(path(SeriesStyle.Marker.circle.path(a, y, radius: 4), fill: "#fff")) }
      if let b { nodes.append(path(SeriesStyle.Marker.circle.path(b, y, radius: 4), fill: color)) }
    }
    if let reference = x(row.reference) {
      nodes.append(
        .tag("path", ["d": "M\(n(reference)) \(n(y - 7))v14", "stroke": "#1c2530", "stroke-width": "1.2"]))
    }
    return .tag("g", [:], nodes)
  }
}
