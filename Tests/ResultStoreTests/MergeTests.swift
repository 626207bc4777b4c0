import Foundation
import GRDB
import LayerAnalysis
import Networks
import Sweeps
import Testing

@testable import ResultStore

/// `StoreMerge` over stores that tell different parts of the same truth.
@Suite struct MergeTests {
  let directory = try! TemporaryDirectory()

  private func merge(_ inputs: [String], _ name: String) throws -> String {
    let output = directory.file("\(name).store")
    try StoreMerge.merge(inputs: inputs, output: output)
    return output
  }

  /// Every row of every table, bookkeeping and times included.
  private func everything(_ path: String) throws -> [[String]] {
    let store = try Store.reading(path)
    return try store.withDatabase { db in
      try StoreTable.all.map { table in
        try table.rowsWithoutNumbers(db, order: table.key.joined(separator: ", "))
      }
    }
  }

  /// A store of some of `truth`'s trials, some of them unfinished, done by workers of its own at times of its own.
  private func randomStore(_ name: String, truth: [NewTrial], seed: UInt64) throws -> String {
    var generator = SeededGenerator(seed)
    let path = directory.file("\(name).store")
    let store = try Store.open(path)
    let members = truth.shuffled(using: &generator).prefix(Int.random(in: 1...truth.count, using: &generator))
    let time = Samples.now.addingTimeInterval(Double(Int.random(in: 0...5, using: &generator)))
    try store.write { batch throws in
      var sweep = Samples.sweep(["one", "two"].randomElement(using: &generator)!)
      sweep.created = time
      try batch.addSweep(sweep, trials: Array(members))
      try batch.saveDataset(
        name: ["cifar10", "synthetic"].randomElement(using: &generator)!, fingerprint: "f0")
      try batch.setSetting("port", "\(seed)")
      let workers = (1...3).map { "w\($0)" }.shuffled(using: &generator)
      for worker in workers { try batch.saveWorker(Samples.worker(worker, host: "host \(seed % 3)")) }
      for trial in members {
        let number = truth.firstIndex(of: trial)!
        try batch.attemptStarted(trial: trial.id, number: 1, worker: workers[0], at: time)
        try batch.attemptEnded(trial: trial.id, number: 1, .lost, at: time.addingTimeInterval(1))
        try batch.attemptStarted(
          trial: trial.id, number: 2, worker: workers[1], at: time.addingTimeInterval(2))
        let state = Int.random(in: 0...5, using: &generator)
        for epoch in 0..<(state < 2 ? 3 : Int.random(in: 0...2, using: &generator)) {
          var snapshot = Samples.snapshot(
            epoch: epoch, draws: 1, layers: 2, channels: 2, seed: UInt64(number))
          snapshot.trainSeconds = Double.random(in: 0...1, using: &generator)
          try batch.saveSnapshot(trial: trial.id, attempt: 1 + epoch % 2, snapshot)
        }
        switch state {
        case 0, 1:
          try batch.setOutcome(
            trial.id, number % 2 == 0 ? .completed : .diverged, weightsSHA256: "hash \(number)",
            seconds: Double.random(in: 0...9, using: &generator))
        case 2: try batch.setTrialState(trial.id, .failed, failures: 2, message: "error \(seed)")
        case 3: try batch.setTrialState(trial.id, .running, failures: 1)
        case 4: try batch.setTrialState(trial.id, .stopped, failures: 0, message: "worst of \(seed)")
        default: break
        }
      }
    }
    try store.close()
    return path
  }

  @Test(arguments: 1...6) func mergingIsCommutativeAssociativeAndIdempotent(seed: Int) throws {
    let truth = try (0..<4).map { try Samples.trial(seed: $0) }
    let s = UInt64(seed) * 100
    let (a, b, c) = (
      try randomStore("a", truth: truth, seed: s + 1), try randomStore("b", truth: truth, seed: s + 2),
      try randomStore("c", truth: truth, seed: s + 3)
    )
    let ab = try merge([a, b], "ab")
    #expect(try everything(ab) == everything(merge([b, a], "ba")))
    let abc = try everything(merge([a, b, c], "abc"))
    #expect(try everything(merge([ab, c], "ab-c")) == abc)
    #expect(try everything(merge([a, merge([b, c], "bc")], "a-bc")) == abc)
    #expect(try everything(merge([c, a, b, a], "caba")) == abc)
    let alone = try merge([a], "alone")
    #expect(try everything(merge([a, a], "aa")) == everything(alone))
    #expect(try everything(merge([alone, alone], "again")) == everything(alone))
    #expect(try everything(merge([ab, a], "ab-a")) == everything(ab))
  }

