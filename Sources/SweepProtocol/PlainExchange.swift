// What is said for every trial besides its results, without the generated code, as `PlainSnapshot`: that a worker is
// idle, what it is to run, and how far it is acknowledged.

extension PlainWriter {
  /// A `WorkerEnvelope` of a heartbeat that holds nothing, after its frame's header.
  static func bytes(after header: [UInt8], worker: String, idle heartbeat: WorkerHeartbeat) -> [UInt8] {
    precondition(heartbeat.held.isEmpty, "an idle worker holds nothing")
    return bytes(after: header, atMost: 4 * overhead + worker.utf8.count) { writer in
      writer.add(1, worker)
      writer.add(4) {
        $0.add(1, heartbeat.beat)
        $0.add(3, heartbeat.wantsTrial)
      }
    }
  }

  /// A `CoordinatorEnvelope` after its frame's header; nil: for the generated code to encode.
  static func bytes(after header: [UInt8], _ envelope: CoordinatorEnvelope) -> [UInt8]? {
    let names = envelope.coordinator.utf8.count + envelope.worker.utf8.count
    switch envelope.message {
    case .acknowledge(let sequence):
      return bytes(after: header, atMost: 3 * overhead + names) { writer in
        writer.add(1, envelope.coordinator)
        writer.add(2, envelope.worker)
        writer.add(7, present: sequence)
      }
    case .assign(let assignment) where assignment.checkpoint == nil:
      let limit =
        8 * overhead + names + assignment.attempt.trial.utf8.count
        + size(of: assignment.label, upTo: TextLimit.label) + assignment.configuration.utf8.count
      return bytes(after: header, atMost: limit) { writer in
        writer.add(1, envelope.coordinator)
        writer.add(2, envelope.worker)
        writer.add(6) { writer in
          writer.add(1) { $0.add(assignment.attempt) }
          writer.add(2, shortened(assignment.label, to: TextLimit.label))
          writer.add(3, assignment.configuration)
        }
      }
    default: return nil
    }
  }
}

extension PlainReader {
  /// Of a worker that holds nothing.
  mutating func heartbeat() -> WorkerMessage {
    var heartbeat = WorkerHeartbeat()
    message {
      heartbeat.beat = $0.unsigned(1)
      if heartbeat.beat > NumberLimit.counter { $0.fail() }
      heartbeat.wantsTrial = $0.integer(3, upTo: 1) == 1
    }
    return .heartbeat(heartbeat)
  }

  /// An envelope with an acknowledgement or an assignment, from the payload; nil: for the generated decoder to decide.
  static func exchange(_ payload: UnsafeRawBufferPointer) -> CoordinatorEnvelope? {
    var reader = PlainReader(payload)
    let coordinator = reader.text(1, upTo: TextLimit.name)
    let worker = reader.text(2, upTo: TextLimit.name)
    guard let coordinator = try? checkedUUID(coordinator, ""),
      let worker = worker.isEmpty ? "" : try? checkedUUID(worker, "")
    else { return nil }
    let message: CoordinatorMessage
    if reader.has(6, .bytes) {
      message = reader.assignment()
    } else if let sequence = reader.optionalUnsigned(7) {
      message = .acknowledge(sequence)
    } else {
      return nil
    }
    guard !reader.failed, reader.isAtEnd else { return nil }
    return CoordinatorEnvelope(coordinator: coordinator, worker: worker, message: message)
  }

  private mutating func assignment() -> CoordinatorMessage {
    var assignment = Assignment(attempt: AttemptID(trial: "", number: 0), label: "", configuration: "")
    message {
      assignment.attempt = $0.attempt(1)
      assignment.label = $0.text(2, upTo: TextLimit.label)
      assignment.configuration = $0.text(3, upTo: TextLimit.configuration)
    }
    return .assign(assignment)
  }
}
