/// How one series looks: colour, marker and dash together, so that it can be told apart in print and by readers
/// who do not see every colour.
struct SeriesStyle: Hashable, Sendable {
  enum Marker: Sendable {
    case circle, square, triangle, diamond, wedge, cross, plus
    /// A stroke's round or square cap: short to write, for charts of thousands of points.
    case dot, block
  }

  let color: String
  let marker: Marker
  /// SVG `stroke-dasharray`; nil: a solid line.
  let dash: String?
  /// The class of the series' drawings, by which the page shows and hides it.
  let name: String

  /// The style of the `index`-th series: 49 differ.
  static func categorical(_ index: Int) -> SeriesStyle {
    let (round, place) = index.quotientAndRemainder(dividingBy: palette.count)
    return SeriesStyle(
      color: palette[place], marker: markers[(place + 3 * round) % markers.count],
      dash: dashes[round % dashes.count], name: "s\(index)")
  }

  /// The style of item `index` of an ordered run of `count`: dark to bright, as depth or time goes on.
  static func ordered(_ index: Int, of count: Int) -> SeriesStyle {
    let place = count > 1 ? Double(index) / Double(count - 1) : 0
    let at = place * Double(ramp.count - 1)
    let lower = min(Int(at), ramp.count - 2)
    let color = zip(ramp[lower], ramp[lower + 1]).map { mixed($0, $1, at: at - Double(lower)) }.joined()
    return SeriesStyle(
      color: "#\(color)",
      marker: index.isMultiple(of: 2) ? .dot : .block, dash: nil, name: "o\(index)")
  }

  private static func mixed(_ from: Int, _ to: Int, at place: Double) -> String {
    let level = Int((Double(from) + Double(to - from) * place).rounded())
    return (level < 16 ? "0" : "") + String(level, radix: 16)
  }

  /// Okabe and Ito's colour-blind-safe colours without the yellow, which white paper swallows.
  private static let palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#333333"]
  private static let markers: [Marker] = [.circle, .square, .triangle, .diamond, .wedge, .cross, .plus]
  private static let dashes: [String?] = [nil, "6 3", "2 3", "9 3 2 3", "12 4", "1 4", "9 3 2 3 2 3"]
  /// Viridis up to its green-yellow.
  private static let ramp = [[68, 1, 84], [65, 68, 135], [42, 120, 142], [34, 168, 132], [122, 209, 81]]
}

extension SeriesStyle.Marker {
  /// The cap that a path must be stroked with to show the marker; nil for outlines.
  var cap: String? {
    switch self {
    case .dot: "round"
    case .block: "square"
    default: nil
    }
  }

  /// The marker's outline as path data round (x, y); `radius` is that of the circle.
  func path(_ x: Double, _ y: Double, radius r: Double = 3) -> String {
    func n(_ value: Double) -> String { NumberText.coordinate(value) }
    let t = r * 1.2
    switch self {
    case .circle:
      return "M\(n(x - r)) \(n(y))a\(n(r)) \(n(r)) 0 1 0 \(n(2 * r)) 0a\(n(r)) \(n(r)) 0 1 0 \(n(-2 * r)) 0z"
    case .square: return "M\(n(x - r)) \(n(y - r))h\(n(2 * r))v\(n(2 * r))h\(n(-2 * r))z"
    case .triangle: return "M\(n(x)) \(n(y - t))l\(n(t)) \(n(2 * r))h\(n(-2 * t))z"
    case .wedge: return "M\(n(x)) \(n(y + t))l\(n(t)) \(n(-2 * r))h\(n(-2 * t))z"
    case .diamond: return "M\(n(x)) \(n(y - t))l\(n(t)) \(n(t))l\(n(-t)) \(n(t))l\(n(-t)) \(n(-t))z"
    case .cross:
      return "M\(n(x - r)) \(n(y - r))l\(n(2 * r)) \(n(2 * r))m0 \(n(-2 * r))l\(n(-2 * r)) \(n(2 * r))"
    case .dot, .block: return "M\(n(x)) \(n(y))h0"
    case .plus: return "M\(n(x - t)) \(n(y))h\(n(2 * t))m\(n(-t)) \(n(-t))v\(n(2 * t))"
    }
  }
}
