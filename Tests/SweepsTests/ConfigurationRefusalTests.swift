import Foundation
import Sweeps
import Testing

@Suite struct ConfigurationRefusalTests {
  @Test(
    "Settings out of bounds",
    arguments: [
      ("training.epochs: 0", "training.epochs: 0: it must be 1 to 100000"),
      ("training.batch: 0", "training.batch: 0: it must be 1 to 65536"),
      ("training.learningRate: 0", "training.learningRate: 0: it must be above 0"),
      ("training.momentum: 1", "training.momentum: 1: it must be at least 0 and below 1"),
      ("training.weightDecay: -1", "training.weightDecay: -1: it must be at least 0"),
      ("training.decayEpochs: [0]", "training.decayEpochs: 0: it must be at least 1"),
      ("training.decayEpochs: [5, 5]", "training.decayEpochs: an epoch is listed twice"),
      ("training.decayFactor: -0.1", "training.decayFactor: -0.1: it must be above 0"),
      ("training.augmentation.shift: 1", "training.augmentation.shift: 1: it must be at least 0 and below 1"),
      (
        "training.augmentation.zoom: -0.1",
        "training.augmentation.zoom: -0.1: it must be at least 0 and below 1"
      ),
      (
        "training.augmentation.rotation: 360",
        "training.augmentation.rotation: 360: it must be at least 0 and below 360"
      ),
      ("training.threads: 0", "training.threads: 0: it must be 1 to 1024"),
      ("data.train: 50001", "data.train: 50001: it must be 1 to 50000"),
      ("training.batch: 50001", "training.batch: 50001 is more than the 50000 training images"),
      ("data.test: 0", "data.test: 0: it must be 1 to 10000"),
      ("quantization.weightBits: 1", "quantization.weightBits: 1: it must be 2 to 16"),
      ("quantization.activationBits: 17", "quantization.activationBits: 17: it must be 2 to 16"),
      (
        "quantization.clippedPercent: 50",
        "quantization.clippedPercent: 50: it must be at least 0 and below 50"
      ),
      ("quantization.draws: 0", "quantization.draws: 0: it must be 1 to 10000"),
      (
        "quantization.draws: 133",
        "quantization.draws: 133: with 12 layers this wide it must be 1 to 132, because a snapshot may have 4194304 bytes"
      ),
      (
        "network.stages: [{width: 64, blocks: 200}, {width: 64, blocks: 200}, {width: 64, blocks: 200}, {width: 64, blocks: 200}]",
        "network.stages: with 804 layers this wide a snapshot may have 4808364 bytes, more than 4194304"
      ),
      ("quantization.calibrationImages: 0", "quantization.calibrationImages: 0: it must be 1 to 1000000"),
      ("analysis.sensitivityImages: -1", "analysis.sensitivityImages: -1: it must be 0 to 1000000"),
      ("seed: -1", "seed: -1: it must be at least 0"),
      (
        "network.inputSize: 30",
        "network.inputSize: 30 cannot be halved 2 times, once for every stage after the first"
      ),
      ("network.classes: 20", "network.classes: 20 does not fit the data set cifar10: it must be 10"),
      ("network.batchNormMomentum: 1", "network.batchNormMomentum: 1: it must be at least 0 and below 1"),
      (
        "network.factorization: {uniform: 3}",
        "network.factorization: block stage1.0: rate 3 does not divide its 64 input channels"
      ),
      (
        "initialization.strategy: {normal: 0}",
        "initialization.strategy: standard deviation 0: it must be above 0"
      ),
    ])
  func bounds(setting: String, message: String) throws {
    let column = try #require(setting.range(of: ": ")).upperBound.utf16Offset(in: setting) + 3
    #expect(refusal("name: a\nbase:\n  \(setting)") == "s.yaml:3:\(column): \(message)")
  }

  @Test(
    "Settings that do not go together are reported at the one the file gives",
    arguments: [
      (
        "base: {analysis.snapshots: [3, 9], training.epochs: 5}",
        "s.yaml:2:28: analysis.snapshots: epoch 9 is not in 0 to 5, the epochs of training"
      ),
      (
        "base: {analysis.snapshots: [3, 9]}\ngrid: {training.epochs: [10, 5]}",
        "s.yaml:2:28: analysis.snapshots: epoch 9 is not in 0 to 5, the epochs of training"
      ),
      (
        "base: {data.dataset: cifar100}",
        "s.yaml:2:22: network.classes: 10 does not fit the data set cifar100: it must be 100"
      ),
      (
        "base: {data.train: 500}",
        "s.yaml:2:20: quantization.calibrationImages: 1024 is more than the 500 training images of data.train"
      ),
      (
        "base: {data: {dataset: synthetic, train: 10001}}",
        "s.yaml:2:42: data.train: 10001: it must be 1 to 10000"
      ),
      (
        "base: {data: {dataset: synthetic, test: 2001}}",
        "s.yaml:2:41: data.test: 2001: it must be 1 to 2000"
      ),
      (
        "base: {training.batch: 200, data.train: 100, quantization.calibrationImages: 10}",
        "s.yaml:2:24: training.batch: 200 is more than the 100 training images"
      ),
      (
        "base: {network.factorization: {uniform: 8}}\ntrials: [{network: {firstWidth: 20}}]",
        "s.yaml:2:31: network.factorization: block stage1.0: rate 8 does not divide its 20 input channels"
      ),
    ])
  func combinations(yaml: String, message: String) {
    #expect(refusal("name: a\n" + yaml) == message)
  }

  @Test(
    "Equal trials and equal names, both named",
    arguments: [
      (
        "grid: {network.batchNorm: [true, false, true]}",
        "s.yaml:2:41: grid network.batchNorm=true is the same configuration as grid network.batchNorm=true"
      ),
      (
        "grid: {network.batchNorm: [false]}\ntrials:\n  - training.batch: 64\n  - {name: x, network.batchNorm: false}",
        "s.yaml:5:5: trial 2 of trials is the same configuration as grid network.batchNorm=false"
      ),
      (
        "trials: [{name: x, training.batch: 1}, {name: x, training.batch: 2}]",
        "s.yaml:2:40: trials: trial 1 and trial 2 are both named x"
      ),
      (
        "grid: {network.batchNorm: [false]}\ntrials: [{name: Regular_Conv_No_BN_GlorotUni, training.batch: 1}]",
        "s.yaml:3:10: grid network.batchNorm=false and trial 1 of trials would both be called Regular_Conv_No_BN_GlorotUni: name one otherwise"
      ),
    ])
  func duplicates(yaml: String, message: String) {
    #expect(refusal("name: a\n" + yaml) == message)
  }

  @Test("A grid beyond a million trials")
  func tooMany() {
    let seeds = (0..<1001).map(String.init).joined(separator: ",")
    let yaml = "name: a\nseeds: 1000\ngrid: {training.batch: [\(seeds)]}"
    #expect(refusal(yaml) == "s.yaml: more than 1000000 trials: shorten an axis of the grid")
  }
}
