import Foundation
import LayerAnalysis
import Networks
import Sweeps
import Testing

@testable import Reporting

struct ReportOutputTests {
  private static let hostile = "<script>alert(\"x\")</script>&'漢\u{7}"

  private func model() -> ReportModel {
    let epochs = [0, 5, 10].map {
      SampleTrials.snapshot(epoch: $0, quantized: [0.7, 0.6], range: Float($0) + 1)
    }
    var broken = SampleTrials.snapshot(epoch: 1, fp32: .nan, quantized: [.nan], qmse: .infinity, range: 1e9)
    broken.layers[0].statistics.upper = .infinity
    broken.layers[3].statistics.averagePrecision = nil
    broken.layers[4].statistics.upper = .nan
    broken.errors[0].sqnr = nil
    var failed = SampleTrials.trial("failed", status: .failed, batchNorm: false)
    failed.failure = Self.hostile
    return ReportModel(
      title: Self.hostile,
      trials: [
        SampleTrials.trial("Regular", snapshots: epochs),
        SampleTrials.trial("Regular", seed: 2, snapshots: epochs),
        SampleTrials.trial(Self.hostile, status: .diverged, factorization: .depthwise, snapshots: [broken]),
        SampleTrials.trial(
          "flat", status: .vanished, factorization: .uniform(4),
          snapshots: [SampleTrials.snapshot(epoch: 1, fp32: 0.1, quantized: [0.1], qmse: 0, range: 0)]),
        failed, SampleTrials.trial("waiting", status: .pending, factorization: .uniform(8)),
      ])
  }

  @Test func thePageIsWellFormedAndHoldsOneRowForEachConfiguration() throws {
    let page = try ParsedPage(ReportPage.html(model()))
    #expect(page.count("tr") == 1 + 1 + 5)
    #expect(page.count("script") == 1)
    #expect(page.text.contains("<script>alert(\"x\")</script>&'漢"))
    for word in ["completed", "diverged", "vanished", "failed", "pending"] {
      #expect(page.elements.contains { $0.attributes["class"] == "badge \(word)" })
    }
    #expect(page.elements.filter { $0.name == "a" }.allSatisfy { $0.attributes["href"]?.first == "#" })
    let targets = Set(page.elements.compactMap { $0.attributes["id"] })
    #expect(
      page.elements.compactMap { $0.attributes["href"] }.allSatisfy {
        targets.contains(String($0.dropFirst()))
      })
  }

  @Test func thePageNeedsNothingFromElsewhere() throws {
    let html = ReportPage.html(model())
    #expect(!html.replacing("http://www.w3.org/2000/svg", with: "").contains("http"))
    #expect(!html.contains("url(") && !html.contains("@import") && !html.contains(" src="))
    #expect(try ParsedPage(html).count("link") == 0)
  }

  @Test func everyFigureOfTheSpecificationIsThere() throws {
    let page = try ParsedPage(ReportPage.html(model()))
    let figures = page.elements.filter { $0.name == "figure" }.compactMap { $0.attributes["id"] }
    #expect(
      figures == [
        "accuracy", "cost", "weights", "folded-weights", "activations", "layer-errors", "lone-contributions",
        "quantizer-sqnr", "training", "layer-training", "weights-change", "folded-weights-change",
        "activations-change",
      ])
  }

  @Test func noCoordinateIsNotANumber() throws {
    let page = try ParsedPage(ReportPage.html(model()))
    let geometry = ["d", "x", "y", "width", "height", "transform", "viewBox"]
    let written = page.elements.flatMap { element in geometry.compactMap { element.attributes[$0] } }
    #expect(written.count > 500)
    #expect(
      !written.contains {
        $0.contains("nan") || $0.contains("inf")
          || $0.contains("e") && !$0.contains("rotate") && !$0.contains("device")
      })
  }

  @Test func equalTrialsGiveEqualBytes() {
    #expect(ReportPage.html(model()) == ReportPage.html(model()))
  }

  @Test func aStoreWithoutTrialsGivesAPageThatSaysSo() throws {
    let page = try ParsedPage(ReportPage.html(ReportModel(title: "none", trials: [])))
    #expect(page.text.contains("The store holds no trial yet."))
    #expect(page.count("figure") == 0)
  }

  @Test func aPageOfFortyEightTrialsStaysSmall() {
    let layers = (0..<21).map { "stage\($0).0.spatial" }
    let snapshots = [0, 5, 50, 75, 150, 200].map { SampleTrials.snapshot(epoch: $0, layers: layers) }
    let trials = (0..<48).map {
      SampleTrials.trial(
        "network_with_a_long_name_\($0)", factorization: .uniform(1 << ($0 % 4)), batchNorm: $0 < 24,
        snapshots: snapshots)
    }
    #expect(ReportPage.html(ReportModel(title: "t", trials: trials)).utf8.count < 5_000_000)
  }

  @Test func theTextTableHoldsTheSameNumbers() throws {
    let text = ReportText.text(model())
    let rows = text.split(separator: "\n").map(String.init)
    #expect(rows[0].hasSuffix("6 trials (2 completed, 1 diverged, 1 vanished, 1 failed, 1 pending)"))
    let regular = try #require(rows.first { $0.hasPrefix("Regular") })
    // Two draws of 70 and 60 %: ± 7.07; decreases of 12.5 and 25 %: ± 8.84.
    #expect(
      regular.matches(of: /\S+( ± \S+)?/).map { String($0.output.0) }.prefix(13).joined(separator: "|")
        == "Regular|1,|2|completed|10|80.00 ± 0.00|65.00 ± 7.07|18.75 ± 8.84|0.0100 ± 0.0000|1.000 ± 0.000|0.500 ± 0.000|266.0|4.04"
    )
    #expect(rows.contains { $0.hasPrefix("waiting") && $0.contains("pending") && $0.contains("–") })
  }

  @Test func scriptsReadTheTableAsJSON() throws {
    let text = try ReportJSON(model()).text
    let read = try JSONDecoder().decode(ReportJSON.self, from: Data(text.utf8))
    #expect(read == ReportJSON(model()))
    #expect(read.rows[0].quantizedAccuracy?.drawDeviation.map { abs($0 - 50.0.squareRoot()) < 1e-9 } == true)
    #expect(read.rows[0].outcomes == ["completed": 2])
    #expect(read.rows[1].fp32Accuracy == nil && read.rows[1].qmse == nil)
  }
}
