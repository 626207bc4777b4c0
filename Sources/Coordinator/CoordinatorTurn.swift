internal import Logging
internal import SweepProtocol
internal import ZeroMQ

extension CoordinatorService {
  /// What has been read and is to be acted on.
  struct Inbox {
    var events: [Scheduler.Event] = []
    var parts: [(SubmitPart, ConnectionID)] = []
    /// Of the messages that the events come from.
    var weight = CommitLine.Weight()
  }

  /// Checkpoint messages read at a time, each a chunk to be written, so that heartbeats wait for 8 MiB at most.
  private static let chunkBatch = 32

  /// Reads what has arrived, and acts on it.
  func turn() {
    // Its end calls again.
    if commits?.isFull == true { commits?.wait() }
    noteConnections()
    readMessages()
    readCheckpoints()
    act()
    let parts = inbox.parts
    inbox.parts = []
    for (part, connection) in parts { take(part, from: connection) }
  }

  private func readMessages() {
    let most = CommitLine.Weight.most
    read(messages, upTo: most.messages, bytes: most.bytes) { connection, bytes, key in
      inbox.weight.messages += 1
      inbox.weight.bytes += bytes.count
      inbox.events += noteSource(connection, messages?.sourceDescriptor ?? -1)
      if let refusal = gate.refusal(of: key) { return refuse(refusal, connection) }
      do throws(WireError) {
        switch try Wire.decodeInbound(bytes) {
        case .worker(let envelope):
          if let refusal = gate.refusal(of: key, as: envelope.worker) ?? clockRefusal(of: envelope) {
            return refuse(refusal, connection)
          }
          inbox.events.append(.message(envelope, from: connection))
          // What a connection brought before it closed may be read after it is known to have closed.
          if closed[connection] != nil { inbox.events.append(.connectionLost(connection)) }
        case .client(let request):
          if let line = gate.refusal(of: key, asking: request) {
            noteRefusal("request", "refused a request: \(line)")
            _ = deliver(Wire.encode(ClientReply.refused(line)), to: connection, by: messages)
            return
          }
          if case .submit(let part) = request {
            inbox.parts.append((part, connection))
          } else {
            inbox.events.append(.request(request, from: connection))
          }
        }
      } catch {
        noteUnreadable("\(error)")
        inbox.events.append(.unreadable(error.refusal, error.description, from: connection))
      }
    }
  }

  private func readCheckpoints() {
    read(checkpoints, upTo: Self.chunkBatch, bytes: .max) { connection, bytes, key in
      if gate.refusal(of: key) != nil { return }
      do throws(WireError) {
        let envelope = try Wire.decodeCheckpointRequest(bytes)
        // Whoever it is hears of it on the message socket.
        if let refusal = gate.refusal(of: key, as: envelope.worker) {
          return noteRefusal("\(refusal.reason)", "refused a checkpoint: \(refusal.line)")
        }
        let effects = transfers?.handle(envelope, from: connection, at: now) ?? []
        let events = carryOut(effects)
        inbox.events += events
      } catch {
        noteUnreadable("\(error)")
      }
    }
  }

  /// Stores a part of a submitted sweep, and gives the scheduler its trials before it is answered.
  private func take(_ part: SubmitPart, from connection: ConnectionID) {
    // The store is written to from here too.
    while let commits, !commits.isIdle {
      commits.wait()
      act()
    }
    guard messages != nil else { return }
    do {
      let taken = try desk.take(part, into: store, at: now)
      if !taken.rows.isEmpty { process([.trialsStored(taken.rows, sweep: taken.sweep)]) }
      if let ended = taken.ended {
        process([.sweepSubmitted(taken.sweep, ended.rule), .trialsWithdrawn(ended.withdrawn)])
      }
      _ = send(Wire.encode(taken.reply), to: connection)
    } catch {
      logger.error("stopping: \(error)")
      finish(error)
    }
  }

  private func clockRefusal(of envelope: WorkerEnvelope) -> Gate.Refusal? {
    guard case .hello(let hello) = envelope.message else { return nil }
    return ClockSkew.refusal(of: hello, at: clock)
  }

  /// Forgets closed connections from which nothing can wait to be read any more.
  func forgetClosed() {
    let past = now
    if !closed.isEmpty { closed = closed.filter { $0.value.duration(to: past) < .seconds(60) } }
  }

  /// Acts on these events, after what has been read before.
  func process(_ events: [Scheduler.Event]) {
    inbox.events += events
    act()
  }

