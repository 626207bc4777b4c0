import Coordinator
import Crypto
import Foundation
import ResultStore
import SweepProtocol
import Testing
import Worker

/// Uploads and downloads as a peer of ill will or bad luck makes them.
@Suite(.timeLimit(.minutes(2))) struct TransferTests {
  /// A coordinator, and a worker by hand that holds its one trial.
  struct Scene {
    let cluster: Cluster
    let service: CoordinatorService
    let messages: RawPeer
    let checkpoints: RawPeer
    let worker = UUID().uuidString.lowercased()
    let attempt: AttemptID

    init(_ change: (inout CoordinatorOptions) -> Void = { _ in }) async throws {
      cluster = try Cluster(trials: 1)
      let (service, _, endpoint) = try await cluster.coordinator(change)
      self.service = service
      messages = try RawPeer(endpoint)
      var hello = WorkerHello()
      hello.program = ProgramVersion.current
      hello.name = "by hand"
      hello.beat = 1
      hello.datasets = ["synthetic": String(repeating: "a", count: 64)]
      try await messages.send([Wire.encode(WorkerEnvelope(worker: worker, message: .hello(hello)))])
      var idle = WorkerHeartbeat()
      idle.beat = 2
      idle.wantsTrial = true
      try await messages.send([Wire.encode(WorkerEnvelope(worker: worker, message: .heartbeat(idle)))])
      let peer = messages
      attempt = try await eventually("an assignment") {
        try await peer.receiveCoordinatorMessage {
          if case .assign(let assignment) = $0 { assignment.attempt } else { nil }
        }
      }
      checkpoints = try RawPeer(Announcement.read(store: cluster.path)!.checkpoints)
    }

    func send(_ transfer: UInt64, _ request: CheckpointRequest) async throws {
      let envelope = CheckpointRequestEnvelope(worker: worker, transfer: transfer, request: request)
      try await checkpoints.send([Wire.encode(envelope)])
    }

    func reply(_ transfer: UInt64) async throws -> CheckpointReply {
      try await eventually("a reply") {
        guard let bytes = try await checkpoints.receive() else { return nil }
        let envelope = try Wire.decodeCheckpointReply(bytes)
        return envelope.transfer == transfer ? envelope.reply : nil
      }
    }

    func refusal(_ transfer: UInt64) async throws -> CheckpointRefusal? {
      if case .refused(let reason, _) = try await reply(transfer) { reason } else { nil }
    }

    var files: [String] {
      get throws { try FileManager.default.contentsOfDirectory(atPath: cluster.path + ".checkpoints") }
    }
  }

  static func descriptor(_ bytes: [UInt8], epoch: Int = 1) -> CheckpointDescriptor {
    CheckpointDescriptor(
      position: CheckpointPosition(epoch: epoch, step: 0), size: bytes.count,
      sha256: hexadecimal(SHA256.hash(data: bytes)))
  }

  @Test func aFileIsPublishedUnderATrialsNameAndComesBack() async throws {
    let scene = try await Scene()
    let bytes = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let descriptor = Self.descriptor(bytes)
    try await scene.send(1, .upload(scene.attempt, descriptor))
    #expect(try await scene.reply(1) == .credit(bytes.count))
    for offset in stride(from: 0, to: bytes.count, by: CheckpointLimits.chunk) {
      #expect(try scene.files.allSatisfy { $0.hasSuffix(".part") })
      let chunk = bytes[offset..<min(offset + CheckpointLimits.chunk, bytes.count)]
      try await scene.send(1, .chunk(offset: offset, bytes: chunk))
    }
    #expect(try await scene.reply(1) == .stored)
    #expect(try scene.files == ["\(scene.attempt.trial).1.\(descriptor.sha256.prefix(12)).safetensors"])
    #expect(
      FileManager.default.contents(atPath: "\(scene.cluster.path).checkpoints/\(try scene.files[0])")
        == Data(bytes))
    await scene.service.abandon()
  }

  /// Garbage with the right hash: whoever is to go on from it gives it back, and the trial begins anew.
  @Test func aCheckpointThatCannotBeUsedCostsOneAttempt() async throws {
    let scene = try await Scene()
    try await scene.send(1, .upload(scene.attempt, Self.descriptor([1, 2, 3])))
    #expect(try await scene.reply(1) == .credit(3))
    try await scene.send(1, .chunk(offset: 0, bytes: [1, 2, 3]))
    #expect(try await scene.reply(1) == .stored)
    let released = WorkerEnvelope(
      worker: scene.worker, sequence: 1, message: .released(scene.attempt, .stopping))
    try await scene.messages.send([Wire.encode(released)])
    try await scene.messages.send([Wire.encode(WorkerEnvelope(worker: scene.worker, message: .goodbye))])
    let endpoint = Announcement.read(store: scene.cluster.path)!.messages
    let worker = try scene.cluster.worker(endpoint, ScriptedRunner())
    let ending = Task { await worker.finished() }
    #expect(try await scene.service.finished().counts.completed == 1)
    #expect(await ending.value.status == 0)
    try scene.cluster.expectUndisturbedResults()
    let attempts = try scene.cluster.rows().attempts
    #expect(attempts.map(\.ending) == [.stopping, .stopping, .result])
    #expect(attempts.map(\.resumedEpoch) == [nil, 1, nil])
    #expect(attempts[1].message == "it could not go on from its checkpoint")
  }

  @Test func bytesThatAreNotThoseAnnouncedAreRefusedAndLeaveNothing() async throws {
    let scene = try await Scene()
    var bytes = [UInt8](repeating: 1, count: 1000)
    let descriptor = Self.descriptor(bytes)
    bytes[500] = 2
    try await scene.send(1, .upload(scene.attempt, descriptor))
    #expect(try await scene.reply(1) == .credit(1000))
    try await scene.send(1, .chunk(offset: 0, bytes: bytes[...]))
    #expect(try await scene.refusal(1) == .corrupt)
    #expect(try scene.files == [])
    await scene.service.abandon()
  }

  @Test func chunksOutOfOrderOrBeyondTheCreditAreRefused() async throws {
    let scene = try await Scene()
    let bytes = [UInt8](repeating: 1, count: 4 << 20)
    let descriptor = Self.descriptor(bytes)
    try await scene.send(1, .upload(scene.attempt, descriptor))
    #expect(try await scene.reply(1) == .credit(1 << 20))
    try await scene.send(1, .chunk(offset: 100, bytes: [1]))
    #expect(try await scene.refusal(1) == .disordered)
    try await scene.send(2, .chunk(offset: 0, bytes: [1]))
    #expect(try await scene.refusal(2) == .disordered)
    try await scene.send(3, .upload(scene.attempt, Self.descriptor([1, 2])))
    #expect(try await scene.reply(3) == .credit(2))
    try await scene.send(3, .chunk(offset: 0, bytes: [1, 2, 3]))
    #expect(try await scene.refusal(3) == .disordered)
    #expect(try scene.files == [])
    await scene.service.abandon()
  }

  @Test func whatIsTooLargeOrNotTheAttemptsIsRefused() async throws {
    let scene = try await Scene { $0.largestCheckpoint = 1000 }
    try await scene.send(1, .upload(scene.attempt, Self.descriptor([UInt8](repeating: 0, count: 1001))))
    #expect(try await scene.refusal(1) == .tooLarge)
    try await scene.send(2, .upload(scene.attempt, Self.descriptor([])))
    #expect(try await scene.refusal(2) == .corrupt)
    let later = AttemptID(trial: scene.attempt.trial, number: scene.attempt.number + 1)
    try await scene.send(3, .upload(later, Self.descriptor([1])))
    #expect(try await scene.refusal(3) == .superseded)
    await scene.service.abandon()
  }

  @Test func filesNoRowNamesAreClearedAtTheStart() async throws {
    let cluster = try Cluster(trials: 1)
    let directory = cluster.path + ".checkpoints"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let orphan = "\(cluster.trials[0].id).1.0123456789ab.safetensors"
    for name in [orphan, "77-1.part", "notes.txt"] {
      #expect(FileManager.default.createFile(atPath: "\(directory)/\(name)", contents: Data([1])))
    }
    let (service, _, _) = try await cluster.coordinator()
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["notes.txt"])
    await service.abandon()
  }

  @Test func aWorkerThatComesBackOnAnotherConnectionIsAnsweredThere() async throws {
    let scene = try await Scene()
    let second = try RawPeer(Announcement.read(store: scene.cluster.path)!.messages)
    var hello = WorkerHello()
    hello.program = ProgramVersion.current
    hello.name = "by hand"
    hello.beat = 3
    hello.held = [HeldAttempt(scene.attempt, progress: TrialProgress())]
    try await second.send([Wire.encode(WorkerEnvelope(worker: scene.worker, message: .hello(hello)))])
    try await eventually("a welcome") {
      try await second.receiveCoordinatorMessage { if case .welcome = $0 { true } else { nil } }
    }
    // A heartbeat of before, overtaken on the old connection, does not call it back.
    var stale = WorkerHeartbeat()
    stale.beat = 2
    try await scene.messages.send([
      Wire.encode(WorkerEnvelope(worker: scene.worker, message: .heartbeat(stale)))
    ])
    var heartbeat = WorkerHeartbeat()
    heartbeat.beat = 4
    heartbeat.held = hello.held
    try await second.send([Wire.encode(WorkerEnvelope(worker: scene.worker, message: .heartbeat(heartbeat)))])
    try await eventually("an acknowledgement") {
      try await second.receiveCoordinatorMessage { if case .acknowledge(0) = $0 { true } else { nil } }
    }
    let status = try #require(await scene.service.status())
    #expect(status.workers.count == 1)
    #expect(status.running.map(\.attempt) == [scene.attempt])
    await scene.service.abandon()
  }
}
