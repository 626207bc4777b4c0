import Coordinator
import Sweeps
import SweepProtocol
import Worker

/// A worker process: its session, and a runner that takes a step now and then.
struct SimulatedWorker {
  struct Run {
    var number: Int
    var trial: SimulatedTrial
    var attempt: AttemptID
    var epoch: Int
    var step: Int
    var state: UInt64
    var progress = TrialProgress()
    var stopping = false
    var hangs = false
    var fails = false
  }
  var session: WorkerSession
  let datasets: Set<String>
  var clock: SimulatedClock
  /// Its clock has: it may think its time to stop in is over.
  var hasJumped = false
  /// Its place in the simulation's roster.
  var place: Int
  var connection: ConnectionID?
  var pausedUntil = Moment()
  var run: Run?
  var runs = 0
  /// Checkpoint files: their states.
  var files: [CheckpointDescriptor: UInt64] = [:]
  /// Deliveries sent and not known to be acknowledged.
  var outstanding: [UInt64: WorkerMessage] = [:]
  var transfers: UInt64 = 0
}

extension Simulation {
  mutating func addWorker() {
    workersMade += 1
    let id = uuid(workersMade)
    var hello = WorkerHello()
    hello.program = "1"
    hello.name = "w\(workersMade)"
    hello.host = "host"
    hello.datasets = ["synthetic": hexadecimal(1, digits: 64)]
    if generalistsPresent == 0 || chance.happens(generalists) {
      hello.datasets["cifar10"] = hexadecimal(2, digits: 64)
    }
    generalistsPresent += hello.datasets.count - 1
    var settings = WorkerSettings(worker: id, introduction: hello, jitterSeed: chance.next())
    settings.heartbeat = .seconds(2)
    settings.silence = .seconds(7)
    settings.resend = .seconds(3)
    settings.longestWait = .seconds(4)
    settings.stopDeadline = .seconds(200)
    let clock = SimulatedClock(startedAt: now, skew: faults.skew, &chance)
    workers[id] = SimulatedWorker(
      session: WorkerSession(settings, at: clock.read(at: now)), datasets: Set(hello.datasets.keys),
      clock: clock,
      place: roster.count, pausedUntil: now)
    roster.append(id)
    schedule(.worker(id, .tick), after: .zero)
  }

  /// The process is gone; another comes in its place.
  mutating func removeWorker(_ id: String) {
    guard let worker = workers.removeValue(forKey: id) else { return }
    generalistsPresent -= worker.datasets.count - 1
    let last = roster.removeLast()
    if last != id {
      roster[worker.place] = last
      workers[last]!.place = worker.place
    }
    cuts[id] = nil
    if let connection = worker.connection { openConnections[connection] = nil }
    if !ended, !isOver { schedule(.workerArrives, after: chance.seconds(1...20)) }
  }

  /// False if the worker is gone, or paused: then the occurrence is put off.
  private mutating func isAwake(_ id: String, _ occurrence: Occurrence) -> Bool {
    guard let worker = workers[id] else { return false }
    guard now < worker.pausedUntil else { return true }
    agenda.add(occurrence, at: worker.pausedUntil)
    return false
  }

  mutating func happen(_ event: WorkerOccurrence, to id: String, _ occurrence: Occurrence) {
    guard isAwake(id, occurrence) else { return }
    switch event {
    case .tick:
      handle(.tick, in: id)
      if workers[id] != nil { schedule(.worker(id, .tick), after: .seconds(1)) }
    case .connected(let connection):
      guard workers[id]!.connection == connection else { return }
      handle(.connected, in: id)
    case .disconnected(let connection):
      guard workers[id]!.connection == connection else { return }
      handle(.disconnected, in: id)
    case .step(let run): takeStep(run, of: id)
    case .stop(let run):
      guard let current = workers[id]!.run, current.number == run else { return }
      workers[id]!.run = nil
      handle(.runner(.stopped(current.attempt)), in: id)
    case .runner(let event): handle(.runner(event), in: id)
    case .preempt: handle(.stopRequested(.preempted), in: id)
    }
  }

  mutating func deliver(
    _ bytes: [UInt8], on connection: ConnectionID, to id: String, _ occurrence: Occurrence
  ) {
    guard isAwake(id, occurrence) else { return }
    do {
      let envelope = try Wire.decodeCoordinatorEnvelope(bytes)
      switch envelope.message {
      case .acknowledge(let sequence): checkAcknowledged(upTo: sequence, by: id)
      case .welcome(let welcome): checkAcknowledged(upTo: welcome.acknowledged, by: id)
      default: break
      }
      handle(.message(envelope), in: id)
    } catch {
      store.violations.append("a coordinator's message cannot be read: \(error)")
    }
  }

