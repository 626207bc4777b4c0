import Coordinator
import Sweeps
import SweepProtocol
import Worker

/// Coordinator, workers and network under one virtual clock. All chance comes from one seed, so that a run can
/// be repeated.
struct Simulation {
  struct Faults {
    var loss = 0.0
    var duplication = 0.0
    /// Messages overtake each other.
    var reordering = false
    /// Per event.
    var workerCrash = 0.0
    var workerPause = 0.0
    var preemption = 0.0
    var disconnection = 0.0
    var coordinatorCrash = 0.0
    var coordinatorPause = 0.0
    /// Per trial started; at most as often as a trial may fail.
    var failure = 0.0
    var hang = 0.0

    static let none = Faults()
  }

  enum Occurrence {
    case coordinatorTick
    case coordinatorReturns
    case arriveAtCoordinator([UInt8], connection: ConnectionID)
    case arriveAtWorker([UInt8], connection: ConnectionID, worker: String)
    case connectionLost(ConnectionID)
    case upload(Transfer)
    case uploadBytes(Transfer)
    case uploadAnswer(Transfer, WorkerSession.TransferEnd)
    case download(Transfer)
    case downloadAnswer(Transfer, WorkerSession.TransferEnd, UInt64)
    case worker(String, WorkerOccurrence)
    case workerArrives
  }
  enum WorkerOccurrence {
    case tick
    case connected(ConnectionID)
    case disconnected(ConnectionID)
    case step(run: Int)
    case stop(run: Int)
    case runner(WorkerSession.RunnerEvent)
    case preempt
  }
  struct Transfer: Hashable {
    var worker: String
    var attempt: AttemptID
    var checkpoint: CheckpointDescriptor
    var state: UInt64
    var id: TransferID
  }

  let seed: UInt64
  let trials: [SimulatedTrial]
  var faults: Faults
  /// From then on nothing goes wrong any more.
  let calm: Moment
  var chance: Chance
  var now = Moment()
  var events = 0
  var agenda = Agenda<Occurrence>()

  var store: SimulatedStore
  var scheduler: Scheduler?
  var coordinators: UInt64 = 0
  var coordinatorPausedUntil = Moment()
  var files: [StoredCheckpoint: UInt64] = [:]
  var transfers: [TransferID: Transfer] = [:]
  var finishedTransfers: Set<TransferID> = []
  var ended = false
  /// Events of the batch not yet committed.
  var batch: [Scheduler.Event] = []

  var workers: [String: SimulatedWorker] = [:]
  var workersMade: UInt64 = 0
  var connectionsMade: UInt64 = 0
  var openConnections: [ConnectionID: String] = [:]
  var lastArrival: [ConnectionID: Moment] = [:]
  var failuresLeft: [Int: Int] = [:]
  var assignmentsSent = 0

  init(seed: UInt64, trials count: Int, workers workerCount: Int, faults: Faults, calm: Duration) {
    self.seed = seed
    self.faults = faults
    self.calm = Moment(calm)
    chance = Chance(seed: seed)
    trials = (0..<count).map { SimulatedTrial(index: $0) }
    store = SimulatedStore(trials.map(\.plan))
    for _ in 0..<workerCount { schedule(.workerArrives, after: chance.seconds(0...3)) }
    schedule(.coordinatorReturns, after: chance.seconds(0...2))
  }

  mutating func schedule(_ occurrence: Occurrence, after delay: Duration) {
    agenda.add(occurrence, at: now + delay)
  }

  var isOver: Bool { store.trials.values.allSatisfy(\.state.isOver) }

  /// Runs until every trial is over, then shuts the cluster down. Returns what was violated.
  mutating func run() -> [String] {
    let limit = calm + .seconds(3600)
    while !isOver, store.violations.isEmpty, now < limit { advance() }
    faults = .none
    if store.violations.isEmpty { checkResults() }
    if store.violations.isEmpty { runShutdown() }
    return store.violations
  }

  private mutating func advance() {
    guard let (moment, occurrence) = agenda.next() else {
      store.violations.append("nothing happens any more")
      return
    }
    now = max(now, moment)
    if now >= calm { faults = .none }
    events += 1
    happen(occurrence)
    if faults.coordinatorCrash > 0 || faults.workerCrash > 0 { misfortune() }
  }

