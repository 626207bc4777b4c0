import Sweeps
import Testing

@Suite struct EarlyStoppingTests {
  private static let base = """
    name: a
    base: {training.epochs: 10, analysis.snapshots: [4]}

    """

  @Test func aSweepFileMayHaveARule() throws {
    let yaml = Self.base + "earlyStopping: {epoch: 4, metric: quint8Accuracy, worstPercent: 12.5, atLeast: 8}"
    let sweep = try SweepFile.parse(yaml, source: "s.yaml")
    let rule = EarlyStopping(epoch: 4, metric: .quint8Accuracy, worstPercent: 12.5, atLeast: 8)
    #expect(sweep.earlyStopping == rule)
    #expect(EarlyStopping(sweepFile: sweep.source) == rule)
    #expect(
      rule.summary
        == "after epoch 4 the worst 12.5 % by quint8Accuracy are stopped, once 8 have come so far")
    let without = try SweepFile.parse(Self.base, source: "s.yaml")
    #expect(without.earlyStopping == nil)
    #expect(EarlyStopping(sweepFile: without.source) == nil)
    // The rule is the sweep's, not the trial's.
    #expect(sweep.trials == without.trials)
  }

  @Test(arguments: [
    ("[1]", "s.yaml:3:16: earlyStopping is [1]: it must be a map of settings"),
    ("{}", "s.yaml:3:16: earlyStopping: epoch is missing"),
    (
      "{epoch: 4, metric: mse, worstPercent: 25, atLeast: 8}",
      "s.yaml:3:35: earlyStopping.metric is mse: it must be percentDecrease, quint8Accuracy or qmse"
    ),
    (
      "{epoch: 4, metric: qmse, worst: 25, atLeast: 8}",
      "s.yaml:3:41: earlyStopping.worst: no such setting; earlyStopping has epoch, metric, worstPercent, atLeast"
    ),
    (
      "{epoch: 4, metric: qmse, worstPercent: 100, atLeast: 8}",
      "s.yaml:3:55: earlyStopping.worstPercent is 100: it must be above 0 and below 100"
    ),
    (
      "{epoch: 4, metric: qmse, worstPercent: 25, atLeast: 1}",
      "s.yaml:3:68: earlyStopping.atLeast is 1: it must be at least 2"
    ),
    (
      "{epoch: 0, metric: qmse, worstPercent: 25, atLeast: 8}",
      "s.yaml:3:24: earlyStopping.epoch is 0: it must be at least 1"
    ),
    (
      "{epoch: 5, metric: qmse, worstPercent: 25, atLeast: 8}",
      "s.yaml:3:16: earlyStopping.epoch: no trial takes a snapshot after epoch 5 and trains on: list it in "
        + "analysis.snapshots"
    ),
    (
      "{epoch: 10, metric: qmse, worstPercent: 25, atLeast: 8}",
      "s.yaml:3:16: earlyStopping.epoch: no trial takes a snapshot after epoch 10 and trains on: list it in "
        + "analysis.snapshots"
    ),
  ])
  func aRuleThatCannotBeFollowedIsRefused(rule: String, message: String) {
    #expect(refusal(Self.base + "earlyStopping: \(rule)") == message)
  }

  @Test func overridesMayShortenTrainingBelowTheRule() {
    let yaml = Self.base + "earlyStopping: {epoch: 4, metric: qmse, worstPercent: 25, atLeast: 8}"
    #expect(refusal(yaml, set: ["training.epochs=2"]) == "accepted: 1 trials")
  }

  /// Means over draws, as Table 4.2 has them.
  @Test func badnessIsTheMetricOfTheSnapshot() {
    var snapshot = Snapshot()
    snapshot.testAccuracy = 0.8
    snapshot.draws = [(0.6, 0.02), (0.4, 0.04)].map { accuracy, qmse in
      var draw = DrawMetrics()
      (draw.quantizedAccuracy, draw.qmse) = (accuracy, qmse)
      return draw
    }
    func badness(_ metric: EarlyStopping.Metric, _ snapshot: Snapshot) -> Double {
      EarlyStopping(epoch: 1, metric: metric, worstPercent: 25, atLeast: 2).badness(of: snapshot)
    }
    #expect(abs(badness(.percentDecrease, snapshot) - 37.5) < 1e-12)
    #expect(badness(.quint8Accuracy, snapshot) == -0.5)
    #expect(abs(badness(.qmse, snapshot) - 0.03) < 1e-15)
    snapshot.testAccuracy = 0
    snapshot.draws = [DrawMetrics()]
    #expect(badness(.percentDecrease, snapshot) == .infinity)
  }

  /// 25 % of 8 are 2: whoever has at least 6 better ones.
  @Test func theWorstPartIsRoundedDown() {
    let rule = EarlyStopping(epoch: 1, metric: .qmse, worstPercent: 25, atLeast: 8)
    #expect(rule.verdict(1, better: 6, of: 8) != nil)
    #expect(rule.verdict(1, better: 5, of: 8) == nil)
    #expect(rule.verdict(1, better: 9, of: 11) != nil)
    #expect(rule.verdict(1, better: 8, of: 11) == nil)
    #expect(rule.verdict(1, better: 6, of: 7) == nil)
  }
}
