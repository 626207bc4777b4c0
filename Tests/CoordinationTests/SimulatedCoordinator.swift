import Coordinator
import SweepProtocol
import Sweeps
import Worker

// The coordinator's service in a simulation: batches, and what they ask for, which gathers until it is committed and then
// carried out.

extension Simulation {
  static let settings: SchedulerSettings = {
    var settings = SchedulerSettings(coordinator: "", program: "1")
    // Here it is chance that kills workers, however often, and never a trial.
    settings.losses = .max
    settings.lease = .seconds(10)
    settings.heartbeat = .seconds(2)
    settings.tick = .seconds(1)
    settings.redelivery = .seconds(4)
    settings.hang = .seconds(40)
    return settings
  }()

  mutating func startCoordinator() {
    guard scheduler == nil else { return }
    coordinators += 1
    settings.coordinator = uuid(1_000_000 + coordinators)
    coordinatorClock = SimulatedClock(startedAt: now, skew: faults.skew, &chance)
    scheduler = Scheduler(settings, restoring: store.restoration, at: coordinatorClock.read(at: now))
    // Files without a row are deleted, as the service does.
    let rows = store.trials
    files = files.filter { rows[$0.key.attempt.trial]!.checkpoint == $0.key }
    coordinatorPausedUntil = now
    batch = []
    gathering = []
    trace.note(now, "coordinator \(coordinators) begins")
    schedule(.coordinatorTick(coordinators), after: settings.tick)
  }

  /// Whatever was not committed is gone; connections break, workers notice sooner or later.
  mutating func crashCoordinator(_ point: CrashPoint, returningAfter absence: Duration? = nil) {
    guard scheduler != nil else { return }
    trace.note(now, "coordinator \(coordinators) ends, \(point)")
    crashes[point, default: 0] += 1
    scheduler = nil
    batch = []
    gathering = []
    transfers = [:]
    for connection in openConnections.keys.sorted() { disconnect(connection) }
    schedule(.coordinatorReturns, after: absence ?? chance.seconds(0.1...30))
  }

  mutating func coordinatorMeets(_ occurrence: Occurrence) {
    guard scheduler != nil else { return }
    if now < coordinatorPausedUntil {
      agenda.add(occurrence, at: coordinatorPausedUntil)
      return
    }
    switch occurrence {
    case .coordinatorTick(let coordinator):
      guard coordinator == coordinators else { return }
      coordinate(.tick)
      schedule(.coordinatorTick(coordinator), after: settings.tick)
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
    case .uploadBytes(let transfer): receiveBytes(transfer)
    case .download(let transfer):
      if chance.happens(faults.storage) {
        transmit(.downloadAnswer(transfer, Self.storageFault, 0), .toWorker, of: transfer.worker, on: nil)
        return
      }
      transfers[transfer.id] = transfer
      coordinate(
        .downloadRequested(
          transfer.attempt, transfer.checkpoint, worker: transfer.worker, transfer: transfer.id))
    default: break
    }
  }

  private mutating func receiveBytes(_ transfer: Transfer) {
    guard transfers[transfer.id] != nil else { return }
    if now < diskFullUntil || chance.happens(faults.storage) {
      transfers[transfer.id] = nil
      weightsRefused.insert(transfer.attempt.trial)
      transmit(.uploadAnswer(transfer, Self.storageFault), .toWorker, of: transfer.worker, on: nil)
      return
    }
    if dies(at: .duringUpload) { return }
    files[StoredCheckpoint(attempt: transfer.attempt, descriptor: transfer.checkpoint)] = transfer.state
    if dies(at: .duringUpload) { return }
    coordinate(
      .uploadReceived(
        transfer.attempt, transfer.checkpoint, worker: transfer.worker, transfer: transfer.id))
  }

  private static let storageFault = WorkerSession.TransferEnd.refused(.storage, "the disk is at fault")

  /// Whether the coordinator dies here.
  private mutating func dies(at point: CrashPoint) -> Bool {
    guard chance.happens(faults.coordinatorCrash * 5) else { return false }
    crashCoordinator(point)
    return true
  }

