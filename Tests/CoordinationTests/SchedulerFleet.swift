import Sweeps
import SweepProtocol

@testable import Coordinator

/// A scheduler and any number of workers, whose messages all arrive.
struct SchedulerFleet {
  var scheduler: Scheduler
  var now = Moment()
  private var beats: [Int: UInt64] = [:]
  private var sequences: [Int: UInt64] = [:]

  init(_ plans: [PlannedTrial], workers: Range<Int> = 0..<0, datasets: Set<String> = ["synthetic"]) {
    scheduler = Scheduler(SchedulerSettings(coordinator: uuid(0xc), program: "1"), at: now)
    _ = scheduler.handle(.trialsAdded(plans), at: now)
    for worker in workers { join(worker, datasets: datasets) }
  }

  init(restoring rows: SchedulerRestoration, workers: Range<Int>) {
    scheduler = Scheduler(
      SchedulerSettings(coordinator: uuid(0xc), program: "1"), restoring: rows, at: now)
    for worker in workers { join(worker, datasets: ["synthetic"]) }
  }

  /// A trial of one epoch.
  static func plan(
    _ index: Int, _ work: Double, family: String = "", dataset: String = "synthetic"
  ) -> PlannedTrial {
    var plan = SimulatedTrial(index: index).plan
    plan.dataset = dataset
    plan.work.epoch = work
    plan.work.family = family
    return plan
  }

  static func id(_ worker: Int) -> String { uuid(UInt64(worker)) }

  mutating func say(_ message: WorkerMessage, _ worker: Int) -> [Scheduler.Command] {
    var sequence: UInt64 = 0
    if message.isDelivery {
      sequences[worker, default: 0] += 1
      sequence = sequences[worker]!
    }
    let envelope = WorkerEnvelope(worker: Self.id(worker), sequence: sequence, message: message)
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: worker >> (8 * $0)) }
    return scheduler.handle(.message(envelope, from: ConnectionID(bytes)), at: now)
  }

  mutating func join(_ worker: Int, datasets: Set<String>) {
    var hello = WorkerHello()
    hello.program = "1"
    hello.name = "w\(worker)"
    for dataset in datasets {
      hello.datasets[dataset] = hexadecimal(dataset == "cifar10" ? 0x52 : 0x51, digits: 64)
    }
    hello.beat = beat(worker)
    _ = say(.hello(hello), worker)
  }

  private mutating func beat(_ worker: Int) -> UInt64 {
    beats[worker, default: 0] += 1
    return beats[worker]!
  }

  mutating func heartbeat(_ worker: Int, holding: AttemptID, _ progress: TrialProgress) {
    var heartbeat = WorkerHeartbeat()
    heartbeat.beat = beat(worker)
    heartbeat.held = [HeldAttempt(holding, progress: progress)]
    _ = say(.heartbeat(heartbeat), worker)
  }

  /// What the idle worker is given.
  mutating func ask(_ worker: Int) -> Assignment? {
    var heartbeat = WorkerHeartbeat()
    heartbeat.beat = beat(worker)
    heartbeat.wantsTrial = true
    for case .send(let envelope, _) in say(.heartbeat(heartbeat), worker) {
      if case .assign(let assignment) = envelope.message { return assignment }
    }
    return nil
  }

  mutating func finish(_ worker: Int, _ attempt: AttemptID, _ outcome: TrialOutcome = .completed) {
    let ending = AttemptReport.Ending.result(outcome, weightsSHA256: hexadecimal(7, digits: 64))
    _ = say(.finished(AttemptReport(attempt, ending)), worker)
  }
}
