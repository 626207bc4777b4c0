import Coordinator
import Foundation
import SweepProtocol
import Sweeps
import Testing
import ZeroMQ

/// Peers of ill will: what they send neither reaches the file system nor stops the coordinator.
@Suite(.timeLimit(.minutes(2))) struct HostileTests {
  /// Names that would be elsewhere, elsewhere again, or nowhere, were they ever part of a path.
  static let names = [
    "../../../../tmp/strata-hostile", "/tmp/strata-hostile", "", ".", "..", "a/b", "a\0b", "~root", "-rf",
    "a\nb",
    String(repeating: "../", count: 21) + "x", String(repeating: "A", count: 64),
    String(repeating: "0", count: 63) + "/", String(repeating: "0", count: 63) + "\0",
    // 64 characters that count as digits elsewhere.
    String(repeating: "\u{ff10}", count: 64), String(repeating: "0", count: 4096),
  ]

  @Test func namesFromTheNetworkNeverReachTheFileSystem() async throws {
    let scene = try await TransferTests.Scene()
    let before = try Self.listing(scene.cluster.directory)
    let good = TransferTests.descriptor([1, 2, 3])
    var transfer: UInt64 = 0
    for name in Self.names {
      var hash = good
      hash.sha256 = name
      let elsewhere = AttemptID(trial: name, number: 1)
      for request: CheckpointRequest in [
        .upload(elsewhere, good), .download(elsewhere, good, credit: 10), .upload(scene.attempt, hash),
        .download(scene.attempt, hash, credit: 10),
      ] {
        transfer += 1
        try await scene.send(transfer, request)
        try await scene.send(transfer, .chunk(offset: 0, bytes: [1, 2, 3]))
        // A chunk of a transfer that never began is all there is an answer to.
        #expect(try await scene.refusal(transfer) == .disordered, "\(name.debugDescription)")
      }
      for message: WorkerMessage in [
        .released(elsewhere, .stopping), .snapshot(elsewhere, .init()),
        .finished(.init(scene.attempt, .result(.completed, weightsSHA256: name))),
      ] {
        try await scene.messages.send(
          [Wire.encode(WorkerEnvelope(worker: scene.worker, sequence: 1, message: message))])
        try await eventually("a refusal of \(name.debugDescription)") {
          try await scene.messages.receiveCoordinatorMessage {
            if case .refused(.malformed, _) = $0 { true } else { nil }
          }
        }
      }
    }
    #expect(try Self.listing(scene.cluster.directory) == before)
    #expect(!FileManager.default.fileExists(atPath: "/tmp/strata-hostile"))
    // The attempt is still the worker's, and a good file still comes through.
    try await scene.send(1000, .upload(scene.attempt, good))
    #expect(try await scene.reply(1000) == .credit(3))
    try await scene.send(1000, .chunk(offset: 0, bytes: [1, 2, 3]))
    #expect(try await scene.reply(1000) == .stored)
    let added = try Self.listing(scene.cluster.directory).subtracting(before)
    #expect(
      added == ["test.store.checkpoints/\(scene.attempt.trial).1.\(good.sha256.prefix(12)).safetensors"])
    await scene.service.abandon()
  }

  /// Names of the files but the store's own, which it changes as it likes.
  static func listing(_ folder: URL) throws -> Set<String> {
    Set(try FileManager.default.subpathsOfDirectory(atPath: folder.path))
      .filter { !$0.hasPrefix("test.store-") }
  }

  /// Each was once enough to end the coordinator, and the next one, for what is not acknowledged is sent again.
  @Test func messagesThatCannotBeMeantLeaveTheCoordinatorAlive() async throws {
    let scene = try await TransferTests.Scene()
    var stutter = Snapshot()
    stutter.draws = [DrawMetrics(), DrawMetrics()]
    var ahead = WorkerHello()
    ahead.program = ProgramVersion.current
    ahead.beat = 3
    ahead.acknowledged = .max
    for envelope in [
      WorkerEnvelope(worker: scene.worker, sequence: 1, message: .snapshot(scene.attempt, stutter)),
      WorkerEnvelope(worker: scene.worker, message: .hello(ahead)),
    ] {
      try await scene.messages.send([Wire.encode(envelope)])
      try await eventually("a refusal") {
        try await scene.messages.receiveCoordinatorMessage {
          if case .refused(.malformed, _) = $0 { true } else { nil }
        }
      }
    }
    let released = WorkerMessage.released(scene.attempt, .stopping)
    try await scene.messages.send(
      [Wire.encode(WorkerEnvelope(worker: scene.worker, sequence: 1, message: released))])
    try await eventually("an acknowledgement") {
      try await scene.messages.receiveCoordinatorMessage { $0 == .acknowledge(1) ? true : nil }
    }
    await scene.service.abandon()
  }

  @Test func aFrameBeyondAllLimitsCutsItsSenderOff() async throws {
    let cluster = try Cluster(trials: 1)
    let (service, _, endpoint) = try await cluster.coordinator()
    let peer = try RawPeer(endpoint)
    try await peer.send([Wire.encode(ClientRequest.status)])
    _ = try await eventually("an answer") { try await peer.receive() }
    try await peer.watch()
    try await peer.send([[UInt8](repeating: 0, count: Wire.longestFrame + 1)])
    try await eventually("the end of the connection") { try await peer.hasLostConnection() ? true : nil }
    let client = try StatusClient(endpoint: endpoint)
    guard case .status = try await client.reply(to: .status, timeout: .seconds(30)) else {
      Issue.record("no status")
      return
    }
    await service.abandon()
  }
}
