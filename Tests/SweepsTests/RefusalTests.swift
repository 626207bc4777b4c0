import Foundation
import Sweeps
import Testing

/// What reading `yaml` fails with; "accepted" where it does not.
func refusal(_ yaml: String, set: [String] = []) -> String {
  do throws(SweepError) {
    var overrides: [SettingOverride] = []
    for text in set { overrides.append(try SettingOverride(text)) }
    let sweep = try SweepFile.parse(yaml, source: "s.yaml", overrides: overrides)
    return "accepted: \(sweep.trials.count) trials"
  } catch {
    return error.description
  }
}

@Suite struct RefusalTests {
  @Test(
    "Text that is no sweep file",
    arguments: [
      ("", "s.yaml:1:1: a sweep file is a map with name, base, grid, zip, trials and seeds"),
      ("- a\n", "s.yaml:1:1: a sweep file is a map with name, base, grid, zip, trials and seeds"),
      ("base: {}", "s.yaml:1:1: name: missing: give the sweep a name"),
      ("name: [a]", "s.yaml:1:7: name is [a]: it must be text"),
      ("name: a b", "s.yaml:1:7: name is a b: it must be letters, digits, - _ and . only"),
      ("name: ''", "s.yaml:1:7: name is \"\": it must be letters, digits, - _ and . only"),
      ("name: 3", "s.yaml:1:7: name is 3: it must be text"),
      ("name: a\ndescription: {}", "s.yaml:2:14: description is {}: it must be text"),
      ("name: a\nname: b", "s.yaml:1:1: name is given twice in one map"),
      (
        "name: a\nbase: [1",
        "s.yaml:3:1: while parsing a flow sequence, did not find expected ',' or ']'"
      ),
      (
        "name: a\n\tbase: 1",
        "s.yaml:2:1: while scanning a plain scalar, found a tab character that violates indentation"
      ),
      ("name: a\nbase: *x", "s.yaml:2:7: found undefined alias"),
      (
        "name: a\n---\nname: b",
        "s.yaml:2:1: expected a single document in the stream, but found another document"
      ),
      ("name: a\nbase: {[1]: 2}", "s.yaml:2:8: a key must be a single word"),
    ])
  func document(yaml: String, message: String) {
    #expect(refusal(yaml) == message)
  }

  @Test(
    "Keys there are none of, with the nearest right one",
    arguments: [
      ("gird: {}", "s.yaml:2:1: gird: no such key of a sweep file; did you mean grid?"),
      ("network: {}", "s.yaml:2:1: network: no such key of a sweep file; did you mean base.network?"),
      (
        "training.epochs: 3",
        "s.yaml:2:1: training.epochs: no such key of a sweep file; did you mean base.training.epochs?"
      ),
      ("epochs: 3", "s.yaml:2:1: epochs: no such key of a sweep file; did you mean base.training.epochs?"),
      (
        "completely: 3",
        "s.yaml:2:1: completely: no such key of a sweep file, which has name, description, base, grid, zip, trials, seeds, earlyStopping"
      ),
      (
        "base:\n  training:\n    epoch: 3",
        "s.yaml:4:5: training.epoch: no such setting; did you mean training.epochs?"
      ),
      ("base: {trianing: {epochs: 3}}", "s.yaml:2:8: trianing: no such setting; did you mean training?"),
      (
        "base: {training.epoch: 3}",
        "s.yaml:2:8: training.epoch: no such setting; did you mean training.epochs?"
      ),
      (
        "base: {network: {epochs: 3}}",
        "s.yaml:2:18: network.epochs: no such setting; did you mean training.epochs?"
      ),
      ("base: {batchNorm: true}", "s.yaml:2:8: batchNorm: no such setting; did you mean network.batchNorm?"),
      (
        "base: {data: {xyzzy: 3}}",
        "s.yaml:2:15: data.xyzzy: no such setting; data has dataset, train, test, scaling"
      ),
      (
        "grid: {network.batchnorm: [true]}",
        "s.yaml:2:8: network.batchnorm: no such setting; did you mean network.batchNorm?"
      ),
      (
        "grid: {network: [{batchNrm: true}]}",
        "s.yaml:2:19: network.batchNrm: no such setting; did you mean network.batchNorm?"
      ),
      (
        "zip: {training.batches: [1]}",
        "s.yaml:2:7: training.batches: no such setting; did you mean training.batch?"
      ),
      ("trials: [{nme: x}]", "s.yaml:2:11: nme: no such setting; did you mean name?"),
      (
        "base: {network.stages: [{width: 64, block: 2}]}",
        "s.yaml:2:37: network.stages.0.block: no such setting; did you mean network.stages.0.blocks?"
      ),
      (
        "base: {training..epochs: 3}",
        "s.yaml:2:8: training.: no such setting; training has epochs, batch, learningRate, momentum, weightDecay, decayEpochs, decayFactor, augmentation, convolution, threads, device"
      ),
      ("base: {training.epochs: 3, training: {epochs: 5}}", "s.yaml:2:39: training.epochs: given twice"),
      (
        "grid: {training.epochs: [3], training: {epochs: [5]}}",
        "s.yaml:2:41: grid.training.epochs: given twice"
      ),
    ])
  func keys(yaml: String, message: String) {
    #expect(refusal("name: a\n" + yaml) == message)
  }

