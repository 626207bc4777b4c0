import Networks
import Sweeps
import Testing

private func sweep(_ yaml: String, set: [String] = []) throws -> Sweep {
  try SweepFile.parse(yaml, source: "s.yaml", overrides: set.map { try SettingOverride($0) })
}

@Suite struct ExpansionTests {
  @Test("Grid, then zip, then trials, each with every seed, in this order")
  func order() throws {
    let sweep = try sweep(
      """
      name: all
      base: {training.epochs: 7}
      grid:
        network.batchNorm: [true, false]
        network.factorization: [none, {uniform: 4}]
      zip:
        training.batch: [64, 128]
        training: [{learningRate: 0.1}, {learningRate: 0.2, epochs: 9}]
      trials:
        - {name: extra, training.batch: 1}
        - {network: {factorization: depthwise}}
      seeds: [5, 3]
      """)
    let found = sweep.trials.map { trial in
      let c = trial.configuration
      return "\(c.network.batchNorm) \(c.network.factorization) \(c.training.batch) "
        + "\(c.training.learningRate) \(c.training.epochs) \(c.seed)"
    }
    var expected: [String] = []
    for batchNorm in [true, false] {
      for factorization in [Factorization.none, .uniform(4)] {
        for (batch, rate, epochs) in [(64, 0.1, 7), (128, 0.2, 9)] {
          for seed in [5, 3] {
            expected.append("\(batchNorm) \(factorization) \(batch) \(rate) \(epochs) \(seed)")
          }
        }
      }
    }
    for seed in [5, 3] { expected.append("true none 1 0.01 7 \(seed)") }
    for seed in [5, 3] { expected.append("true depthwise 128 0.01 7 \(seed)") }
    #expect(found == expected)
    #expect(Set(sweep.trials.map(\.id)).count == 20)
    #expect(sweep.trials[0].label == "Regular_Conv_With_BN_GlorotUni[epochs=7,batch=64,learningRate=0.1]")
    #expect(sweep.trials[16].label == "extra")
    #expect(sweep.trials[19].label == "DWS_Conv_With_BN_GlorotUni")
    #expect(sweep.settings.training.epochs == 7)
  }

  @Test("No grid, zip or trials: the base alone; seeds as a count")
  func baseAlone() throws {
    #expect(try sweep("name: a").trials.map(\.configuration) == [TrialConfiguration()])
    #expect(try sweep("name: a\nseeds: 3").trials.map(\.configuration.seed) == [1, 2, 3])
    #expect(try sweep("name: a\nbase: {seed: 9}").trials.map(\.configuration.seed) == [9])
    #expect(try sweep("name: a\ngrid: {seed: [4, 2]}").trials.map(\.configuration.seed) == [4, 2])
    let seeds = try sweep("name: a\ngrid: {seed: [4, 2], training.batch: [1, 2]}").trials
    #expect(
      seeds.prefix(3).map(\.label) == [
        "Regular_Conv_With_BN_GlorotUni[batch=1]", "Regular_Conv_With_BN_GlorotUni[batch=2]",
        "Regular_Conv_With_BN_GlorotUni[batch=1]",
      ])
  }

  @Test("A list within trials is whole, sections merge, tagged values are replaced")
  func overlay() throws {
    let sweep = try sweep(
      """
      name: a
      base:
        network: {factorization: {uniform: 2}, head: [64, 64, 64]}
      trials:
        - network: {factorization: {reversePyramid: 2}, head: [32]}
        - network: {factorization: {explicit: [1, 1, 1, 1, 1, 1, 1, 2]}}
        - network.stages: [{width: 64, blocks: 1}]
      """)
    #expect(
      sweep.trials.map(\.configuration.network.factorization) == [
        .reversePyramid(2), .explicit([1, 1, 1, 1, 1, 1, 1, 2]), .uniform(2),
      ])
    #expect(sweep.trials.map(\.configuration.network.head) == [[32], [64, 64, 64], [64, 64, 64]])
    #expect(sweep.trials[2].configuration.network.stages == [Stage(width: 64, blocks: 1)])
  }

  @Test("Overrides win over base, grid and trials, and merge what they make equal")
  func overrides() throws {
    let yaml = """
      name: a
      base: {training.epochs: 200, analysis.snapshots: [5, 50]}
      grid: {network.batchNorm: [true, false], training.learningRate: [0.1, 0.01]}
      """
    let few = try sweep(yaml, set: ["training.epochs=10", "network.batchNorm=false"])
    #expect(few.trials.count == 2)
    #expect(few.trials.allSatisfy { $0.configuration.training.epochs == 10 })
    #expect(few.trials.map(\.configuration.analysis.snapshots) == [[5], [5]])
    #expect(few.settings.training.epochs == 10)
    let factorized = try sweep(
      yaml, set: ["network.factorization={uniform: 4}", "network.factorization.uniform=8"])
    #expect(Set(factorized.trials.map(\.configuration.network.factorization)) == [.uniform(8)])
    #expect(try sweep(yaml, set: ["seeds=2"]).trials.map(\.configuration.seed) == [1, 2, 1, 2, 1, 2, 1, 2])
    #expect(try sweep(yaml + "\nseeds: 3", set: ["seed=8"]).trials.map(\.configuration.seed) == [8, 8, 8, 8])
    #expect(
      try sweep(yaml, set: ["data.train=500"]).trials[0].configuration.quantization.calibrationImages == 500)
    #expect(try sweep(yaml, set: ["data={train: 500, test: null}"]).trials[0].configuration.data.train == 500)
  }

  @Test("One configuration takes overrides too")
  func configurationOverrides() throws {
    let changed = try TrialConfiguration().applying([try SettingOverride("network.head=[64]")])
    #expect(changed.network.head == [64])
    #expect(throws: SweepError.self) {
      try TrialConfiguration().applying([try SettingOverride("network.factorization.uniform=5")])
    }
  }

  @Test("An architecture takes overrides that no data set goes with")
  func architectureOverrides() throws {
    let overrides = [
      try SettingOverride("inputSize=64", in: "network"),
      try SettingOverride("network.factorization=depthwise"),
    ]
    let changed = try Architecture().applying(overrides)
    #expect(changed.inputSize == 64 && changed.factorization == .depthwise)
    do throws(SweepError) {
      _ = try SettingOverride("factorisation=none", in: "network")
      Issue.record("accepted")
    } catch {
      let flag = "--network factorisation=none"
      #expect(
        error.description
          == "\(flag): network.factorisation: no such setting; did you mean network.factorization?")
    }
  }

  @Test(
    "Expanding twice gives the same sweep; a thousand configurations have a thousand identities and labels")
  func deterministic() throws {
    let values = (1...10).map { "\(Double($0) / 100)" }.joined(separator: ", ")
    let yaml = """
      name: a
      grid:
        training.learningRate: [\(values)]
        training.momentum: [\(values)]
        training.weightDecay: [\(values)]
      """
    let first = try sweep(yaml)
    #expect(try sweep(yaml) == first)
    #expect(Set(first.trials.map(\.id)).count == 1000)
    #expect(Set(first.trials.map(\.label)).count == 1000)
  }

  @Test("What trials share and what differs")
  func settingTable() throws {
    let table = try sweep("name: a\ngrid: {network.factorization: [none, {uniform: 4}]}\nseeds: 2")
      .settingTable
    #expect(table.varying.map(\.key) == ["network.factorization", "seed"])
    #expect(table.varying.map(\.values) == [["none", "{uniform: 4}"], ["1", "2"]])
    #expect(table.common.count == 44)
    #expect(table.common.contains { $0.key == "training.learningRate" && $0.value == "0.01" })
  }
}
