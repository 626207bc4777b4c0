import Coordinator
import Foundation
import Logging
import ResultStore
import SweepProtocol
import Testing
import Worker
import ZeroMQ

/// How soon both sides name what is wrong, with the times that users have. `scripts/test` runs these alone on the
/// machine.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DeadlineTests {
  private static let promised = Duration.seconds(5)

  enum Stranger: CaseIterable {
    case unknownKey, noKey, needlessKey, otherCoordinatorsKey, otherProgram, otherClock
  }

  @Test(arguments: Stranger.allCases)
  func aStrangerIsNamedOnBothSidesWithinFiveSeconds(_ stranger: Stranger) async throws {
    let known = try CurveKeyPair()
    let keyed = try KeyedCluster(trials: 1, allowing: ["known": known])
    let (service, endpoint) = try await Self.coordinator(keyed, withKeys: stranger != .needlessKey)
    var options = try keyed.cluster.workerOptions(endpoint, ScriptedRunner())
    if stranger != .noKey { options.use(known, coordinator: keyed.server) }
    let (told, noted): (String, String)
    switch stranger {
    case .unknownKey:
      options.use(try CurveKeyPair(), coordinator: keyed.server)
      (told, noted) = ("does not allow the key", "is not allowed")
    case .noKey: (told, noted) = ("lets in keys only", "has no key")
    case .needlessKey: (told, noted) = ("uses no keys", "listens without --key")
    case .otherCoordinatorsKey:
      options.use(known, coordinator: try CurveKeyPair().publicKey)
      (told, noted) = ("is not the --coordinator-key given", "another key for this coordinator's")
    case .otherProgram:
      options.settings.introduction.program = "0.0.9"
      (told, noted) = ("0.0.9", "0.0.9")
    case .otherClock:
      options.clock = { UInt64(Date().timeIntervalSince1970 * 1000) + 7_200_000 }
      (told, noted) = ("s ahead, more than 300 s", "s ahead, more than 300 s")
    }
    let worker = try WorkerService(options: options)
    let begun = ContinuousClock.now
    let ending = Task { await worker.finished() }
    // A worker that is refused for good ends with the line; one whose keys are wrong says it, and tries on.
    let isRefused = [.otherProgram, .otherClock].contains(stranger)
    if isRefused {
      #expect(await ending.value.status == WorkerEnding.refused)
      #expect(await ending.value.line.contains(told))
    } else {
      try await eventually("the worker's line") { keyed.logs("worker: ", told) ? true : nil }
    }
    try await eventually("the coordinator's line") { keyed.logs("coordinator: ", noted) ? true : nil }
    let time = ContinuousClock.now - begun
    #expect(time < Self.promised)
    print("named on both sides after \(time): \(stranger)")
    if !isRefused { await worker.abandon() }
    await service.abandon()
  }

  @Test func anotherProtocolVersionIsNamedOnBothSidesWithinFiveSeconds() async throws {
    let keyed = try KeyedCluster(trials: 1, allowing: [:])
    let (service, endpoint) = try await Self.coordinator(keyed, withKeys: false)
    let peer = try RawPeer(endpoint)
    var bytes = Wire.encode(
      WorkerEnvelope(worker: WorkerIdentity.fresh(), message: .hello(WorkerHello())))
    bytes[5] = 99
    let begun = ContinuousClock.now
    try await peer.send([bytes])
    let line = try await eventually("a refusal") {
      try await peer.receiveCoordinatorMessage {
        if case .refused(.protocolVersion, let line) = $0 { line } else { nil }
      }
    }
    #expect(line.contains("version 99"))
    #expect(keyed.logs("coordinator: ", "version 99"))
    #expect(ContinuousClock.now - begun < Self.promised)
    await service.abandon()
  }

  @Test func aCoordinatorOfAnotherProtocolVersionIsNamedWithinFiveSeconds() async throws {
    let cluster = try Cluster(trials: 1)
    let router = try Socket(try Context(), .router, options: SocketOptions())
    try router.bind("tcp://127.0.0.1:*")
    let worker = try cluster.worker(try router.lastEndpoint(), ScriptedRunner())
    let begun = ContinuousClock.now
    let ending = Task { await worker.finished() }
    let hello = try await eventually("a hello") { try router.receive() }
    let identity = try #require(hello.first)
    var bytes = Wire.encode(
      CoordinatorEnvelope(coordinator: UUID().uuidString.lowercased(), worker: "", message: .identify))
    bytes[5] = 99
    #expect(try router.send([identity, bytes]) == .sent)
    #expect(await ending.value.status == WorkerEnding.refused)
    #expect(await ending.value.line.contains("version 99"))
    #expect(ContinuousClock.now - begun < Self.promised)
  }

  @Test func aRevocationTakesEffectWithinFiveSeconds() async throws {
    let keys = try CurveKeyPair()
    let keyed = try KeyedCluster(trials: 1, allowing: ["bad": keys])
    let (service, endpoint) = try await Self.coordinator(keyed, withKeys: true)
    let gate = Gate(before: 1)
    var options = try keyed.cluster.workerOptions(endpoint, ScriptedRunner(gate: gate))
    options.use(keys, coordinator: keyed.server)
    let worker = try WorkerService(options: options)
    let ending = Task { await worker.finished() }
    // One that stays although it is told to go.
    let peer = try RawPeer(endpoint, .client(keys, server: keyed.server))
    try await peer.send([Wire.encode(ClientRequest.status)])
    _ = try await eventually("an answer") { try await peer.receive() }
    try await peer.watch()
    try await eventually("its trial under way") { gate.waiting == 1 ? true : nil }

    let begun = ContinuousClock.now
    try keyed.revoke("bad")
    #expect(await ending.value.status == WorkerEnding.refused)
    _ = try await eventually("the end of the connection") {
      try await peer.offer([Wire.encode(ClientRequest.status)])
      return try await peer.hasLostConnection() ? true : nil
    }
    try await eventually("the trial to be free") {
      await service.status()!.counts.pending == 1 ? true : nil
    }
    let time = ContinuousClock.now - begun
    #expect(time < Self.promised)
    print("a revocation took effect after \(time)")
    await service.abandon()
  }

  private static func coordinator(
    _ keyed: KeyedCluster, withKeys: Bool
  ) async throws -> (service: CoordinatorService, endpoint: String) {
    let log = keyed.cluster.log.logger("coordinator")
    var options = CoordinatorOptions(program: ProgramVersion.current, logger: log)
    if withKeys { options.keys = keyed.keys }
    let service = try CoordinatorService(options: options, store: try Store.open(keyed.cluster.path))
    return (service, try await service.start().messages)
  }
}
