import Foundation
import LayerAnalysis
import Networks
import ResultStore
import Sweeps

/// A directory that goes away with its owner.
final class TemporaryDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/strata-store-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// SplitMix64: the same values from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

enum Samples {
  static let now = Date(timeIntervalSince1970: 1_700_000_000.125)

  static func trial(
    seed: Int = 1, initialization: Initialization.Strategy = .glorotUniform,
    factorization: Factorization = .none, threads: Int = 1
  ) throws -> NewTrial {
    var configuration = TrialConfiguration()
    configuration.training.threads = threads
    configuration.seed = seed
    configuration.initialization.strategy = initialization
    configuration.network.factorization = factorization
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let json = String(decoding: try encoder.encode(configuration), as: UTF8.self)
    let id = String(repeating: "0", count: 48) + String(format: "%016lx", fnv(json))
    return NewTrial(id: id, label: "trial seed \(seed)", json: json, configuration: configuration)
  }

  /// Tells configurations apart, as the identity's hash does.
  private static func fnv(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }

  static func sweep(_ name: String = "sample") -> SweepRecord {
    SweepRecord(name: name, description: "a sample", source: "name: \(name)\n", created: now)
  }

  static func worker(_ id: String = "w1", host: String = "alpha") -> WorkerRecord {
    WorkerRecord(
      id: id, name: "worker \(id)", host: host, pid: 17, instructionSet: "AVX512_CORE_VNNI", threads: 1,
      version: "1.0", firstSeen: now, lastSeen: now)
  }

  /// A snapshot with a value of its own in every field, from a generator.
  static func snapshot(epoch: Int, draws: Int = 2, layers: Int = 3, channels: Int = 5, seed: UInt64)
    -> Snapshot
  {
    var generator = SeededGenerator(seed &* 1000 &+ UInt64(epoch))
    func number() -> Double { Double.random(in: -3...3, using: &generator) }
    func optional() -> Double? { Bool.random(using: &generator) ? number() : nil }
    var snapshot = Snapshot()
    snapshot.epoch = epoch
    snapshot.learningRate = number()
    snapshot.trainLoss = epoch == 0 ? nil : number()
    snapshot.trainAccuracy = epoch == 0 ? nil : number()
    snapshot.testLoss = number()
    snapshot.testAccuracy = 0.5 + abs(number()) / 10
    snapshot.trainSeconds = number()
    snapshot.snapshotSeconds = number()
    for draw in 0..<draws {
      var metrics = DrawMetrics()
      metrics.draw = draw
      metrics.quantizedAccuracy = number()
      metrics.qmse = number()
      metrics.qce = number()
      metrics.qkl = number()
      metrics.logitMSE = number()
      metrics.changedPredictions = number()
      snapshot.draws.append(metrics)
    }
    for draw in 0..<draws {
      for index in 0..<layers {
        for kind in draw == 0 ? [TensorKind.weights, .foldedWeights, .activations] : [.activations] {
          var layer = LayerStatistics()
          layer.draw = draw
          layer.index = index
          layer.layer = "stage1.\(index).conv"
          layer.kind = kind
          layer.statistics.count = Int.random(in: 1...1_000_000, using: &generator)
          layer.statistics.minimum = Float(number())
          layer.statistics.maximum = Float(number())
          layer.statistics.mean = number()
          layer.statistics.standardDeviation = number()
          layer.statistics.lower = Float(number())
          layer.statistics.upper = Float(number())
          layer.statistics.averagePrecision = optional()
          layer.statistics.sparsity = number()
          layer.statistics.kurtosis = optional()
          layer.statistics.channelKurtosis = optional()
          layer.statistics.klFromUniform = optional()
          layer.statistics.sqnr = optional()
          layer.statistics.histogram = (0..<256).map { _ in UInt32.random(in: 0 ... .max, using: &generator) }
          layer.statistics.channelLower = (0..<channels).map { _ in Float(number()) }
          layer.statistics.channelUpper = (0..<channels).map { _ in Float(number()) }
          snapshot.layers.append(layer)
        }
        var error = LayerError()
        error.draw = draw
        error.index = index
        error.layer = "stage1.\(index).conv"
        error.mse = number()
        error.sqnr = optional()
        error.weightsAloneQMSE = optional()
        error.activationsAloneQMSE = optional()
        snapshot.errors.append(error)
      }
    }
    return snapshot
  }
}

extension Store {
  /// A store with one sweep of these trials and a worker, in a new file.
  static func sample(_ path: String, trials: [NewTrial], sweep: String = "sample") throws -> Store {
    let store = try Store.open(path)
    try store.write { batch in
      try batch.addSweep(Samples.sweep(sweep), trials: trials)
      try batch.saveWorker(Samples.worker())
    }
    return store
  }

  /// A trial's results at these epochs, as the values a seed gives, and its outcome if it has one.
  func fill(_ trial: NewTrial, epochs: [Int], seed: UInt64, outcome: TrialOutcome? = nil, attempt: Int = 1)
    throws
  {
    try write { batch in
      try batch.attemptStarted(trial: trial.id, number: attempt, worker: "w1", at: Samples.now)
      for epoch in epochs {
        try batch.saveSnapshot(
          trial: trial.id, attempt: attempt, Samples.snapshot(epoch: epoch, seed: seed))
      }
      if let outcome {
        try batch.setOutcome(
          trial.id, outcome, weightsSHA256: String(format: "%064lx", seed), seconds: 12.5)
        try batch.attemptEnded(trial: trial.id, number: attempt, .result, at: Samples.now, seconds: 12.5)
      }
    }
  }
}
