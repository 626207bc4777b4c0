import Networks
import Sweeps
import Testing

@testable import Reporting

struct ReportModelTests {
  /// Seed means 2 and 6: mean 4, deviation √8. Within: {1, 3} and {5, 7} pool to √2. Together √10.
  @Test func spreadIsSplitBetweenSeedsAndDraws() throws {
    let measure = try #require(Measure([[1, 3], [5, 7]]))
    #expect(measure.mean == 4 && measure.seeds == 2 && measure.count == 4)
    #expect(measure.seedDeviation == 8.0.squareRoot())
    #expect(measure.drawDeviation == 2.0.squareRoot())
    #expect(abs(try #require(measure.deviation) - 10.0.squareRoot()) < 1e-12)
  }

  @Test func aLoneValueHasNoSpreadAndNonFiniteOnesDoNotCount() throws {
    let measure = try #require(Measure([[.nan, 3], [.infinity]]))
    #expect(measure.mean == 3 && measure.deviation == nil && measure.count == 1)
    #expect(Measure([[.nan], []]) == nil)
  }

  @Test func seedsOfAConfigurationAreOneRowInTheSweepsOrder() {
    let trials = [
      SampleTrials.trial("b", seed: 2), SampleTrials.trial("a", seed: 1, factorization: .depthwise),
      SampleTrials.trial("b", seed: 1, status: .diverged),
    ]
    let model = ReportModel(title: "t", trials: trials)
    #expect(model.configurations.map(\.label) == ["b", "a"])
    #expect(model.configurations[0].trials.map(\.configuration.seed) == [1, 2])
    #expect(model.statusCounts.map(\.status) == [.completed, .diverged])
    #expect(model.statusCounts.map(\.count) == [2, 1])
  }

  @Test func resultsAreReadAtTheEpochAskedFor() throws {
    let snapshots = [0, 5, 10].map { SampleTrials.snapshot(epoch: $0, fp32: Double($0) / 10) }
    let trials = [SampleTrials.trial("a", snapshots: snapshots)]
    #expect(ReportModel(title: "t", trials: trials).configurations[0].epoch == 10)
    let early = ReportModel(title: "t", trials: trials, epoch: 7).configurations[0]
    #expect(early.epoch == 5)
    #expect(early.fp32Accuracy?.mean == 50)
    #expect(early.initials == [snapshots[0]])
  }

  /// (0.8 − 0.7)/0.8 and (0.8 − 0.9)/0.8: 12.5 % either way (4.11), signed they cancel.
  @Test func decreaseIsAbsoluteAndSigned() throws {
    let snapshot = SampleTrials.snapshot(epoch: 1, quantized: [0.7, 0.9])
    let row = ReportModel(title: "t", trials: [SampleTrials.trial("a", snapshots: [snapshot])])
      .configurations[0]
    #expect(abs(try #require(row.percentDecrease).mean - 12.5) < 1e-9)
    #expect(abs(try #require(row.signedPercentDecrease).mean) < 1e-9)
  }

  @Test func costsAreThoseOfTheArchitecture() {
    let row = ReportModel(title: "t", trials: [SampleTrials.trial("a", factorization: .uniform(4))])
      .configurations[0]
    #expect(row.cost?.convolutionMACs == 92_471_296)
  }

  @Test func settingsSplitIntoSharedAndVaried() {
    let model = ReportModel(
      title: "t",
      trials: [SampleTrials.trial("a"), SampleTrials.trial("b", seed: 3, factorization: .uniform(4))])
    #expect(model.settings.varied.map(\.path) == ["network.factorization", "seed"])
    #expect(model.settings.varied.map(\.values) == [["none", "uniform 4"], ["1", "3"]])
    let shared = Dictionary(uniqueKeysWithValues: model.settings.shared.map { ($0.path, $0.value) })
    #expect(shared["data.train"] == "all")
    #expect(shared["network.batchNorm"] == "yes")
    #expect(shared["training.augmentation.rotation"] == "15")
    #expect(shared["training.learningRate"] == "0.01")
    #expect(shared["network.stages"] == "2 × 64, 3 × 128, 3 × 256")
    #expect(shared["training.decayEpochs"] == "75, 120, 170")
  }

  @Test func publishedNumbersFollowTheChapterOfTheSweep() {
    let regular = SampleTrials.trial("any label")
    let alone = ReportModel(title: "t", trials: [regular]).configurations[0]
    #expect(alone.published?.source == "Table 4.2" && alone.published?.fp32Accuracy == 88.53)
    let beside = ReportModel(
      title: "t", trials: [regular, SampleTrials.trial("f2", factorization: .uniform(2))])
    #expect(beside.configurations.map { $0.published?.fp32Accuracy } == [88.37, 86.54])
    var synthetic = regular
    synthetic.configuration.data.dataset = .synthetic
    #expect(ReportModel(title: "t", trials: [synthetic]).configurations[0].published == nil)
  }

  @Test func panelsFormOnceSeriesAreTooMany() throws {
    let snapshot = SampleTrials.snapshot(epoch: 1)
    let names = (0..<12).map { "init\($0)" }
    let trials = [(Factorization.none, true), (.none, false), (.depthwise, true), (.depthwise, false)].flatMap
    {
      block, batchNorm in
      names.map {
        SampleTrials.trial(
          "\(block)_\(batchNorm)_\($0)", factorization: block, batchNorm: batchNorm, snapshots: [snapshot])
      }
    }
    let plan = SeriesPlan(ReportModel(title: "t", trials: trials).configurations)
    #expect(
      plan.panels.map(\.title) == [
        "Regular, with BatchNorm", "Regular, no BatchNorm", "Depthwise separable, with BatchNorm",
        "Depthwise separable, no BatchNorm",
      ])
    #expect(plan.panels.allSatisfy { $0.members.map(\.name) == names })
    #expect(plan.legend.map(\.name) == names)
    #expect(Set(plan.panels.map { $0.members.map(\.style) }).count == 1)
  }

  @Test func fewSeriesShareOnePanelUnderTheirWholeLabels() {
    let snapshot = SampleTrials.snapshot(epoch: 1)
    let trials = ["x_a", "x_b"].map {
      SampleTrials.trial($0, factorization: .uniform(2), snapshots: [snapshot])
    }
    let plan = SeriesPlan(
      ReportModel(title: "t", trials: trials + [SampleTrials.trial("empty")]).configurations)
    #expect(plan.panels.map(\.title) == [nil])
    #expect(plan.legend.map(\.name) == ["x_a", "x_b"])
  }

  @Test(arguments: [
    ([1], "1"), ([2, 1], "1, 2"), ([3, 1, 2, 7], "1–3, 7"), ([5, 5], "5"),
  ])
  func seedsReadAsRanges(seeds: [Int], text: String) {
    #expect(ResultTable.ranges(seeds) == text)
  }
}
