import Coordinator
import Crypto
import Foundation
import ResultStore
import SweepProtocol
import Sweeps
import Synchronization
import Testing
import Worker

/// Sweeps added to a coordinator at work.
@Suite(.timeLimit(.minutes(2))) struct SubmitTests {
  /// Trials of `seeds`, as `Cluster` has them of 1, 2, …
  static func sweep(seeds: ClosedRange<Int>, name: String = "grown") throws -> Sweep {
    let yaml =
      "name: \(name)\nbase: {data: {dataset: synthetic}}\nseeds: [\(seeds.map(String.init).joined(separator: ", "))]\n"
    return try SweepFile.parse(yaml, source: "\(name).yaml")
  }

  /// What `strata submit` does.
  static func submit(_ sweep: Sweep, to endpoint: String) async throws -> SubmitReceipt {
    let client = try StatusClient(endpoint: endpoint)
    return try await withCheckedThrowingContinuation { continuation in
      Thread {
        continuation.resume(
          with: Result {
            try SweepSubmission(sweep).send { try client.request($0, timeout: .seconds(60)) }
          })
      }.start()
    }
  }

  @Test func aGrownSweepRunsOnlyWhatIsNew() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator { $0.exitsWhenDone = false }
    let runner = ScriptedRunner()
    let worker = try cluster.worker(endpoint, runner)
    let ending = Task { await worker.finished() }
    func results(_ count: Int) async throws {
      try await eventually("\(count) results") {
        await service.status()!.counts.completed == count ? true : nil
      }
    }
    try await results(1)
    // More than one part, so that they must follow each other.
    let first = try await Self.submit(Self.sweep(seeds: 11...310), to: endpoint)
    #expect(first == SubmitReceipt(received: 300, added: 300, over: 0))
    try await results(301)
    let second = try await Self.submit(Self.sweep(seeds: 9...310), to: endpoint)
    #expect(second == SubmitReceipt(received: 302, added: 2, over: 300))
    try await results(303)
    #expect(await service.status()!.sweep == "test, grown")
    #expect(runner.begun.withLock { $0.count } == 303)
    service.stop()
    #expect(try await service.finished().isComplete)
    #expect(await ending.value.status == 0)
    #expect(try store.read { try $0.trials(sweep: "grown") }.map(\.configuration.seed) == Array(9...310))
    try store.close()
  }

  /// The second coordinator is started with the sweep of the first alone.
  @Test func aSubmittedSweepOutlivesTheCoordinator() async throws {
    let cluster = try Cluster(trials: 1)
    let (first, firstStore, endpoint) = try await cluster.coordinator()
    #expect(try await Self.submit(Self.sweep(seeds: 5...6), to: endpoint).added == 2)
    await first.abandon()
    try firstStore.close()
    let (second, store, again) = try await cluster.coordinator()
    #expect(await second.status()!.counts.pending == 3)
    let worker = try cluster.worker(again, ScriptedRunner())
    let ending = Task { await worker.finished() }
    #expect(try await second.finished().counts.completed == 3)
    #expect(await ending.value.status == 0)
    try store.close()
  }

  /// One worker takes the trials one after the other, so that the rule, applied to the stored snapshots in the order of
  /// their attempts, says which must have been stopped.
  @Test func aSubmittedSweepsRuleIsFollowedByTheCoordinatorThatRuns() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator { $0.exitsWhenDone = false }
    let yaml = """
      name: grown
      base: {data: {dataset: synthetic}, training: {epochs: 3, decayEpochs: []}, analysis: {snapshots: [1]}}
      earlyStopping: {epoch: 1, metric: qmse, worstPercent: 50, atLeast: 2}
      seeds: [11, 12, 13, 14, 15, 16, 17, 18]
      """
    let sweep = try SweepFile.parse(yaml, source: "grown.yaml")
    #expect(try await Self.submit(sweep, to: endpoint).added == 8)
    let worker = try cluster.worker(endpoint, ScriptedRunner())
    let ending = Task { await worker.finished() }
    try await eventually("all trials are over") {
      await service.status()!.counts.over == 9 ? true : nil
    }
    service.stop()
    _ = try await service.finished()
    #expect(await ending.value.status == 0)
    let rule = try #require(sweep.earlyStopping)
    var known: [Double] = []
    var stopped = 0
    try store.read { reader in
      let attempts = try reader.attempts().sorted { $0.started < $1.started }
      let trials = Dictionary(uniqueKeysWithValues: try reader.trials(sweep: "grown").map { ($0.id, $0) })
      for trial in attempts.compactMap({ trials[$0.trial] }) {
        let badness = rule.badness(of: try #require(try reader.snapshot(trial: trial.id, epoch: 1)))
        known.append(badness)
        let verdict = rule.verdict(badness, better: known.count { $0 < badness }, of: known.count)
        #expect(trial.state == (verdict == nil ? .completed : .stopped))
        #expect(trial.message == verdict)
        stopped += verdict == nil ? 0 : 1
      }
    }
    #expect((1..<8).contains(stopped))
    try store.close()
  }

  @Test func whatASweepHasNoMoreIsTakenFromItButStaysInTheStore() throws {
    let cluster = try Cluster(trials: 1)
    let store = try Store.open(cluster.path)
    let control = StoreControl(store)
    for (seeds, added) in [(11...14, 4), (13...15, 1)] {
      #expect(try SweepSubmission(Self.sweep(seeds: seeds)).send(control.answer).added == added)
    }
    #expect(try store.read { try $0.trials(sweep: "grown") }.map(\.configuration.seed) == [13, 14, 15])
    #expect(try store.read { try $0.trials() }.count == 6)
    try store.close()
  }

  @Test func aShrunkSweepRunsOnlyWhatItHas() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, store, endpoint) = try await cluster.coordinator()
    #expect(try await Self.submit(Self.sweep(seeds: 11...16), to: endpoint).added == 6)
    #expect(try await Self.submit(Self.sweep(seeds: 12...13), to: endpoint).added == 0)
    #expect(await service.status()!.counts.pending == 3)
    let runner = ScriptedRunner()
    let worker = try cluster.worker(endpoint, runner)
    let ending = Task { await worker.finished() }
    let counts = try await service.finished().counts
    #expect(counts.completed == 3 && counts.total == 3)
    #expect(runner.begun.withLock { $0.count } == 3)
    #expect(await ending.value.status == 0)
    try store.close()
  }

  // MARK: - Strangers

  /// Parts that no client of this version sends: refused by a line, and nothing of them stored.
  @Test func partsThatAreWrongAreRefused() throws {
    let cluster = try Cluster(trials: 1)
    let store = try Store.open(cluster.path)
    let control = StoreControl(store)
    let id = UUID().uuidString.lowercased()
    func sweep(_ count: Int, program: String = ProgramVersion.current) -> ClientRequest {
      .submit(
        .sweep(
          SubmittedSweep(
            program: program, submission: id, name: "bad", description: "", source: "", trials: count)))
    }
    func trials(_ trials: [SubmittedTrial], at offset: Int = 0) -> ClientRequest {
      .submit(.trials(SubmittedTrials(submission: id, offset: offset, trials: trials)))
    }
    func trial(_ json: String, label: String = "label") -> SubmittedTrial {
      SubmittedTrial(
        id: hexadecimal(SHA256.hash(data: Data(json.utf8))), label: label, configuration: json)
    }
    func expect(
      _ request: ClientRequest, refused part: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      guard case .refused(let line) = try control.answer(request) else {
        Issue.record("not refused", sourceLocation: sourceLocation)
        return
      }
      #expect(line.contains(part), sourceLocation: sourceLocation)
      #expect(!line.contains("\n"), sourceLocation: sourceLocation)
    }
    let json = try Self.sweep(seeds: 11...11).trials[0].configuration.canonicalJSON
    try expect(trials([trial(json)]), refused: "knows of no such submission")
    try expect(sweep(2, program: "0.0.9"), refused: "0.0.9")
    try expect(sweep(0), refused: "0 trials")
    try expect(sweep(2_000_000), refused: "2000000 trials")
    #expect(try control.answer(sweep(2)) == .received(SubmitReceipt(received: 0, added: 0, over: 0)))
    try expect(trials([trial(json)], at: 1), refused: "do not follow")
    try expect(trials([trial(json), trial(json)]), refused: "comes twice")
    try expect(trials([trial("[]")]), refused: "cannot be read")
    try expect(trials([trial(json + " ")]), refused: "canonical")
    try expect(
      trials([trial(json.replacing("\"seed\":11", with: "\"seed\":11,\"sled\":1"))]), refused: "canonical")
    try expect(
      trials([trial(json.replacing("\"epochs\":200", with: "\"epochs\":0"))]), refused: "training.epochs")
    try expect(trials([trial(json, label: "")]), refused: "label")
    try expect(trials([trial(json, label: "a\nb")]), refused: "label")
    var foreign = trial(json)
    foreign.id = String(repeating: "0", count: 64)
    try expect(trials([foreign]), refused: "its id is not that of its configuration")
    try expect(.submit(.end(submission: id)), refused: "0 of the 2 trials")
    #expect(try store.read { try $0.trials() }.count == 1)
    #expect(
      try control.answer(trials([trial(json)]))
        == .received(SubmitReceipt(received: 1, added: 1, over: 0)))
    try store.close()
  }
}
