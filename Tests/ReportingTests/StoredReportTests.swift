import Foundation
import Networks
import Reporting
import ResultStore
import Sweeps
import Testing

/// Reports read from a store on disk.
final class StoredReportTests {
  private let path = FileManager.default.temporaryDirectory.appending(path: "report-\(UUID()).sqlite").path
  private let noon = Date(timeIntervalSince1970: 1_700_000_000)

  deinit {
    for ending in ["", "-wal", "-shm", ".lock"] { try? FileManager.default.removeItem(atPath: path + ending) }
  }

  private func trial(_ factorization: Factorization, seed: Int = 1) -> NewTrial {
    var configuration = TrialConfiguration()
    configuration.network.factorization = factorization
    configuration.seed = seed
    let trial = Trial(configuration)
    return NewTrial(
      id: trial.id, label: trial.label, json: configuration.canonicalJSON, configuration: trial.configuration)
  }

  /// Two sweeps: `second` has completed and vanished trials, `first`, made earlier, one that only waits.
  private func filledStore() throws -> (store: Store, done: NewTrial, flat: NewTrial, waiting: NewTrial) {
    let (done, flat, waiting) = (trial(.none), trial(.depthwise), trial(.uniform(4)))
    let store = try Store.open(path)
    try store.write { batch in
      try batch.addSweep(SweepRecord(name: "first", source: "", created: noon), trials: [waiting])
      try batch.addSweep(
        SweepRecord(name: "second", source: "", created: noon.addingTimeInterval(60)), trials: [flat, done])
      try batch.saveDataset(name: "cifar10", fingerprint: String(repeating: "ab", count: 32))
      try batch.saveWorker(
        WorkerRecord(
          id: "w-1", name: "left", host: "node7", pid: 1, instructionSet: "AVX2", threads: 1, version: "9.9",
          firstSeen: noon, lastSeen: noon))
      for trial in [done, flat] {
        try batch.attemptStarted(trial: trial.id, number: 1, worker: "w-1", at: noon)
        for epoch in [0, 5] {
          try batch.saveSnapshot(trial: trial.id, attempt: 1, SampleTrials.snapshot(epoch: epoch))
        }
        try batch.attemptEnded(trial: trial.id, number: 1, .result, at: noon)
      }
      let digest = String(repeating: "0", count: 64)
      try batch.setOutcome(done.id, .completed, weightsSHA256: digest, seconds: 1)
      try batch.setOutcome(flat.id, .vanished, weightsSHA256: digest, seconds: 1)
    }
    return (store, done, flat, waiting)
  }

  @Test func allSweepsStandInTheirOrder() throws {
    let (store, done, flat, waiting) = try filledStore()
    let model = try ReportModel(store: store)
    #expect(model.title == "first, second")
    #expect(model.trials.map(\.identity) == [waiting.id, flat.id, done.id])
    #expect(model.trials.map(\.status) == [.pending, .vanished, .completed])
    #expect(model.configurations.map(\.epoch) == [nil, 5, 5])
  }

  @Test func aResultComesWithWhatItRanOn() throws {
    let (store, done, _, _) = try filledStore()
    let model = try ReportModel(store: store, sweep: "second")
    let trial = try #require(model.trials.first { $0.identity == done.id })
    var expected = ReportTrial.Provenance()
    expected.worker = "left"
    expected.host = "node7"
    expected.instructionSet = "AVX2"
    expected.program = "9.9"
    expected.dataFingerprint = String(repeating: "ab", count: 32)
    #expect(trial.provenance == expected)
    #expect(trial.snapshots == [SampleTrials.snapshot(epoch: 0), SampleTrials.snapshot(epoch: 5)])
  }

  @Test func anUnknownSweepIsNamedWithTheKnownOnes() throws {
    let (store, _, _, _) = try filledStore()
    #expect(throws: ReportError.unknownSweep("third", known: ["first", "second"])) {
      try ReportModel(store: store, sweep: "third")
    }
  }

  @Test func anOpenStoreIsReportedWhileItIsWrittenAndTwiceTheSame() throws {
    let (store, _, _, _) = try filledStore()
    #expect(store.isWritable)
    let pages = try (0..<2).map { _ in ReportPage.html(try ReportModel(store: try Store.reading(path))) }
    #expect(pages[0] == pages[1])
    let page = try ParsedPage(pages[0])
    #expect(page.text.contains("AVX2") && page.text.contains("node7") && page.text.contains("9.9"))
  }

  @Test func aPageThatCannotBeWrittenIsOneLine() throws {
    let missing = path + ".folder/report.html"
    let error = #expect(throws: ReportError.self) {
      try ReportPage.write(ReportModel(title: "t", trials: []), toFile: missing)
    }
    let line = try #require(error?.description)
    #expect(
      line.hasPrefix("cannot write \(missing): ") && line.contains("No such file") && !line.contains("\n"))
  }

  @Test func aQuarantinedTrialIsToldWithItsErrorInFull() throws {
    let poison = trial(.none)
    let store = try Store.open(path)
    try store.write { batch in
      try batch.addSweep(SweepRecord(name: "only", source: "", created: noon), trials: [poison])
      for (number, host) in [(1, "alpha"), (2, "beta")] {
        try batch.saveWorker(
          WorkerRecord(
            id: host, name: "w", host: host, pid: 1, instructionSet: "AVX2", threads: 1, version: "9.9",
            firstSeen: noon, lastSeen: noon))
        try batch.attemptStarted(trial: poison.id, number: number, worker: host, at: noon)
        try batch.attemptEnded(
          trial: poison.id, number: number, .failed, at: noon, message: "no memory",
          detail: "Failure: no memory\non \(host)")
      }
      try batch.setTrialState(poison.id, .quarantined, failures: 2, message: "no memory")
    }
    let model = try ReportModel(store: store)
    #expect(model.count(of: .quarantined) == 1)
    let text = ReportText.text(model)
    #expect(text.contains("1 trial (1 quarantined)"))
    #expect(text.contains("is quarantined: no memory\n    Failure: no memory\n    on beta\n"))
    #expect(ReportPage.html(model).contains("(quarantined): no memory\nFailure: no memory\non beta"))
  }
}