  @Test(
    "Values of the wrong type",
    arguments: [
      ("base: {training.epochs: fast}", "s.yaml:2:25: training.epochs is fast: it must be a whole number"),
      ("base: {training.epochs: 2.5}", "s.yaml:2:25: training.epochs is 2.5: it must be a whole number"),
      ("base: {training.epochs: '3'}", "s.yaml:2:25: training.epochs is 3: it must be a whole number"),
      ("base: {training.epochs: null}", "s.yaml:2:25: training.epochs is null: it must be a whole number"),
      ("base: {training.epochs: [3]}", "s.yaml:2:25: training.epochs is [3]: it must be a whole number"),
      (
        "base: {training.epochs: {x: 3}}", "s.yaml:2:25: training.epochs is {x: 3}: it must be a whole number"
      ),
      (
        "base: {training.epochs: 99999999999999999999}",
        "s.yaml:2:25: training.epochs is 100000000000000000000: it must be a whole number"
      ),
      (
        "base: {training.learningRate: high}",
        "s.yaml:2:31: training.learningRate is high: it must be a number"
      ),
      (
        "base: {training.learningRate: .inf}",
        "s.yaml:2:31: training.learningRate is inf: it must be a finite number"
      ),
      ("base: {network.batchNorm: 1}", "s.yaml:2:27: network.batchNorm is 1: it must be true or false"),
      ("base: {network.head: 128}", "s.yaml:2:22: network.head is 128: it must be a list"),
      ("base: {network.head: [128, x]}", "s.yaml:2:28: network.head.1 is x: it must be a whole number"),
      ("base: {network.stages: [{width: 64}]}", "s.yaml:2:25: network.stages.0: blocks is missing"),
      ("base: {network.stages: [64]}", "s.yaml:2:25: network.stages.0 is 64: it must be a map of settings"),
      ("base: {training: fast}", "s.yaml:2:18: training is fast: it must be a map of settings"),
      ("base: fast", "s.yaml:2:7: base is fast: it must be a map of settings"),
      (
        "base: {network.downsampling: strid}",
        "s.yaml:2:30: network.downsampling is strid: it must be stride or maxPool"
      ),
      (
        "base: {quantization.rounding: up}",
        "s.yaml:2:31: quantization.rounding is up: it must be tiesToEven, tiesAway or tiesUp"
      ),
      (
        "base: {network.factorization: depthwse}",
        "s.yaml:2:31: network.factorization is depthwse: it must be none, depthwise, {uniform: 4}, {reversePyramid: 2} or {explicit: [1, 2, …]}"
      ),
      (
        "base: {network.factorization: {unifrom: 4}}",
        "s.yaml:2:31: network.factorization is {unifrom: 4}: it must be none, depthwise, {uniform: 4}, {reversePyramid: 2} or {explicit: [1, 2, …]}"
      ),
      (
        "base: {network.factorization: {uniform: x}}",
        "s.yaml:2:41: network.factorization.uniform is x: it must be a whole number"
      ),
      (
        "base: {initialization.strategy: 3}",
        "s.yaml:2:33: initialization.strategy is 3: it must be glorotUniform, glorotNormal, heUniform, heNormal, {normal: 0.5}, {uniform: 0.5} or {modifiedGlorotUniform: 36}"
      ),
      ("grid: [1]", "s.yaml:2:7: grid is [1]: it must be a map of key paths to lists of values"),
      (
        "grid: {network.batchNorm: true}",
        "s.yaml:2:27: grid.network.batchNorm is true: it must be a list of values"
      ),
      (
        "grid: {network.batchNorm: []}",
        "s.yaml:2:27: grid.network.batchNorm: the list is empty: give at least one value"
      ),
      (
        "grid: {network.batchNorm: [true, maybe]}",
        "s.yaml:2:34: network.batchNorm is maybe: it must be true or false"
      ),
      (
        "zip: {training.epochs: [1, 2], training.batch: [1]}",
        "s.yaml:2:6: zip: the lists differ in length: training.epochs 2, training.batch 1"
      ),
      ("trials: {a: 1}", "s.yaml:2:9: trials is {a: 1}: it must be a list of maps of settings"),
      ("trials: [3]", "s.yaml:2:10: trials.0 is 3: it must be a map of settings"),
      ("trials: [{name: 3}]", "s.yaml:2:17: trials.0.name is 3: it must be text"),
      ("seeds: 0", "s.yaml:2:8: seeds is 0: it must be a list of seeds or a count of at least 1"),
      ("seeds: []", "s.yaml:2:8: seeds is []: it must be a list of seeds or a count of at least 1"),
      ("seeds: [1, x]", "s.yaml:2:12: seeds is x: it must be a whole number from 0"),
      ("seeds: [1, 2, 1]", "s.yaml:2:15: seeds: 1 is listed twice"),
      ("seeds: 2\nbase: {seed: 3}", "s.yaml:3:8: seed: given along with seeds: give one or the other"),
    ])
  func types(yaml: String, message: String) {
    #expect(refusal("name: a\n" + yaml) == message)
  }

