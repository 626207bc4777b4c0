import Foundation
import LayerAnalysis
import Networks
@testable import ResultStore
import Sweeps
import Testing

/// What is written is what is read.
@Suite struct RoundTripTests {
  let directory = try! TemporaryDirectory()

  @Test func snapshotsComeBackAsTheyWere() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    let snapshots = [0, 1, 5].map { Samples.snapshot(epoch: $0, seed: 3) }
    try store.write { batch throws in
      for snapshot in snapshots.reversed() { try batch.saveSnapshot(trial: trial.id, attempt: 1, snapshot) }
    }
    try store.read { reader throws in
      #expect(try reader.epochs(trial: trial.id) == [0, 1, 5])
      for (snapshot, read) in zip(snapshots, try reader.snapshots(trial: trial.id)) {
        #expect(read.draws == snapshot.draws)
        #expect(read.errors == snapshot.errors)
        #expect(Set(read.layers) == Set(snapshot.layers) && read.layers.count == snapshot.layers.count)
        var whole = read
        whole.layers = snapshot.layers
        #expect(whole == snapshot)
      }
    }
  }

  /// Several rows are inserted at a time, and those in sequence without their numbers.
  @Test func rowsInAnyOrderComeBackInTheirPlaces() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    var snapshot = Samples.snapshot(epoch: 3, draws: 3, layers: 9, seed: 1)
    for place in stride(from: 0, to: snapshot.layers.count, by: 7) {
      snapshot.layers[place].statistics.mean = -0.0
    }
    let orders = [
      Array(snapshot.layers.indices), snapshot.layers.indices.reversed(), [5, 6, 3, 4, 7, 8, 0, 1, 2],
    ]
    try store.write { batch throws in
      // Each takes the place of the one before, in the same transaction.
      for order in orders {
        var shuffled = snapshot
        let rest = Set(snapshot.layers.indices).subtracting(order).sorted()
        shuffled.layers = (order + rest).map { snapshot.layers[$0] }
        shuffled.errors.reverse()
        try batch.saveSnapshot(trial: trial.id, attempt: 1, shuffled)
        let read = try StoreReader(batch.db, path: store.path).snapshot(trial: trial.id, epoch: 3)
        #expect(read?.errors == snapshot.errors)
        let layers = read?.layers ?? []
        #expect(layers.count == snapshot.layers.count && Set(layers) == Set(snapshot.layers))
        let negative = snapshot.layers.filter { $0.statistics.mean.sign == .minus }
        #expect(Set(layers.filter { $0.statistics.mean.sign == .minus }) == Set(negative))
      }
    }
  }

  /// SQLite keeps a NaN as NULL and −0 as 0: neither may come back as something else.
  @Test func numbersThatSQLiteCannotKeepComeBack() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    var snapshot = Samples.snapshot(epoch: 3, draws: 1, layers: 1, seed: 1)
    snapshot.trainLoss = .nan
    snapshot.testLoss = .infinity
    snapshot.trainAccuracy = nil
    snapshot.draws[0].qmse = .nan
    snapshot.draws[0].qce = -.infinity
    snapshot.draws[0].qkl = -0.0
    snapshot.layers[0].statistics.minimum = -0.0
    snapshot.layers[0].statistics.maximum = .nan
    snapshot.layers[0].statistics.mean = .leastNonzeroMagnitude
    snapshot.layers[0].statistics.kurtosis = .nan
    snapshot.layers[0].statistics.sqnr = nil
    snapshot.layers[0].statistics.sparsity = 1
    snapshot.layers[0].statistics.channelLower = [.nan, -0.0, .infinity, .leastNonzeroMagnitude]
    snapshot.layers[0].statistics.histogram = []
    snapshot.errors[0].weightsAloneQMSE = -0.0
    try store.write { try $0.saveSnapshot(trial: trial.id, attempt: 1, snapshot) }
    let read = try #require(try store.read { try $0.snapshot(trial: trial.id, epoch: 3) })
    #expect(read.trainLoss?.isNaN == true)
    #expect(read.testLoss == .infinity)
    #expect(read.trainAccuracy == nil)
    #expect(read.draws[0].qmse.isNaN)
    #expect(read.draws[0].qce == -.infinity)
    #expect(read.draws[0].qkl.bitPattern == (-0.0).bitPattern)
    let statistics = read.layers[0].statistics
    #expect(statistics.minimum.bitPattern == Float(-0.0).bitPattern)
    #expect(statistics.maximum.isNaN)
    #expect(statistics.mean == .leastNonzeroMagnitude)
    #expect(statistics.kurtosis?.isNaN == true)
    #expect(statistics.sqnr == nil)
    #expect(statistics.sparsity == 1)
    #expect(
      statistics.channelLower.map(\.bitPattern)
        == snapshot.layers[0].statistics.channelLower.map(\.bitPattern))
    #expect(statistics.histogram == [])
    #expect(read.errors[0].weightsAloneQMSE?.sign == .minus)
  }

  @Test func withoutDistributionsTheRestIsTheSame() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    let snapshot = Samples.snapshot(epoch: 1, seed: 9)
    try store.write { try $0.saveSnapshot(trial: trial.id, attempt: 1, snapshot) }
    let bare = try #require(
      try store.read { try $0.snapshot(trial: trial.id, epoch: 1, distributions: false) })
    let expected = snapshot.layers.map { layer in
      var layer = layer
      layer.statistics.histogram = []
      layer.statistics.channelLower = []
      layer.statistics.channelUpper = []
      return layer
    }
    #expect(Set(bare.layers) == Set(expected))
    let weights = try store.read { try $0.layers(trial: trial.id, epoch: 1, kind: .weights) }
    #expect(weights == snapshot.layers.filter { $0.kind == .weights })
  }

  @Test func aTrialSpellsOutItsConfiguration() throws {
    let trial = try Samples.trial(
      seed: 7, initialization: .normal(standardDeviation: 0.5), factorization: .uniform(4))
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    let read = try #require(try store.read { try $0.trial(trial.id) })
    #expect(read.configuration == trial.configuration)
    #expect(read.json == trial.json)
    #expect(read.convolutionMACs == 92_471_296)
    #expect(read.network == "FactorizeNet-f4_With_BN_RandNorm_Med")
    #expect(read.state == .pending)
  }

  @Test func bookkeepingComesBack() throws {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    let later = Samples.now.addingTimeInterval(90)
    let checkpoint = CheckpointRecord(
      trial: trial.id, epoch: 2, step: 40, attempt: 2, size: 1000, sha256: "ab", file: "x.safetensors")
    try store.write { batch throws in
      try batch.saveDataset(name: "cifar10", fingerprint: "f0")
      try batch.attemptStarted(trial: trial.id, number: 1, worker: "w1", at: Samples.now)
      try batch.attemptEnded(trial: trial.id, number: 1, .lost, at: later)
      try batch.attemptStarted(
        trial: trial.id, number: 2, worker: "w1", resumedEpoch: 2, resumedStep: 40, at: later)
      try batch.attemptEnded(
        trial: trial.id, number: 2, .failed, at: later, message: "no memory", detail: "no\nmemory",
        seconds: 3, algorithms: "[]")
      try batch.setTrialState(trial.id, .failed, failures: 2, message: "no memory")
      try batch.saveCheckpoint(checkpoint)
      try batch.setAcknowledged(worker: "w1", 9, at: later)
      try batch.setAcknowledged(worker: "w1", 4, at: later)
      try batch.workerLeft("w1", at: later)
      try batch.setSetting("port", "5555")
      try batch.setSetting("port", "5556")
    }
    try store.read { reader throws in
      let attempts = try reader.attempts(trial: trial.id)
      #expect(attempts.map(\.number) == [1, 2])
      #expect(attempts.map(\.ending) == [.lost, .failed])
      #expect(attempts[0].started == Samples.now && attempts[0].ended == later)
      #expect(attempts[0].resumedEpoch == nil && attempts[1].resumedStep == 40)
      #expect(attempts[1].host == "alpha" && attempts[1].instructionSet == "AVX512_CORE_VNNI")
      #expect(
        attempts[1].seconds == 3 && attempts[1].algorithms == "[]" && attempts[1].message == "no memory")
      #expect(attempts[0].detail == nil && attempts[1].detail == "no\nmemory")
      #expect(try reader.checkpoints() == [checkpoint])
      #expect(try reader.datasets() == ["cifar10": "f0"])
      #expect(try reader.setting("port") == "5556")
      #expect(try reader.setting("host") == nil)
      let worker = try #require(try reader.workers().first)
      #expect(worker.acknowledged == 9 && worker.left == later && worker.firstSeen == Samples.now)
      let read = try #require(try reader.trial(trial.id))
      #expect(read.state == .failed && read.failures == 2 && read.message == "no memory")
      #expect(try reader.counts() == [.failed: 1])
      #expect(try reader.sweeps() == [Samples.sweep()])
    }
    try store.write { batch throws in
      try batch.attemptReattached(trial: trial.id, number: 1)
      try batch.dropCheckpoint(trial: trial.id, file: "another", attempt: 2)
      try batch.dropCheckpoint(trial: trial.id, file: "x.safetensors", attempt: 2)
    }
    try store.read { reader throws in
      let first = try #require(try reader.attempts().first)
      #expect(first.ending == nil && first.ended == nil)
      #expect(try reader.checkpoints().isEmpty)
      #expect(try reader.attempts().map(\.resumedEpoch) == [nil, nil])
    }
  }

  /// What computed is the trial's to say, not what its worker offers.
  @Test func anAttemptHasItsTrialsThreads() throws {
    let trial = try Samples.trial(threads: 3)
    let store = try Store.sample(directory.file("a.store"), trials: [trial])
    try store.write { try $0.attemptStarted(trial: trial.id, number: 1, worker: "w1", at: Samples.now) }
    #expect(try store.read { try $0.attempts() }.map(\.threads) == [3])
    #expect(try store.read { try $0.workers() }.map(\.threads).allSatisfy { $0 == 1 })
  }

  @Test func aTrialCanBeInSeveralSweeps() throws {
    let trials = try (1...3).map { try Samples.trial(seed: $0) }
    let store = try Store.sample(directory.file("a.store"), trials: trials)
    try store.fill(trials[1], epochs: [0], seed: 1, outcome: .diverged)
    var others = [trials[2], trials[1]]
    for index in others.indices { others[index].label = "other \(index)" }
    try store.write { try $0.addSweep(Samples.sweep("other"), trials: others) }
    try store.read { reader throws in
      #expect(try reader.trials(sweep: "other").map(\.id) == [trials[2].id, trials[1].id])
      #expect(try reader.trials(sweep: "other").map(\.label) == ["other 0", "other 1"])
      #expect(try reader.trials(sweep: "sample").map(\.id) == trials.map(\.id))
      #expect(try reader.trials(sweep: "sample").map(\.label) == trials.map(\.label))
      #expect(try reader.trial(trials[1].id)?.label == trials[1].label)
      #expect(try reader.trial(trials[1].id)?.state == .diverged)
      #expect(try reader.counts(sweep: "other") == [.pending: 1, .diverged: 1])
      #expect(try reader.finalResults(sweep: "other").map(\.trial) == [trials[1].id])
      #expect(try reader.finalResults(sweep: "other").map(\.label) == ["other 1"])
      #expect(try reader.finalResults().map(\.label) == [trials[1].label])
    }
  }
}
