import LayerAnalysis
import Sweeps
import SweepProtocol
import Testing

@Suite struct WireTests {
  @Test func workerMessagesComeBack() throws {
    for message in Samples.workerMessages {
      let envelope = Samples.envelope(message)
      guard case .worker(let decoded) = try Wire.decodeInbound(Wire.encode(envelope)) else {
        Issue.record("no worker's message")
        continue
      }
      if case .snapshot(let attempt, let snapshot) = decoded.message {
        #expect(attempt == Samples.attempt && decoded.sequence == 42)
        #expect(bits(snapshot) == bits(Samples.snapshot))
      } else {
        #expect(decoded == envelope)
      }
    }
  }

  @Test func lossesThatAreNoNumbersComeBackInProgress() throws {
    var heartbeat = WorkerHeartbeat()
    heartbeat.held = [HeldAttempt(Samples.attempt, progress: TrialProgress())]
    let bytes = Wire.encode(WorkerEnvelope(worker: Samples.worker, message: .heartbeat(heartbeat)))
    guard case .worker(let decoded) = try Wire.decodeInbound(bytes),
      case .heartbeat(let back) = decoded.message
    else {
      Issue.record("no heartbeat")
      return
    }
    #expect(back.held[0].progress.loss.bitPattern == Double.nan.bitPattern)
    #expect(back.held[0].progress.secondsLeft == nil)
  }

  @Test func allOtherMessagesComeBack() throws {
    for message in Samples.coordinatorMessages {
      let envelope = CoordinatorEnvelope(
        coordinator: Samples.worker, worker: Samples.worker, message: message)
      #expect(try Wire.decodeCoordinatorEnvelope(Wire.encode(envelope)) == envelope)
    }
    for request in Samples.requests {
      let envelope = CheckpointRequestEnvelope(worker: Samples.worker, transfer: .max, request: request)
      #expect(try Wire.decodeCheckpointRequest(Wire.encode(envelope)) == envelope)
    }
    for reply in Samples.replies {
      let envelope = CheckpointReplyEnvelope(transfer: 1, reply: reply)
      #expect(try Wire.decodeCheckpointReply(Wire.encode(envelope)) == envelope)
    }
    for request in Samples.clientRequests {
      #expect(try Wire.decodeInbound(Wire.encode(request)) == .client(request))
    }
    for reply in Samples.clientReplies + [.status(ClusterStatus())] {
      #expect(try Wire.decodeClientReply(Wire.encode(reply)) == reply)
    }
  }

  @Test func aWholeChunkFitsItsFrame() throws {
    let bytes = [UInt8](repeating: 0xff, count: CheckpointLimits.chunk)
    let envelope = CheckpointRequestEnvelope(
      worker: Samples.worker, transfer: .max,
      request: .chunk(offset: CheckpointLimits.size, bytes: bytes[...]))
    #expect(try Wire.decodeCheckpointRequest(Wire.encode(envelope)) == envelope)
  }

  @Test func longTextsAreShortenedAtACharacter() throws {
    let line = String(repeating: "é", count: 5000)
    let reply = try Wire.decodeClientReply(Wire.encode(ClientReply.refused(line)))
    guard case .refused(let short) = reply else {
      Issue.record("no refusal")
      return
    }
    #expect(short.utf8.count <= 4096 && short.utf8.count > 4090)
    #expect(short.hasSuffix("é…"))
  }

  @Test func anotherVersionIsNamed() {
    var bytes = Wire.encode(Samples.envelope(.goodbye))
    bytes[5] = 2
    bytes[6] = 1
    #expect(throws: WireError.version(theirs: 258)) { try Wire.decodeInbound(bytes) }
    let error = WireError.version(theirs: 258)
    #expect(error.refusal == .protocolVersion)
    #expect(
      error.description
        == "the peer speaks protocol version 258, this program version 1; run the same program on both sides")
  }

  @Test func foreignBytesAndWrongKindsAreRefused() {
    #expect(throws: WireError.foreign(bytes: 0)) { try Wire.decodeInbound([]) }
    #expect(throws: WireError.foreign(bytes: 14)) { try Wire.decodeInbound(Array("GET / HTTP/1.1".utf8)) }
    let reply = Wire.encode(ClientReply.shuttingDown)
    #expect(throws: WireError.kind(4)) { try Wire.decodeInbound(reply) }
    #expect(throws: WireError.kind(4)) { try Wire.decodeCoordinatorEnvelope(reply) }
    var long = Wire.encode(ClientRequest.status)
    long += [UInt8](repeating: 0, count: 1 << 20)
    #expect(throws: WireError.tooLong(bytes: long.count, limit: 1 << 20)) { try Wire.decodeInbound(long) }
    var cut = Wire.encode(Samples.envelope(.hello(Samples.hello)))
    cut.removeLast()
    #expect(throws: WireError.undecodable("WorkerEnvelope")) { try Wire.decodeInbound(cut) }
  }

  /// What the types allow and the wire does not.
  @Test func fieldsOutOfBoundsAreNamed() {
    func refused(_ envelope: WorkerEnvelope, _ field: String) {
      do {
        _ = try Wire.decodeInbound(Wire.encode(envelope))
        Issue.record("\(field) was taken")
      } catch WireError.field(let name, _) {
        #expect(name == field)
      } catch {
        Issue.record("\(field): \(error)")
      }
    }
    refused(WorkerEnvelope(worker: "me", message: .goodbye), "worker")
    refused(WorkerEnvelope(worker: Samples.worker.uppercased(), message: .goodbye), "worker")
    refused(WorkerEnvelope(worker: Samples.worker, sequence: 1, message: .goodbye), "sequence")
    let released = WorkerMessage.released(Samples.attempt, .stopping)
    refused(WorkerEnvelope(worker: Samples.worker, sequence: 0, message: released), "sequence")
    for (attempt, field) in [
      (AttemptID(trial: Samples.trial, number: 0), "attempt.number"),
      (AttemptID(trial: "../../etc/passwd", number: 1), "attempt.trial"),
      (AttemptID(trial: Samples.trial.uppercased(), number: 1), "attempt.trial"),
    ] {
      refused(Samples.envelope(.released(attempt, .stopping)), field)
    }
    var hello = Samples.hello
    hello.datasets = ["cifar10": "abc"]
    refused(Samples.envelope(.hello(hello)), "hello.datasets")
    hello = Samples.hello
    hello.held = Array(repeating: hello.held[0], count: 2000)
    refused(Samples.envelope(.hello(hello)), "held")
    var snapshot = Samples.snapshot
    snapshot.layers[0].statistics.channelUpper.removeLast()
    refused(Samples.envelope(.snapshot(Samples.attempt, snapshot)), "layer.channel_upper")
    snapshot = Samples.snapshot
    snapshot.epoch = 2_000_000
    refused(Samples.envelope(.snapshot(Samples.attempt, snapshot)), "snapshot.epoch")
  }
}