  @Test(
    "Overrides",
    arguments: [
      ("training.epochs", "--set training.epochs: write it as key.path=value, as in training.epochs=3"),
      ("=3", "--set =3: write it as key.path=value, as in training.epochs=3"),
      (
        "training.epoch=3",
        "--set training.epoch=3: training.epoch: no such setting; did you mean training.epochs?"
      ),
      ("epochs=3", "--set epochs=3: epochs: no such setting; did you mean training.epochs?"),
      ("training.epochs=x", "--set training.epochs=x: training.epochs is x: it must be a whole number"),
      ("training.epochs=", "--set training.epochs=: training.epochs is null: it must be a whole number"),
      ("training.epochs=0", "--set training.epochs=0: training.epochs: 0: it must be 1 to 100000"),
      (
        "network.factorization={uniform: 4",
        "--set network.factorization={uniform: 4: the value is not YAML: while parsing a flow mapping, did not find expected ',' or '}'"
      ),
      (
        "network.factorization.uniform=48",
        "--set network.factorization.uniform=48: network.factorization: block stage1.0: rate 48 does not divide its 64 input channels"
      ),
      (
        "analysis.snapshots=[300]",
        "--set analysis.snapshots=[300]: analysis.snapshots: epoch 300 is not in 0 to 200, the epochs of training"
      ),
      ("seeds=x", "--set seeds=x: seeds is x: it must be a list of seeds or a count of at least 1"),
    ])
  func overrides(text: String, message: String) {
    #expect(refusal("name: a", set: [text]) == message)
  }

  @Test("Files that cannot be read")
  func files() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sweeps-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let names =
      "give a sweep file or one of quickstart, weight-initialization, training-evolution, progressive-factorization"
    let missing = folder.appendingPathComponent("missing.yaml").path
    #expect(loading(missing) == "\(missing): no such file; \(names)")
    #expect(loading("quikstart") == "quikstart: no such file; did you mean quickstart?")
    #expect(loading(folder.path) == "\(folder.path): cannot be read")
    let binary = folder.appendingPathComponent("binary.yaml")
    try Data([0x6e, 0xff, 0xfe]).write(to: binary)
    #expect(loading(binary.path) == "\(binary.path): not a text file in UTF-8")
    let good = folder.appendingPathComponent("good.yaml")
    try Data("name: good".utf8).write(to: good)
    #expect(loading(good.path) == "accepted good")
  }

  private func loading(_ path: String) -> String {
    do throws(SweepError) {
      return "accepted \(try Sweep.load(path).name)"
    } catch {
      return error.description
    }
  }
}
