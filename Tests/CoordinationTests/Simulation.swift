import Coordinator
import Sweeps
import SweepProtocol
import Worker

/// Coordinator, workers and network under one virtual clock. All chance comes from one seed, so that a run can
/// be repeated.
struct Simulation {
  enum Occurrence {
    /// Of the coordinator process of this number.
    case coordinatorTick(UInt64)
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
  /// Share of the workers that have every data set; one has, whatever it is.
  var generalists = 0.3
  /// Seconds a step of training takes.
  var pace = 0.1...1.0
  var settings = Self.settings
  var chance: Chance
  /// The true time.
  var now = Moment()
  var events = 0
  var agenda = Agenda<Occurrence>()
  var trace = SimulatedTrace()

  var store: SimulatedStore
  var scheduler: Scheduler?
  var coordinators: UInt64 = 0
  var coordinatorClock = SimulatedClock(startedAt: Moment(), rate: 1)
  var coordinatorPausedUntil = Moment()
  var crashes: [CrashPoint: Int] = [:]
  var diskFullUntil = Moment()
  var files: [StoredCheckpoint: UInt64] = [:]
  var transfers: [TransferID: Transfer] = [:]
  var finishedTransfers: Set<TransferID> = []
  /// Trials a checkpoint of which was refused for want of room.
  var weightsRefused: Set<String> = []
  var ended = false
  /// Events of the batch not yet committed.
  var batch: [Scheduler.Event] = []
  /// What the scheduler asks for that is not committed yet.
  var gathering: [Scheduler.Command] = []

  var workers: [String: SimulatedWorker] = [:]
  /// Their ids, in an order of chance.
  var roster: [String] = []
  /// Workers there are that have every data set.
  var generalistsPresent = 0
  var workersMade: UInt64 = 0
  var connectionsMade: UInt64 = 0
  var openConnections: [ConnectionID: String] = [:]
  var lastArrival: [ConnectionID: Moment] = [:]
  var cuts: [String: Cut] = [:]
  var partitions = 0
  var failuresLeft: [Int: Int] = [:]
  var assignmentsSent = 0
  /// Steps of training taken.
  var steps = 0

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

  var isOver: Bool { store.open == 0 }

  /// Runs until every trial is over, then shuts the cluster down.
  ///
  /// - Returns: what was violated, with the last events before and how to repeat them; nil: nothing.
  mutating func run() -> String? {
    let limit = max(calm, now) + .seconds(3600)
    advance { !$0.isOver && $0.now < limit }
    faults = .none
    if store.violations.isEmpty { checkResults() }
    if store.violations.isEmpty { runShutdown() }
    guard !store.violations.isEmpty else { return nil }
    let found = trace.lines + store.violations.map { "VIOLATED: \($0)" }
    return found.joined(separator: "\n")
      + "\nto repeat it: STRATA_SIMULATION_SEED=\(seed) scripts/test --filter SimulationTests"
  }

  /// Goes on while the condition holds and nothing is violated.
  mutating func advance(while condition: (Simulation) -> Bool) {
    while store.violations.isEmpty, condition(self) { advance() }
  }

  private mutating func advance() {
    guard let (moment, occurrence) = agenda.next() else {
      store.violations.append("nothing happens any more")
      return
    }
    now = max(now, moment)
    let isCalm = now >= calm
    if isCalm { faults = .none }
    events += 1
    trace.add(now, occurrence)
    happen(occurrence)
    if let scheduler, batch.isEmpty, gathering.isEmpty { store.requireAgreement(with: scheduler.counts) }
    if !isCalm { misfortune() }
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
          row.snapshots[epoch]?.measured == expected,
          "\(row.plan.label) epoch \(epoch) is not as it should be")
      }
      store.require(row.snapshots.count == trial.epochs + 1, "\(row.plan.label) has other snapshots")
      let position = CheckpointPosition(epoch: trial.epochs, step: 0)
      if weightsRefused.contains(trial.id) { continue }
      store.require(
        row.checkpoint.flatMap { files[$0] } == trial.state(after: trial.epochs)
          && row.checkpoint?.descriptor.position == position,
        "\(row.plan.label) has lost its final weights")
    }
  }

  /// Workers leave with status 0 and the scheduler ends.
  private mutating func runShutdown() {
    let limit = now + .seconds(600)
    advance { $0.scheduler == nil && $0.now < limit }
    coordinate(.shutdownRequested)
    advance { (!$0.ended || !$0.workers.isEmpty) && $0.now < limit }
    store.require(ended, "the scheduler does not end")
    store.require(workers.isEmpty, "workers stay: \(workers.keys.sorted())")
  }
}
