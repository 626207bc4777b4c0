import Networks
import Sweeps
import Testing

@Suite struct ShippedSweepTests {
  @Test(
    "Counts",
    arguments: [
      ("quickstart", 8), ("weight-initialization", 48), ("training-evolution", 8),
      ("progressive-factorization", 8),
    ])
  func counts(name: String, count: Int) throws {
    let sweep = try Sweep.load(name)
    #expect(sweep.name == name)
    #expect(!sweep.description.isEmpty)
    #expect(sweep.trials.count == count)
    #expect(Set(sweep.trials.map(\.id)).count == count)
    #expect(Set(sweep.trials.map(\.label)).count == count)
    #expect(ShippedSweeps.all.count == 4)
  }

  @Test("Chapter 4's networks: two kinds, with and without BatchNorm, under twelve strategies")
  func weightInitialization() throws {
    let trials = try Sweep.load("weight-initialization").trials
    #expect(trials.filter(\.configuration.network.batchNorm).count == 24)
    #expect(trials.filter { $0.configuration.network.factorization == .depthwise }.count == 24)
    #expect(Set(trials.map(\.configuration.initialization.strategy)).count == 12)
    #expect(trials[0].label == "Regular_Conv_With_BN_RandNorm_Large")
    #expect(trials[47].label == "DWS_Conv_No_BN_HeNorm")
  }

  @Test("Tables 4.3 and 4.4: their eight networks at their five epochs")
  func trainingEvolution() throws {
    let trials = try Sweep.load("training-evolution").trials
    #expect(
      trials.map(\.label) == [
        "DWS_Conv_No_BN_RandNorm_Med", "DWS_Conv_No_BN_RandNorm_Large", "DWS_Conv_With_BN_HeNorm",
        "DWS_Conv_With_BN_GlorotUni", "Regular_Conv_No_BN_HeUni", "Regular_Conv_No_BN_GlorotNorm",
        "Regular_Conv_With_BN_ModGlorotUni_Large", "Regular_Conv_With_BN_RandUni_Small",
      ])
    #expect(trials.allSatisfy { $0.configuration.snapshotEpochs == [0, 5, 50, 75, 150, 200] })
    let short = try Sweep.load("training-evolution", overrides: ["training.epochs=60"])
    #expect(short.trials.allSatisfy { $0.configuration.snapshotEpochs == [0, 5, 50, 60] })
  }

  @Test("Chapter 5's eight networks by their published MMACs")
  func progressiveFactorization() throws {
    let trials = try Sweep.load("progressive-factorization").trials
    let macs = try trials.map { try Network($0.configuration.network).convolutionCost.macs }
    #expect(
      macs == [
        266_010_624, 153_812_992, 92_471_296, 61_800_448, 46_465_024, 104_267_776, 67_698_688, 33_415_168,
      ])
    #expect(
      trials.map(\.label) == [
        "Regular_Conv", "FactorizeNet-f2", "FactorizeNet-f4", "FactorizeNet-f8", "FactorizeNet-f16",
        "FactorizeNet-f_init2", "FactorizeNet-f_init4", "DWS_Conv",
      ])
  }

  @Test("The same network in two sweeps is one trial")
  func shared() throws {
    let chapter4 = try Sweep.load("weight-initialization").trials.map(\.id)
    let chapter5 = try Sweep.load("progressive-factorization").trials.map(\.id)
    #expect(Set(chapter4).intersection(chapter5).count == 2)
  }

  @Test(
    "The acceptance runs' overrides apply to every shipped sweep", arguments: ShippedSweeps.all.map(\.name))
  func overrides(name: String) throws {
    let overrides = ["training.epochs=1", "data.train=200", "data.test=100"]
    let sweep = try Sweep.load(name, overrides: overrides)
    #expect(
      sweep.trials.allSatisfy { $0.configuration.training.epochs == 1 && $0.configuration.data.train == 200 })
    #expect(try sweep.trials.count == Sweep.load(name).trials.count)
  }

  @Test("The template is a sweep itself and names every section")
  func template() throws {
    let sweep = try SweepFile.parse(SweepFile.template, source: "template.yaml")
    #expect(sweep.name == "my-sweep")
    #expect(sweep.trials.count == (3 * 2 * 2 + 1) * 3)
    #expect(SweepFile.template.split(separator: "\n").allSatisfy { $0.count < 80 })
    for key in ["base", "grid", "zip", "trials", "seeds"] {
      #expect(SweepFile.template.contains("\n\(key):"))
    }
  }
}