  /// Feeds the scheduler what has been read, has what that changes committed, and carries out what is allowed by now.
  private func act() {
    guard let commits else { return }
    do {
      repeat {
        let (events, weight) = (inbox.events, inbox.weight)
        (inbox.events, inbox.weight) = ([], CommitLine.Weight())
        let moment = now
        commits.add(events.flatMap { scheduler?.handle($0, at: moment) ?? [] }, weight)
        let ended = try commits.takeEnded()
        inbox.events = ended.events
        for command in Self.withoutRepeatedAcknowledgements(ended.commands) {
          // The end waits for what is still to be told.
          if command == .end, !ended.events.isEmpty {
            commits.add([.end], CommitLine.Weight())
          } else {
            inbox.events += carryOut(command)
          }
        }
      } while !inbox.events.isEmpty && messages != nil
    } catch {
      logger.error("stopping: \(error)")
      finish(error)
    }
  }

  /// An acknowledgement says what earlier ones on its connection said: the last of a batch suffices.
  private static func withoutRepeatedAcknowledgements(_ commands: [Scheduler.Command]) -> [Scheduler.Command]
  {
    var acknowledged: Set<ConnectionID> = []
    var kept: [Scheduler.Command] = []
    kept.reserveCapacity(commands.count)
    for command in commands.reversed() {
      if case .send(let envelope, let connection) = command, case .acknowledge = envelope.message,
        !acknowledged.insert(connection).inserted
      {
        continue
      }
      kept.append(command)
    }
    kept.reverse()
    return kept
  }

  /// Returns what the attempt tells the scheduler.
  private func carryOut(_ command: Scheduler.Command) -> [Scheduler.Event] {
    switch command {
    case .persist: return []
    case .send(let envelope, let connection): return send(Wire.encode(envelope), to: connection)
    case .reply(let reply, let connection): return send(Wire.encode(reply), to: connection)
    case .answerUpload(let answer, let id): return carryOut(transfers?.answer(answer, id, at: now) ?? [])
    case .answerDownload(let answer, let id): return carryOut(transfers?.answer(answer, id, at: now) ?? [])
    case .deleteCheckpoint(let checkpoint):
      files?.post(.delete(checkpoint), of: CheckpointFileID(number: 0, trial: checkpoint.attempt.trial))
    case .log(let level, let line): log(level, line)
    case .end: finish()
    }
    return []
  }

  /// Goes on with the transfers whose files have something to tell.
  func take(_ reports: [CheckpointReport]) {
    process(reports.flatMap { carryOut(transfers?.handle($0, at: now) ?? []) })
  }

  func carryOut(_ effects: [CheckpointServer.Effect]) -> [Scheduler.Event] {
    effects.flatMap { effect -> [Scheduler.Event] in
      switch effect {
      case .event(let event): return [event]
      case .file(let task, let file): files?.post(task, of: file)
      case .reply(let envelope, let connection):
        // A peer with a full queue or gone asks again on a new connection.
        if deliver(Wire.encode(envelope), to: connection, by: checkpoints) != .sent {
          return carryOut(transfers?.forget(connection) ?? [])
        }
      }
      return []
    }
  }

  private func send(_ bytes: [UInt8], to connection: ConnectionID) -> [Scheduler.Event] {
    switch deliver(bytes, to: connection, by: messages) {
    case .sent: return []
    case .unreachable: return [.connectionLost(connection)]
    case .wouldBlock:
      // What matters is sent again until it is answered.
      logger.debug("a worker does not read its messages; dropped one of \(bytes.count) bytes")
      return []
    }
  }

  func deliver(_ bytes: [UInt8], to connection: ConnectionID, by socket: Socket?) -> Socket.SendResult {
    guard let socket else { return .unreachable }
    do {
      return try socket.send([connection.bytes, bytes])
    } catch {
      logger.warning("\(error)")
      return .unreachable
    }
  }

  /// Calls `body` with the sender, the one frame, and the sender's key of every message that waits, up to `limit` of
  /// them or to the one that makes them `bytes` long.
  private func read(
    _ socket: Socket?, upTo limit: Int, bytes: Int, _ body: (ConnectionID, [UInt8], String?) -> Void
  ) {
    guard let socket else { return }
    var left = bytes
    do {
      for _ in 0..<limit where left > 0 {
        guard let received = try socket.receiveIdentified() else { return }
        let frames = received.frames
        left -= frames.last?.count ?? 0
        if gate.hasBeenTold(received.key, at: now) {
          socket.cutOff(received)
        } else if frames.count == 2 {
          body(ConnectionID(frames[0]), frames[1], received.key)
        } else {
          noteUnreadable("a message has \(frames.count - 1) frames instead of 1")
        }
      }
    } catch {
      finish(error)
    }
  }

  private func noteUnreadable(_ reason: String) {
    unreadable += 1
    if unreadable <= 10 || unreadable % 1000 == 0 {
      logger.warning("dropped message \(unreadable) of those that cannot be read: \(reason)")
    }
  }

  private func log(_ level: Scheduler.LogLevel, _ line: String) {
    switch level {
    case .info: logger.info("\(line)")
    case .notice: logger.notice("\(line)")
    case .warning: logger.warning("\(line)")
    }
  }
}
