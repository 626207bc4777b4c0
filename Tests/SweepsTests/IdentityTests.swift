import Foundation
import Networks
import Testing

@testable import Sweeps

@Suite struct IdentityTests {
  struct Golden: Decodable {
    let base: String
    let canonical: String
    let id: String
  }

  @Test("Canonical JSON and identity as Python computes them")
  func golden() throws {
    let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
    let data = try Data(contentsOf: folder.appendingPathComponent("identity.json"))
    let goldens = try JSONDecoder().decode([Golden].self, from: data)
    #expect(goldens.count == 3)
    for golden in goldens {
      let sweep = try SweepFile.parse("name: a\nbase: \(golden.base)", source: "a.yaml")
      let trial = try #require(sweep.trials.first)
      #expect(trial.configuration.canonicalJSON == golden.canonical)
      #expect(trial.id == golden.id)
      #expect(try TrialConfiguration(canonicalJSON: golden.canonical) == trial.configuration)
      #expect(
        try JSONDecoder().decode(TrialConfiguration.self, from: Data(golden.canonical.utf8))
          == trial.configuration)
    }
  }

  @Test("Forms written together are those written alone")
  func forms() throws {
    var forms = CanonicalForms()
    for sweep in try ShippedSweeps.all.map({ try $0.sweep() }) {
      for trial in sweep.trials {
        #expect(forms.json(trial.configuration) == trial.configuration.canonicalJSON)
        #expect(trial.id == trial.configuration.identity)
        #expect(trial == Trial(trial.configuration, label: trial.label))
      }
    }
  }

  /// Trees are decoded in turn, each with help of the one before.
  @Test func aTreeIsDecodedTheSameAfterAnyOther() throws {
    let trees = ConfigurationTrees()
    let configurations = try ShippedSweeps.all.flatMap { try $0.sweep().trials.map(\.configuration) }
    for configuration in configurations + configurations.reversed() {
      #expect(try trees.decode(configuration.tree, source: "a.yaml") == configuration)
    }
    let broken = try SettingSchema.overlay(
      SettingReader.read("{training: {epochs: many}}", source: "a.yaml"), on: configurations[0].tree)
    #expect(throws: SweepError.self) { try trees.decode(broken, source: "a.yaml") }
    #expect(try trees.decode(configurations[0].tree, source: "a.yaml") == configurations[0])
  }

  /// From RFC 8785, appendix B.
  @Test(
    "Numbers as ECMAScript writes them",
    arguments: [
      (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
      (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
      (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
      (0xc340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
      (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
      (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
      (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
      (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
      (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5555, "333333333.3333333"),
      (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
    ] as [(UInt64, String)])
  func numbers(bits: UInt64, text: String) {
    #expect(CanonicalJSON.number(Double(bitPattern: bits)) == text)
  }

  @Test("Every number reads back to the same bits")
  func roundTrip() throws {
    var state: UInt64 = 1
    for _ in 0..<20_000 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let value = Double(bitPattern: state)
      guard value.isFinite else { continue }
      #expect(Double(CanonicalJSON.number(value)) == value)
    }
  }

  @Test("Strings are escaped as RFC 8785 says")
  func strings() {
    let text = "\u{20ac}$\u{f}\u{a}A'\u{42}\u{22}\u{5c}\\\"/"
    let expected = "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\""
    #expect(CanonicalJSON.text(SettingNode(.text(text))) == expected)
  }

  @Test("Identity does not depend on the order or the notation of keys")
  func order() throws {
    let ways = [
      "{training: {epochs: 3, batch: 64}, seed: 2, network: {batchNorm: false, factorization: {uniform: 4}}}",
      "{network: {factorization: {uniform: 4}, batchNorm: no}, training: {batch: 64, epochs: 3}, seed: 2}",
      "{network.factorization.uniform: 4, seed: 2, training.batch: 64, network.batchNorm: off, training.epochs: 3.0}",
      "{seed: 0x2, training: {batch: 64}, training.epochs: 3, network: {factorization.uniform: 4, batchNorm: false}}",
    ]
    let ids = try ways.map { try SweepFile.parse("name: a\nbase: \($0)", source: "a").trials.map(\.id) }
    #expect(Set(ids).count == 1)
  }

  @Test("Every field of a configuration changes its identity")
  func everyField() throws {
    let settings = [
      "network.inputSize=64", "network.inputChannels=1", "network.classes=20", "network.firstWidth=32",
      "network.stages=[{width: 64, blocks: 1}]", "network.downsampling=maxPool", "network.head=[]",
      "network.batchNorm=false", "network.batchNormMomentum=0.9", "network.batchNormEpsilon=1e-5",
      "network.factorization=depthwise", "initialization.strategy=heNormal", "initialization.scope=all",
      "initialization.fans=perGroup", "initialization.truncatesNormals=false", "training.epochs=10",
      "training.batch=64", "training.learningRate=0.1", "training.momentum=0", "training.weightDecay=1e-4",
      "training.decayEpochs=[]", "training.decayFactor=0.5", "training.augmentation.enabled=false",
      "training.augmentation.shift=0", "training.augmentation.zoom=0", "training.augmentation.rotation=0",
      "training.augmentation.horizontalFlip=false", "training.augmentation.verticalFlip=false",
      "training.convolution=direct", "training.threads=2", "data.dataset=synthetic", "data.train=2000",
      "data.test=100", "data.scaling=standardized", "quantization.weightBits=4",
      "quantization.activationBits=4", "quantization.weightGranularity=perChannel",
      "quantization.symmetricWeights=true", "quantization.clippedPercent=0", "quantization.rounding=tiesUp",
      "quantization.calibrationImages=512", "quantization.draws=2", "analysis.snapshots=[5]",
      "analysis.sensitivityImages=0", "seed=2",
    ]
    var ids: Set<String> = [TrialConfiguration().identity]
    for setting in settings {
      let override = try SettingOverride(setting)
      let tree = try SettingSchema.overlay(override.tree, on: SettingSchema.defaults)
      let configuration = try TrialConfiguration.decode(tree, source: "test")
      ids.insert(configuration.identity)
      #expect(try TrialConfiguration(canonicalJSON: configuration.canonicalJSON) == configuration)
    }
    #expect(ids.count == settings.count + 1)
    // training.device has one value only.
    #expect(SettingSchema.paths(setBy: SettingSchema.defaults).count == settings.count + 1)
  }

  @Test("Epochs listed in another order, twice, or taken anyway are the same trial")
  func normalization() {
    var a = TrialConfiguration()
    a.analysis.snapshots = [50, 5]
    a.training.decayEpochs = [120, 75, 170]
    var b = TrialConfiguration()
    b.analysis.snapshots = [0, 5, 50, 200]
    #expect(Trial(a).id == Trial(b).id)
    #expect(Trial(a).id != Trial(TrialConfiguration()).id)
    #expect(b.snapshotEpochs == [0, 5, 50, 200])
    #expect(TrialConfiguration().snapshotEpochs == [0, 200])
  }
}