  @Test func mergingUnitesResults() throws {
    let trials = try (1...3).map { try Samples.trial(seed: $0) }
    let (a, b) = (directory.file("a.store"), directory.file("b.store"))
    let first = try Store.sample(a, trials: [trials[0], trials[1]])
    try first.fill(trials[0], epochs: [0, 1, 2], seed: 1, outcome: .completed)
    try first.fill(trials[1], epochs: [0], seed: 2)
    try first.close()
    let second = try Store.sample(b, trials: [trials[1], trials[2]])
    try second.fill(trials[1], epochs: [0, 1], seed: 2, outcome: .diverged)
    try second.close()
    let before = try [a, b].map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    let merged = try Store.reading(merge([a, b], "merged"))
    try merged.read { reader throws in
      let states = try trials.map { try reader.trial($0.id)?.state }
      #expect(states == [.completed, .diverged, .pending])
      #expect(try reader.epochs(trial: trials[1].id) == [0, 1])
      let snapshots = try reader.snapshots(trial: trials[0].id)
      #expect(snapshots.map(\.draws) == [0, 1, 2].map { Samples.snapshot(epoch: $0, seed: 1).draws })
      #expect(try reader.trials(sweep: "sample").count == 3)
    }
    #expect(try [a, b].map { try Data(contentsOf: URL(fileURLWithPath: $0)) } == before)
    try merged.close()
    let left = try FileManager.default.contentsOfDirectory(atPath: directory.path)
    #expect(left.sorted() == ["a.store", "b.store", "merged.store"])
  }

  @Test func whatDisagreesIsNamed() throws {
    let trial = try Samples.trial()
    func store(_ name: String, _ change: (inout Snapshot) -> Void, weights: UInt64 = 1) throws -> String {
      let store = try Store.sample(directory.file("\(name).store"), trials: [trial])
      try store.fill(trial, epochs: [0], seed: weights, outcome: .completed)
      var snapshot = Samples.snapshot(epoch: 0, seed: 7)
      change(&snapshot)
      try store.write { try $0.saveSnapshot(trial: trial.id, attempt: 1, snapshot) }
      try store.close()
      return store.path
    }
    let base = try store("base", { _ in })
    func refusal(_ other: String) throws -> String {
      let error = #expect(throws: StoreError.self) { try merge([base, other], "out") }
      #expect(!FileManager.default.fileExists(atPath: directory.file("out.store")))
      return error?.description ?? ""
    }
    let mean = try refusal(
      store("mean", { $0.layers[4].statistics.mean = $0.layers[4].statistics.mean.nextUp }))
    #expect(mean.contains("trial \(trial.id)") && mean.contains("mean is"))
    let histogram = try refusal(store("histogram", { $0.layers[4].statistics.histogram[255] ^= 1 }))
    #expect(histogram.contains("histogram"))
    let zero = try refusal(store("zero", { $0.draws[0].qkl = -0.0 }))
    #expect(zero.contains("draw_metrics trial \(trial.id) epoch 0 draw 0") && zero.contains("qkl"))
    let missing = try refusal(store("missing", { $0.errors.removeLast() }))
    #expect(missing.contains("layer_error"))
    let weights = try refusal(store("weights", { _ in }, weights: 2))
    #expect(weights.contains("weights_sha256"))
    _ = try merge([base, store("times", { $0.trainSeconds = 99 })], "out")
  }

  @Test func otherDataIsRefused() throws {
    let paths = try ["aaaa", "bbbb"].map { fingerprint in
      let store = try Store.open(directory.file("\(fingerprint).store"))
      try store.write { try $0.saveDataset(name: "cifar10", fingerprint: fingerprint) }
      try store.close()
      return store.path
    }
    #expect(throws: StoreError.differentDataset(name: "cifar10", known: "aaaa", found: "bbbb")) {
      try merge(paths, "out")
    }
  }

  @Test func nothingIsOverwrittenUnasked() throws {
    let trial = try Samples.trial()
    let input = directory.file("a.store")
    try Store.sample(input, trials: [trial]).close()
    let output = directory.file("out.store")
    try Store.open(output).close()
    #expect(throws: StoreError.exists(path: output)) { try StoreMerge.merge(inputs: [input], output: output) }
    #expect(throws: StoreError.outputIsInput(path: input)) {
      try StoreMerge.merge(inputs: [input], output: input, force: true)
    }
    let writer = try Store.open(output)
    let inUse = #expect(throws: StoreError.self) {
      try StoreMerge.merge(inputs: [input], output: output, force: true)
    }
    #expect(inUse?.description.contains("one writer") == true)
    try writer.close()
    try StoreMerge.merge(inputs: [input], output: output, force: true)
    #expect(try Store.reading(output).read { try $0.trials().map(\.id) } == [trial.id])
    let text = directory.file("notes.txt")
    try "notes".write(toFile: text, atomically: true, encoding: .utf8)
    #expect(throws: StoreError.notAStore(path: text)) {
      try StoreMerge.merge(inputs: [input], output: text, force: true)
    }
    #expect(throws: StoreError.notAStore(path: text)) { try merge([input, text], "never") }
  }
}
