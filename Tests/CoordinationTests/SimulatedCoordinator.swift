import Coordinator
import SweepProtocol
import Worker

// The coordinator's service in a simulation: batches, one commit, then the rest.

extension Simulation {
  static let lease = Duration.seconds(10)

  mutating func startCoordinator() {
    guard scheduler == nil else { return }
    coordinators += 1
    var settings = SchedulerSettings(coordinator: uuid(1_000_000 + coordinators), program: "1")
    // Here it is chance that kills workers, however often, and never a trial.
    settings.losses = .max
    settings.lease = Self.lease
    settings.heartbeat = .seconds(2)
    settings.tick = .seconds(1)
    settings.redelivery = .seconds(4)
    settings.hang = .seconds(40)
    scheduler = Scheduler(settings, restoring: store.restoration, at: now)
    coordinatorPausedUntil = now
    batch = []
    schedule(.coordinatorTick, after: settings.tick)
  }

  /// Whatever was not committed is gone; connections break, workers notice sooner or later.
  mutating func crashCoordinator() {
    guard scheduler != nil else { return }
    scheduler = nil
    batch = []
    transfers = [:]
    for connection in openConnections.keys.sorted() { disconnect(connection) }
    schedule(.coordinatorReturns, after: chance.seconds(0.1...30))
  }

  mutating func coordinatorMeets(_ occurrence: Occurrence) {
    guard scheduler != nil else { return }
    if now < coordinatorPausedUntil {
      agenda.add(occurrence, at: coordinatorPausedUntil)
      return
    }
    switch occurrence {
    case .coordinatorTick:
      coordinate(.tick)
      schedule(.coordinatorTick, after: .seconds(1))
    case .arriveAtCoordinator(let bytes, let connection):
      do {
        guard case .worker(let envelope) = try Wire.decodeInbound(bytes) else { return }
        coordinate(.message(envelope, from: connection))
      } catch {
        store.violations.append("a worker's message cannot be read: \(error)")
      }
    case .connectionLost(let connection): coordinate(.connectionLost(connection))
    case .upload(let transfer):
      transfers[transfer.id] = transfer
      coordinate(
        .uploadOffered(
          transfer.attempt, transfer.checkpoint, worker: transfer.worker, transfer: transfer.id))
    case .uploadBytes(let transfer):
      guard transfers[transfer.id] != nil else { return }
      files[StoredCheckpoint(attempt: transfer.attempt, descriptor: transfer.checkpoint)] = transfer.state
      coordinate(
        .uploadReceived(
          transfer.attempt, transfer.checkpoint, worker: transfer.worker, transfer: transfer.id))
    case .download(let transfer):
      transfers[transfer.id] = transfer
      coordinate(
        .downloadRequested(
          transfer.attempt, transfer.checkpoint, worker: transfer.worker, transfer: transfer.id))
    default: break
    }
  }

  /// Hands an event to the scheduler, alone or with those waiting; a crash may come before the commit or
  /// between it and the first message.
  mutating func coordinate(_ event: Scheduler.Event) {
    batch.append(event)
    if event != .tick, event != .shutdownRequested, chance.happens(0.3) { return }
    var commands: [Scheduler.Command] = []
    for event in batch { commands += scheduler!.handle(event, at: now) }
    batch = []
    if chance.happens(faults.coordinatorCrash * 5) {
      crashCoordinator()
      return
    }
    store.commit(commands.compactMap { if case .persist(let record) = $0 { record } else { nil } })
    if chance.happens(faults.coordinatorCrash * 5) {
      crashCoordinator()
      return
    }
    for command in commands { carryOut(command) }
  }

  private mutating func carryOut(_ command: Scheduler.Command) {
    switch command {
    case .persist, .log, .reply: break
    case .send(let envelope, let connection):
      if case .assign = envelope.message { assignmentsSent += 1 }
      guard openConnections[connection] == envelope.worker else {
        schedule(.connectionLost(connection), after: .milliseconds(1))
        return
      }
      transmit(
        .arriveAtWorker(Wire.encode(envelope), connection: connection, worker: envelope.worker), connection)
    case .answerUpload(let answer, let id):
      guard let transfer = transfers[id] else { return }
      switch answer {
      case .accept: schedule(.uploadBytes(transfer), after: chance.seconds(0.1...3))
      case .stored: transmit(.uploadAnswer(transfer, .done), nil)
      case .refuse(let reason, let line): transmit(.uploadAnswer(transfer, .refused(reason, line)), nil)
      }
    case .answerDownload(let answer, let id):
      guard let transfer = transfers[id] else { return }
      switch answer {
      case .accept(let file):
        if let state = files[file] {
          transmit(.downloadAnswer(transfer, .done, state), nil)
        } else {
          store.violations.append("the file of \(file.attempt) at \(file.descriptor.position) is gone")
        }
      case .refuse(let reason, let line):
        transmit(.downloadAnswer(transfer, .refused(reason, line), 0), nil)
      }
    case .deleteCheckpoint(let file): files[file] = nil
    case .end: ended = true
    }
  }

  /// Sends over the network: delayed, perhaps lost, repeated, or overtaken. Without a connection: a transfer.
  mutating func transmit(_ occurrence: Occurrence, _ connection: ConnectionID?) {
    if chance.happens(faults.loss) { return }
    for _ in 0..<(chance.happens(faults.duplication) ? 2 : 1) {
      var arrival = now + chance.seconds(0.01...0.2)
      if let connection, !faults.reordering {
        arrival = max(arrival, lastArrival[connection] ?? now)
        lastArrival[connection] = arrival
      } else if chance.happens(faults.loss) {
        arrival = now + chance.seconds(0.2...25)
      }
      agenda.add(occurrence, at: arrival)
    }
  }

  mutating func disconnect(_ connection: ConnectionID) {
    guard let worker = openConnections.removeValue(forKey: connection) else { return }
    if !chance.happens(0.3) {
      schedule(.worker(worker, .disconnected(connection)), after: chance.seconds(0...2))
    }
    if scheduler != nil, chance.happens(0.5) {
      schedule(.connectionLost(connection), after: chance.seconds(0...2))
    }
  }
}
