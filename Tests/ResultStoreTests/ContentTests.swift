import Foundation
import LayerAnalysis
import Networks
import ResultStore
import Sweeps
import Testing

/// `StoreContent` sees every bit of the results and none of the circumstances.
@Suite struct ContentTests {
  let directory = try! TemporaryDirectory()

  private func store(
    _ name: String, worker: String = "w1", attempts: Int = 1, _ change: (inout Snapshot) -> Void = { _ in }
  )
    throws -> Store
  {
    let trial = try Samples.trial()
    let store = try Store.sample(directory.file("\(name).store"), trials: [trial])
    var snapshot = Samples.snapshot(epoch: 1, seed: 4)
    change(&snapshot)
    try store.write { batch throws in
      try batch.saveWorker(Samples.worker(worker))
      for number in 1...attempts {
        try batch.attemptStarted(trial: trial.id, number: number, worker: worker, at: Date())
      }
      try batch.saveSnapshot(trial: trial.id, attempt: attempts, snapshot)
      try batch.setOutcome(trial.id, .completed, weightsSHA256: "aa", seconds: Double(attempts))
      try batch.setSetting("port", worker)
    }
    return store
  }

  @Test func circumstancesDoNotCount() throws {
    let a = try store("a")
    let b = try store("b", worker: "w9", attempts: 3) {
      $0.trainSeconds = 1e6
      $0.snapshotSeconds = 1e5
    }
    #expect(try StoreContent.hash(a) == StoreContent.hash(b))
    #expect(try StoreContent.difference(a, b) == nil)
  }

  @Test func everyResultCounts() throws {
    let base = try store("base")
    let hash = try StoreContent.hash(base)
    let trial = try Samples.trial().id
    let changes: [(String, (inout Snapshot) -> Void)] = [
      ("learning_rate", { $0.learningRate = $0.learningRate.nextUp }),
      ("special", { $0.trainLoss = .nan }),
      ("qmse", { $0.draws[1].qmse = 0 }),
      ("channel_upper", { $0.layers[2].statistics.channelUpper[4] += 1 }),
      ("histogram", { $0.layers[0].statistics.histogram.swapAt(0, 1) }),
      ("count", { $0.layers[0].statistics.count += 1 }),
      ("activations_alone_qmse", { $0.errors[5].activationsAloneQMSE = 17 }),
    ]
    for (column, change) in changes {
      let other = try store(column, change)
      #expect(try StoreContent.hash(other) != hash, "\(column)")
      #expect(
        try StoreContent.hash(other, trial: trial) != StoreContent.hash(base, trial: trial), "\(column)")
      let difference = try #require(try StoreContent.difference(base, other))
      #expect(difference.contains(trial) && (difference.contains(column) || column == "special"))
    }
    let shorter = try store("shorter") { $0.layers.removeLast() }
    #expect(try StoreContent.difference(base, shorter)?.contains("layer_statistics") == true)
  }
}
