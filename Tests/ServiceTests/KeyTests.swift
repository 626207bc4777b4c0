import Coordinator
import Foundation
import Logging
import ResultStore
import SweepProtocol
import Testing
import Worker
import ZeroMQ

/// Coordinators that let in known workers only, over real sockets.
@Suite(.timeLimit(.minutes(2))) struct KeyTests {
  let node: CurveKeyPair
  let stranger: CurveKeyPair

  init() throws {
    node = try CurveKeyPair()
    stranger = try CurveKeyPair()
  }

  @Test func aSweepRunsEncryptedFromEndToEnd() async throws {
    let (one, two) = (node, stranger)
    let keyed = try KeyedCluster(trials: 12, allowing: ["one": one, "two": two])
    let (service, store, endpoint) = try await keyed.coordinator()
    async let first = keyed.worker(endpoint, ScriptedRunner(), one, named: "one").finished()
    async let second = keyed.worker(endpoint, ScriptedRunner(), two, named: "two").finished()
    #expect(try await service.finished().isComplete)
    #expect(try await [first, second].map(\.status) == [0, 0])
    try store.close()
    try keyed.cluster.expectUndisturbedResults()
  }

  @Test func aKeyThatIsNotAllowedIsNamedOnBothSidesAndLeaves() async throws {
    let keyed = try KeyedCluster(trials: 1, allowing: ["one": node])
    let (service, _, endpoint) = try await keyed.coordinator()
    let keys = stranger
    let worker = try keyed.worker(endpoint, ScriptedRunner(), keys, named: "stranger") {
      $0.lockedPatience = .milliseconds(300)
    }
    let ending = await worker.finished()
    #expect(ending.status == WorkerEnding.refused)
    #expect(ending.line.contains("does not allow the key \(keys.publicKey)"))
    #expect(ending.line.contains("strata workers allow"))
    #expect(keyed.logs("coordinator: ", "from 127.0.0.1: its key \(keys.publicKey) is not allowed"))
    await service.abandon()
  }

  @Test func aWorkerWaitsToBeAllowed() async throws {
    let keyed = try KeyedCluster(trials: 1, allowing: [:])
    let (service, _, endpoint) = try await keyed.coordinator()
    let keys = node
    let worker = try keyed.worker(endpoint, ScriptedRunner(), keys, named: "late")
    let ending = Task { await worker.finished() }
    try await eventually("a refusal") { keyed.logs("late: ", "does not allow") ? true : nil }
    try keyed.allow("late", keys)
    #expect(try await service.finished().isComplete)
    #expect(await ending.value.status == 0)
  }

  @Test func noKeyWhereOneIsNeededIsNamedOnBothSides() async throws {
    let keyed = try KeyedCluster(trials: 1, allowing: ["one": node])
    let (service, _, endpoint) = try await keyed.coordinator()
    let worker = try keyed.cluster.worker(endpoint, ScriptedRunner(), named: "bare") {
      $0.lockedPatience = .milliseconds(300)
    }
    let ending = await worker.finished()
    #expect(ending.status == WorkerEnding.refused)
    #expect(ending.line.contains("it lets in keys only; give --key and --coordinator-key"))
    try await eventually("the coordinator's line") {
      keyed.logs("coordinator: ", "has no key") ? true : nil
    }
    await service.abandon()
  }

  @Test func aKeyWhereNoneIsUsedIsNamedOnBothSides() async throws {
    let keyed = try KeyedCluster(trials: 1, allowing: [:])
    let (service, _, endpoint) = try await keyed.cluster.coordinator()
    let worker = try keyed.worker(endpoint, ScriptedRunner(), node, named: "keyed") {
      $0.lockedPatience = .milliseconds(300)
    }
    let ending = await worker.finished()
    #expect(ending.status == WorkerEnding.refused)
    #expect(ending.line.contains("uses no keys"))
    try await eventually("the coordinator's line") {
      keyed.logs("coordinator: ", "listens without --key") ? true : nil
    }
    await service.abandon()
  }

  @Test func anotherCoordinatorsKeyIsNamedOnBothSides() async throws {
    let keys = node
    let keyed = try KeyedCluster(trials: 1, allowing: ["one": keys])
    let (service, _, endpoint) = try await keyed.coordinator()
    let wrong = stranger.publicKey
    let worker = try keyed.worker(endpoint, ScriptedRunner(), keys, named: "astray", server: wrong) {
      $0.lockedPatience = .milliseconds(50)
    }
    let ending = await worker.finished()
    #expect(ending.status == WorkerEnding.refused)
    #expect(ending.line.contains("is not the --coordinator-key given, \(wrong)"))
    try await eventually("the coordinator's line") {
      keyed.logs("coordinator: ", "another key for this coordinator's", "'\(keyed.server)'") ? true : nil
    }
    await service.abandon()
  }

  @Test func aRevokedWorkerIsCutOffAndItsTrialGoesToAnother() async throws {
    let (bad, good) = (stranger, node)
    let keyed = try KeyedCluster(trials: 1, allowing: ["bad": bad, "good": good])
    let (service, store, endpoint) = try await keyed.coordinator()
    let gate = Gate(before: 1)
    let first = try keyed.worker(endpoint, ScriptedRunner(gate: gate), bad, named: "bad")
    let firstEnding = Task { await first.finished() }
    try await eventually("its trial under way") { gate.waiting == 1 ? true : nil }
    let second = try keyed.worker(endpoint, ScriptedRunner(), good, named: "good")
    let secondEnding = Task { await second.finished() }
    try await eventually("both at work") { await service.status()!.workers.count == 2 ? true : nil }

    let start = ContinuousClock.now
    try keyed.revoke("bad")
    // The lease is a minute: the trial comes back by the revocation alone, in 1.3 s or what a starved machine takes.
    #expect(try await service.finished().isComplete)
    #expect(ContinuousClock.now - start < .seconds(20))
    let ending = await firstEnding.value
    #expect(ending.status == WorkerEnding.refused)
    #expect(ending.line == "the key of bad, \(bad.publicKey), is revoked")
    #expect(await secondEnding.value.status == 0)
    #expect(keyed.logs("coordinator: ", "bad on", "the key of bad, \(bad.publicKey), is revoked"))
    try store.close()
    try keyed.cluster.expectUndisturbedResults()
    #expect(try keyed.cluster.rows().attempts.map(\.ending) == [.lost, .result])
  }

  /// One that does not leave by itself loses its connection when it speaks on, and gets no other.
  @Test func aRevokedPeerThatStaysIsCutOff() async throws {
    let bad = stranger
    let keyed = try KeyedCluster(trials: 1, allowing: ["bad": bad])
    let (service, _, endpoint) = try await keyed.coordinator()
    let peer = try RawPeer(endpoint, .client(bad, server: keyed.server))
    try await peer.send([Wire.encode(ClientRequest.status)])
    _ = try await eventually("an answer") { try await peer.receive() }
    try await peer.watch()
    try keyed.revoke("bad")
    _ = try await eventually("the end of the connection") {
      try await peer.offer([Wire.encode(ClientRequest.status)])
      return try await peer.hasLostConnection() ? true : nil
    }
    await service.abandon()
  }

  @Test func nobodySpeaksForAWorkerOfAnotherKey() async throws {
    let (honest, thief) = (node, stranger)
    let keyed = try KeyedCluster(trials: 1, allowing: ["honest": honest, "thief": thief])
    let (service, _, endpoint) = try await keyed.coordinator()
    let worker = WorkerIdentity.fresh(boundTo: honest.publicKey.bytes)
    var hello = WorkerHello()
    hello.program = ProgramVersion.current
    hello.beat = 1
    let bytes = Wire.encode(WorkerEnvelope(worker: worker, message: .hello(hello)))
    let peer = try RawPeer(endpoint, .client(thief, server: keyed.server))
    try await peer.send([bytes])
    let line = try await eventually("a refusal") {
      try await peer.receiveCoordinatorMessage {
        if case .refused(.identity, let line) = $0 { line } else { nil }
      }
    }
    #expect(line == "worker \(worker) is bound to another key than that of thief, \(thief.publicKey)")
    #expect(keyed.logs("coordinator: ", "refused a message: worker \(worker)"))
    // Nor on the other socket: its transfer is not even answered.
    let transfers = try RawPeer(
      Announcement.read(store: keyed.cluster.path)!.checkpoints, .client(thief, server: keyed.server))
    let attempt = AttemptID(trial: keyed.cluster.trials[0].id, number: 1)
    let request = CheckpointRequest.upload(attempt, TransferTests.descriptor([1]))
    try await transfers.send(
      [Wire.encode(CheckpointRequestEnvelope(worker: worker, transfer: 1, request: request))])
    try await eventually("the refusal of a checkpoint") { keyed.logs("refused a checkpoint") ? true : nil }
    #expect(try await transfers.receive() == nil)
    // The key it is bound to may.
    let rightful = try RawPeer(endpoint, .client(honest, server: keyed.server))
    try await rightful.send([bytes])
    try await eventually("a welcome") {
      try await rightful.receiveCoordinatorMessage { if case .welcome = $0 { true } else { nil } }
    }
    await service.abandon()
  }

  @Test func aWorkersKeyAsksForTheStatusAndTheCoordinatorsForEverything() async throws {
    let keys = node
    let keyed = try KeyedCluster(trials: 1, allowing: ["one": keys])
    let (service, _, endpoint) = try await keyed.coordinator()
    let client = try StatusClient(endpoint: endpoint, security: .client(keys, server: keyed.server))
    guard case .status = try await client.reply(to: .status, timeout: .seconds(10)) else {
      Issue.record("no status")
      return
    }
    guard case .refused(let line) = try await client.reply(to: .shutdown, timeout: .seconds(10)) else {
      Issue.record("a worker's key may stop the coordinator")
      return
    }
    #expect(line.contains("the coordinator's own secret key"))
    let announcement = try #require(Announcement.read(store: keyed.cluster.path))
    #expect(announcement.key == "\(keyed.server)")
    let own = try StatusClient(endpoint: endpoint, security: announcement.security())
    #expect(try await own.reply(to: .shutdown, timeout: .seconds(10)) == .shuttingDown)
    #expect(try await service.finished().isComplete == false)
  }

  @Test func aClientWithoutTheRightKeysSaysWhy() async throws {
    let keyed = try KeyedCluster(trials: 1, allowing: [:])
    let (service, _, endpoint) = try await keyed.coordinator()
    let cases: [(CurveSecurity?, String)] = [
      (nil, "lets in keys only"),
      (.client(stranger, server: keyed.server), "does not allow the key"),
      (.client(keyed.own, server: stranger.publicKey), "--coordinator-key"),
    ]
    for (security, part) in cases {
      let client = try StatusClient(endpoint: endpoint, security: security)
      let error = await #expect(throws: CoordinatorError.self) {
        try await client.reply(to: .status, timeout: .seconds(30))
      }
      #expect(error?.description.contains(part) == true, "\(part)")
    }
    await service.abandon()
  }

  @Test func aListThatCannotBeReadLeavesTheOldOneInForce() async throws {
    let keys = node
    let keyed = try KeyedCluster(trials: 1, allowing: ["one": keys])
    let (service, _, endpoint) = try await keyed.coordinator()
    try Data("one two three\n".utf8).write(to: URL(fileURLWithPath: keyed.list.path))
    try await eventually("the coordinator's line") {
      keyed.logs("coordinator: ", "line 1 is not a name and a public key") ? true : nil
    }
    let client = try StatusClient(endpoint: endpoint, security: .client(keys, server: keyed.server))
    guard case .status = try await client.reply(to: .status, timeout: .seconds(10)) else {
      Issue.record("no status")
      return
    }
    await service.abandon()
  }

  @Test func withKeysACoordinatorListensAnywhere() throws {
    let keyed = try KeyedCluster(trials: 1, allowing: [:])
    let store = try Store.open(keyed.cluster.path)
    var options = keyed.cluster.options()
    options.address = "0.0.0.0"
    let error = #expect(throws: CoordinatorError.self) {
      try CoordinatorService(options: options, store: store)
    }
    #expect(error?.description.contains("--key") == true)
    options.keys = CoordinatorKeys(own: keyed.own, file: "", workers: keyed.list.path)
    #expect(throws: Never.self) { try CoordinatorService(options: options, store: store) }
  }

  @Test func withoutItsListACoordinatorDoesNotBegin() async throws {
    let keyed = try KeyedCluster(trials: 1, allowing: [:])
    try FileManager.default.removeItem(atPath: keyed.list.path)
    let error = await #expect(throws: KeyFileError.self) { _ = try await keyed.coordinator() }
    #expect(error?.path == keyed.list.path)
  }
}