  /// Hands an event to the scheduler, alone or with those waiting, and does what it answers.
  mutating func coordinate(_ event: Scheduler.Event) {
    batch.append(event)
    if event != .tick, event != .shutdownRequested, chance.happens(0.3) { return }
    let moment = coordinatorClock.read(at: now)
    let first = scheduler!.handle(batch[0], at: moment)
    if gathering.isEmpty { checkFencing(of: batch[0], first) }
    gathering += first
    for event in batch.dropFirst() { gathering += scheduler!.handle(event, at: moment) }
    batch = []
    // A transaction is under way: what follows gathers for the next.
    if chance.happens(0.3) { return }
    let commands = gathering
    gathering = []
    if dies(at: .beforeCommit) { return }
    let records = commands.compactMap { if case .persist(let record) = $0 { record } else { nil } }
    if !records.isEmpty {
      guard now >= diskFullUntil else {
        crashCoordinator(.diskFull)
        return
      }
      store.commit(records)
    }
    if dies(at: .afterCommit) { return }
    let last =
      chance.happens(faults.coordinatorCrash * 5) && !commands.isEmpty ? chance.below(commands.count) : nil
    for (index, command) in commands.enumerated() {
      if index == last {
        crashCoordinator(.betweenSends)
        return
      }
      carryOut(command)
    }
  }

  /// A message of an attempt that counts no more changes nothing of its trial, and its worker is told. Checked for
  /// events that meet the store as it is.
  private mutating func checkFencing(of event: Scheduler.Event, _ commands: [Scheduler.Command]) {
    guard case .message(let envelope, _) = event, let attempt = envelope.message.delivered,
      store.isFenced(attempt)
    else { return }
    for case .persist(let record) in commands where record.changes(attempt.trial) {
      store.violations.append("\(attempt) counts no more, but changes the store: \(record)")
    }
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
        .arriveAtWorker(Wire.encode(envelope), connection: connection, worker: envelope.worker), .toWorker,
        of: envelope.worker, on: connection)
    case .answerUpload(let answer, let id):
      guard let transfer = transfers[id] else { return }
      switch answer {
      case .accept: schedule(.uploadBytes(transfer), after: chance.seconds(0.1...3))
      case .stored: transmit(.uploadAnswer(transfer, .done), .toWorker, of: transfer.worker, on: nil)
      case .refuse(let reason, let line):
        transmit(.uploadAnswer(transfer, .refused(reason, line)), .toWorker, of: transfer.worker, on: nil)
      }
    case .answerDownload(let answer, let id):
      guard let transfer = transfers[id] else { return }
      switch answer {
      case .accept(let file):
        if let state = files[file] {
          transmit(.downloadAnswer(transfer, .done, state), .toWorker, of: transfer.worker, on: nil)
        } else {
          store.violations.append("the file of \(file.attempt) at \(file.descriptor.position) is gone")
        }
      case .refuse(let reason, let line):
        transmit(
          .downloadAnswer(transfer, .refused(reason, line), 0), .toWorker, of: transfer.worker, on: nil)
      }
    case .deleteCheckpoint(let file): files[file] = nil
    case .end: ended = true
    }
  }
}

extension WorkerMessage {
  /// The attempt of a delivery.
  fileprivate var delivered: AttemptID? {
    switch self {
    case .snapshot(let attempt, _), .released(let attempt, _): attempt
    case .finished(let report): report.attempt
    case .hello, .heartbeat, .goodbye: nil
    }
  }
}

extension Record {
  /// Whether it is about the trial.
  fileprivate func changes(_ trial: String) -> Bool {
    switch self {
    case .worker, .workerLeft, .applied, .fingerprint, .paused, .hostQuarantined, .hostReleased: false
    case .trialState(let changed, _, _, _): changed == trial
    case .attemptStarted(let attempt, _, _), .attemptReattached(let attempt), .attemptEnded(let attempt, _),
      .snapshot(let attempt, _):
      attempt.trial == trial
    case .result(let report): report.attempt.trial == trial
    case .checkpoint(let file), .checkpointDamaged(let file, _), .checkpointDropped(let file):
      file.attempt.trial == trial
    }
  }
}
