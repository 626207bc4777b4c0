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
    let isNeeded = !workers.values.contains { $0.datasets.contains("cifar10") }
    if isNeeded || chance.happens(0.3) { hello.datasets["cifar10"] = hexadecimal(2, digits: 64) }
    var settings = WorkerSettings(worker: id, introduction: hello, jitterSeed: chance.next())
    settings.heartbeat = .seconds(2)
    settings.silence = .seconds(7)
    settings.resend = .seconds(3)
    settings.longestWait = .seconds(4)
    settings.stopDeadline = .seconds(200)
    workers[id] = SimulatedWorker(
      session: WorkerSession(settings, at: now), datasets: Set(hello.datasets.keys), pausedUntil: now)
    schedule(.worker(id, .tick), after: .zero)
  }

  /// The process is gone; another comes in its place.
  mutating func removeWorker(_ id: String) {
    guard let worker = workers.removeValue(forKey: id) else { return }
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
      switch message {
      case .snapshot(let attempt, let snapshot):
        let stored = store.trials[attempt.trial]!.snapshots[snapshot.epoch]
        store.require(
          stored?.measured == snapshot.measured || store.isFenced(attempt),
          "\(attempt) has snapshot \(snapshot.epoch) acknowledged, but it is lost")
      case .finished(let report):
        store.require(
          store.isFenced(report.attempt), "\(report.attempt) has its report acknowledged, but it is lost")
      case .released(let attempt, _):
        store.require(store.isFenced(attempt), "\(attempt) has its release acknowledged, but it is lost")
      case .hello, .heartbeat, .goodbye: break
      }
    }
  }

  mutating func handle(_ event: WorkerSession.Event, in id: String) {
    guard workers[id] != nil else { return }
    for command in workers[id]!.session.handle(event, at: now) { carryOut(command, of: id) }
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
      transmit(.arriveAtCoordinator(Wire.encode(envelope), connection: connection), connection)
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
      store.require(status == 0, "w\(id.suffix(4)) exits with \(status): \(why)")
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
    transmit(.upload(transfer), nil)
    schedule(.uploadAnswer(transfer, .interrupted), after: .seconds(8))
  }

  private mutating func download(_ checkpoint: CheckpointDescriptor, of attempt: AttemptID, to id: String) {
    let transfer = transfer(checkpoint, attempt, id, 0)
    transmit(.download(transfer), nil)
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

  // MARK: - The runner

  private mutating func startTrial(_ assignment: Assignment, in id: String) {
    let trial = SimulatedTrial(assignment)
    store.require(workers[id]!.run == nil, "two trials run in one worker")
    workers[id]!.runs += 1
    var run = SimulatedWorker.Run(
      number: workers[id]!.runs, trial: trial, attempt: assignment.attempt, epoch: 0, step: 0,
      state: trial.initial)
    if let checkpoint = assignment.checkpoint {
      run.epoch = checkpoint.position.epoch
      run.step = checkpoint.position.step
      run.state = workers[id]!.files[checkpoint]!
    }
    if failuresLeft[trial.index, default: 3] > 0 {
      run.fails = chance.happens(faults.failure)
      run.hangs = !run.fails && chance.happens(faults.hang)
      if run.fails || run.hangs { failuresLeft[trial.index, default: 3] -= 1 }
    }
    run.progress.stepsPerEpoch = trial.steps
    run.progress.epochs = trial.epochs
    workers[id]!.run = run
    if assignment.checkpoint == nil { report(.snapshot(run.attempt, snapshot(run)), of: id) }
    schedule(.worker(id, .step(run: run.number)), after: chance.seconds(0.1...1))
  }

  private mutating func snapshot(_ run: SimulatedWorker.Run) -> Snapshot {
    run.trial.snapshot(run.epoch, run.state, seconds: chance.uniform())
  }

  private mutating func report(_ event: WorkerSession.RunnerEvent, of id: String) {
    schedule(.worker(id, .runner(event)), after: .zero)
  }

  private mutating func takeStep(_ number: Int, of id: String) {
    guard var run = workers[id]!.run, run.number == number else { return }
    if run.stopping {
      saveCheckpoint(run, in: id)
      workers[id]!.run = nil
      report(.stopped(run.attempt), of: id)
      return
    }
    if run.fails {
      workers[id]!.run = nil
      report(.finished(AttemptReport(run.attempt, .failure("simulated"))), of: id)
      return
    }
    if !run.hangs, run.epoch < run.trial.epochs {
      run.state = run.trial.step(run.state)
      run.step += 1
      run.progress.work += 1
      if run.step == run.trial.steps {
        run.epoch += 1
        run.step = 0
        report(.snapshot(run.attempt, snapshot(run)), of: id)
      }
      if run.step % 2 == 0 { saveCheckpoint(run, in: id) }
      run.progress.epoch = run.epoch
      run.progress.step = run.step
      run.progress.phase = .training
      report(.progress(run.attempt, run.progress), of: id)
    }
    if run.epoch == run.trial.epochs, !run.hangs {
      workers[id]!.run = nil
      let weights = run.trial.weights(run.state)
      let ending = AttemptReport.Ending.result(run.trial.outcome, weightsSHA256: weights)
      report(.finished(AttemptReport(run.attempt, ending)), of: id)
    } else {
      workers[id]!.run = run
      schedule(.worker(id, .step(run: number)), after: chance.seconds(0.1...1))
    }
  }

  private mutating func saveCheckpoint(_ run: SimulatedWorker.Run, in id: String) {
    let position = CheckpointPosition(epoch: run.epoch, step: run.step)
    let checkpoint = run.trial.checkpoint(position, run.state)
    workers[id]!.files[checkpoint] = run.state
    report(.checkpoint(run.attempt, checkpoint), of: id)
  }
}
