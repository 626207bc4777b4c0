import Testing

@testable import Reporting

struct ChartTests {
  private func lines(_ values: [Double?]) -> String {
    let series = LineChart.Series(
      name: "s", style: .categorical(0), points: values.enumerated().map { (x: Double($0), y: $1) })
    return LineChart(
      title: "t", valueTitle: "v", horizontal: .categories(values.indices.map { "layer\($0)" }),
      vertical: .linear(values.compactMap { $0 }), series: [series]
    ).svg().serialized
  }

  /// Path data of the only line with a `stroke-width` of 1.6.
  private func line(_ svg: String) throws -> Substring {
    let path = try #require(svg.firstMatch(of: /<path d="([^"]*)" stroke-width="1\.6"\/>/))
    return path.output.1
  }

  @Test func aMissingValueLeavesAGap() throws {
    let whole = try line(lines([1, 2, 3, 4]))
    #expect(whole.count { $0 == "M" } == 1 && whole.count { $0 == "L" } == 3)
    for missing in [nil, Double.nan, .infinity] {
      let broken = try line(lines([1, 2, missing, 4]))
      #expect(broken.count { $0 == "M" } == 2 && broken.count { $0 == "L" } == 1)
    }
  }

  @Test func nothingMeasuredIsSaid() {
    #expect(lines([nil, .nan]).contains("nothing measured"))
    #expect(!lines([1, .nan]).contains("nothing measured"))
  }

  @Test func namesAreEscaped() throws {
    let chart = BarChart(
      title: "<t>", valueTitle: "&", axis: .linear([0, 1]),
      rows: [.init(name: "a<b>&\"", mark: .bar(1, deviation: nil), color: "#000")])
    let svg = chart.svg().serialized
    #expect(svg.contains("a&lt;b&gt;&amp;&quot;") && !svg.contains("<b>"))
    _ = try ParsedPage(svg)
  }

  @Test func stylesOfFortyEightSeriesDiffer() {
    let styles = (0..<48).map(SeriesStyle.categorical)
    #expect(Set(styles.map { "\($0.color) \($0.marker) \($0.dash ?? "")" }).count == 48)
    #expect(Set(styles.map(\.name)).count == 48)
  }

  @Test func orderedStylesRunFromDarkToBright() {
    #expect(SeriesStyle.ordered(0, of: 20).color == "#440154")
    #expect(SeriesStyle.ordered(19, of: 20).color == "#7ad151")
    #expect(SeriesStyle.ordered(0, of: 1).color == "#440154")
  }

  @Test func regularAndSeparableBlocksShareAnAxis() {
    let axis = LayerAxis([
      ["conv1", "stage1.0.conv", "stage1.1.conv", "dense1"],
      [
        "conv1", "stage1.0.spatial", "stage1.0.pointwise", "stage1.1.spatial", "stage1.1.pointwise", "dense1",
      ],
    ])
    #expect(
      axis.names == [
        "conv1", "stage1.0.3×3", "stage1.0.pointwise", "stage1.1.3×3", "stage1.1.pointwise", "dense1",
      ])
    #expect(axis.place(of: "stage1.1.conv") == 3 && axis.place(of: "stage1.1.spatial") == 3)
    #expect(LayerAxis([["conv1", "stage1.0.conv"]]).names == ["conv1", "stage1.0.conv"])
  }
}