  /// What is acknowledged is in the store, or its attempt no longer counted.
  private mutating func checkAcknowledged(upTo sequence: UInt64, by id: String) {
    for (number, message) in workers[id]!.outstanding where number <= sequence {
      workers[id]!.outstanding[number] = nil
      store.acknowledge(message)
    }
  }

  mutating func handle(_ event: WorkerSession.Event, in id: String) {
    guard let moment = workers[id]?.clock.read(at: now) else { return }
    for command in workers[id]!.session.handle(event, at: moment) { carryOut(command, of: id) }
  }

  private mutating func carryOut(_ command: WorkerSession.Command, of id: String) {
    switch command {
    case .connect: connect(id)
    case .disconnect:
      if let connection = workers[id]!.connection { openConnections[connection] = nil }
      workers[id]!.connection = nil
    case .send(let envelope):
      if envelope.sequence > 0 { workers[id]!.outstanding[envelope.sequence] = envelope.message }
      guard let connection = workers[id]!.connection, openConnections[connection] == id else { return }
      transmit(
        .arriveAtCoordinator(Wire.encode(envelope), connection: connection), .toCoordinator, of: id,
        on: connection)
    case .startTrial(let assignment): startTrial(assignment, in: id)
    case .cancelTrial(let attempt):
      guard let run = workers[id]!.run, run.attempt == attempt else { return }
      schedule(.worker(id, .stop(run: run.number)), after: chance.seconds(0...2))
    case .stopAndCheckpoint(let attempt):
      guard workers[id]!.run?.attempt == attempt else { return }
      workers[id]!.run!.stopping = true
    case .uploadCheckpoint(let attempt, let checkpoint): upload(checkpoint, of: attempt, from: id)
    case .downloadCheckpoint(let attempt, let checkpoint): download(checkpoint, of: attempt, to: id)
    case .discard, .log: break
    case .exit(let status, let why):
      store.require(status == 0 || workers[id]!.hasJumped, "w\(id.suffix(4)) exits with \(status): \(why)")
      removeWorker(id)
    }
  }

  private mutating func connect(_ id: String) {
    guard scheduler != nil else {
      workers[id]!.connection = ConnectionID([0])
      schedule(.worker(id, .disconnected(ConnectionID([0]))), after: chance.seconds(0...1))
      return
    }
    connectionsMade += 1
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: connectionsMade >> (8 * $0)) }
    let connection = ConnectionID([1] + bytes)
    workers[id]!.connection = connection
    openConnections[connection] = id
    // Through a silent link no connection comes about, and nobody says so.
    guard cut(of: id) == nil else { return }
    schedule(.worker(id, .connected(connection)), after: chance.seconds(0...0.3))
  }

  // MARK: - Checkpoints

  private mutating func transfer(
    _ checkpoint: CheckpointDescriptor, _ attempt: AttemptID, _ id: String, _ state: UInt64
  ) -> Transfer {
    workers[id]!.transfers += 1
    let transfer = TransferID(
      connection: ConnectionID(Array(id.utf8)), transfer: workers[id]!.transfers)
    return Transfer(worker: id, attempt: attempt, checkpoint: checkpoint, state: state, id: transfer)
  }

  private mutating func upload(_ checkpoint: CheckpointDescriptor, of attempt: AttemptID, from id: String) {
    let transfer = transfer(checkpoint, attempt, id, workers[id]!.files[checkpoint]!)
    transmit(.upload(transfer), .toCoordinator, of: id, on: nil)
    schedule(.uploadAnswer(transfer, .interrupted), after: .seconds(8))
  }

  private mutating func download(_ checkpoint: CheckpointDescriptor, of attempt: AttemptID, to id: String) {
    let transfer = transfer(checkpoint, attempt, id, 0)
    transmit(.download(transfer), .toCoordinator, of: id, on: nil)
    schedule(.downloadAnswer(transfer, .interrupted, 0), after: .seconds(8))
  }

  mutating func endUpload(_ transfer: Transfer, _ end: WorkerSession.TransferEnd, _ occurrence: Occurrence) {
    guard isAwake(transfer.worker, occurrence), finishedTransfers.insert(transfer.id).inserted else { return }
    handle(.uploadEnded(transfer.attempt, transfer.checkpoint, end), in: transfer.worker)
  }

  mutating func endDownload(
    _ transfer: Transfer, _ end: WorkerSession.TransferEnd, _ state: UInt64, _ occurrence: Occurrence
  ) {
    guard isAwake(transfer.worker, occurrence), finishedTransfers.insert(transfer.id).inserted else { return }
    if end == .done { workers[transfer.worker]!.files[transfer.checkpoint] = state }
    handle(.downloadEnded(transfer.attempt, end), in: transfer.worker)
  }
}