  private mutating func happen(_ occurrence: Occurrence) {
    switch occurrence {
    case .worker(let id, let event): happen(event, to: id, occurrence)
    case .arriveAtWorker(let bytes, let connection, let worker):
      deliver(bytes, on: connection, to: worker, occurrence)
    case .uploadAnswer(let transfer, let end): endUpload(transfer, end, occurrence)
    case .downloadAnswer(let transfer, let end, let state): endDownload(transfer, end, state, occurrence)
    case .workerArrives: addWorker()
    case .coordinatorReturns: startCoordinator()
    default: coordinatorMeets(occurrence)
    }
  }

  private mutating func misfortune() {
    if chance.happens(faults.coordinatorCrash) { crashCoordinator() }
    if chance.happens(faults.coordinatorPause) {
      coordinatorPausedUntil = max(coordinatorPausedUntil, now + chance.seconds(3...40))
    }
    guard let id = workers.keys.sorted().randomElement(by: &chance) else { return }
    if chance.happens(faults.workerCrash) { removeWorker(id) }
    if chance.happens(faults.workerPause), let until = workers[id]?.pausedUntil {
      workers[id]!.pausedUntil = max(until, now + chance.seconds(3...40))
    }
    if chance.happens(faults.preemption) { schedule(.worker(id, .preempt), after: .zero) }
    if chance.happens(faults.disconnection), let connection = workers[id]?.connection {
      disconnect(connection)
    }
  }

  /// Every trial has exactly what a run without faults gives.
  private mutating func checkResults() {
    for trial in trials {
      let row = store.trials[trial.id]!
      store.require(row.state.rawValue == trial.outcome.rawValue, "\(row.plan.label) is \(row.state)")
      let weights = trial.weights(trial.state(after: trial.epochs))
      store.require(
        row.report?.ending == .result(trial.outcome, weightsSHA256: weights),
        "\(row.plan.label) reports \(String(describing: row.report?.ending))")
      for epoch in 0...trial.epochs {
        let expected = trial.snapshot(epoch, trial.state(after: epoch), seconds: 0)
        store.require(
          row.snapshots[epoch]?.measured == expected, "\(row.plan.label) epoch \(epoch) is not as it should be")
      }
      store.require(row.snapshots.count == trial.epochs + 1, "\(row.plan.label) has other snapshots")
      let position = CheckpointPosition(epoch: trial.epochs, step: 0)
      store.require(
        row.checkpoint.flatMap { files[$0] } == trial.state(after: trial.epochs)
          && row.checkpoint?.descriptor.position == position,
        "\(row.plan.label) has lost its final weights")
    }
  }

  /// Workers leave with status 0 and the scheduler ends.
  private mutating func runShutdown() {
    let limit = now + .seconds(600)
    while scheduler == nil, now < limit { advance() }
    coordinate(.shutdownRequested)
    while !ended || !workers.isEmpty, now < limit, store.violations.isEmpty { advance() }
    store.require(ended, "the scheduler does not end")
    store.require(workers.isEmpty, "workers stay: \(workers.keys.sorted())")
  }
}

extension Array {
  fileprivate func randomElement(by chance: inout Chance) -> Element? {
    isEmpty ? nil : self[chance.below(count)]
  }
}

/// What will happen when; what is due at the same moment happens in the order it was added.
struct Agenda<Item> {
  private var heap: [(moment: Moment, number: Int, item: Item)] = []
  private var added = 0

  mutating func add(_ item: Item, at moment: Moment) {
    heap.append((moment, added, item))
    added += 1
    var child = heap.count - 1
    while child > 0, isBefore(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func next() -> (Moment, Item)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      var parent = 0
      while true {
        var least = parent
        for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) {
          least = child
        }
        if least == parent { break }
        heap.swapAt(parent, least)
        parent = least
      }
    }
    return (first.moment, first.item)
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    (heap[a].moment, heap[a].number) < (heap[b].moment, heap[b].number)
  }
}
