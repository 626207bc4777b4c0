import Coordinator
import Sweeps
import SweepProtocol
import Testing

extension Scheduler.Command {
  /// A log line, or the adoption of a data set's fingerprint, which goes with some trial's first result.
  var isAside: Bool {
    switch self {
    case .log, .persist(.fingerprint): true
    default: false
    }
  }
}

/// A scheduler with two workers' worth of shorthand. Log lines and fingerprints are left out of what its calls return,
/// so that an expectation of some commands says that nothing else was sent or written.
struct SchedulerBench {
  static let a = uuid(0xa)
  static let b = uuid(0xb)
  static let synthetic = hexadecimal(0x51, digits: 64)
  let trials = (0..<3).map { SimulatedTrial(index: $0) }
  var settings: SchedulerSettings
  var scheduler: Scheduler
  var now = Moment(.seconds(1000))
  var beats: [String: UInt64] = [:]

  /// With trials 0 ..< `count` of the simulated sweep.
  init(trials count: Int = 1) {
    settings = SchedulerSettings(coordinator: uuid(0xc), program: "1")
    settings.checkpointPort = 5556
    scheduler = Scheduler(settings, at: now)
    _ = handle(.trialsAdded(trials.prefix(count).map(\.plan)))
  }

  /// A restart from these rows.
  init(restoring rows: SchedulerRestoration) {
    settings = SchedulerSettings(coordinator: uuid(0xc), program: "1")
    scheduler = Scheduler(settings, restoring: rows, at: now)
  }

  func id(_ trial: Int, _ attempt: Int) -> AttemptID {
    AttemptID(trial: trials[trial].id, number: attempt)
  }

  mutating func handle(_ event: Scheduler.Event) -> [Scheduler.Command] {
    scheduler.handle(event, at: now).filter { !$0.isAside }
  }

  /// A client's request, which must be answered by this line; what else it gave.
  mutating func ask(
    _ request: ClientRequest, says line: String, sourceLocation: SourceLocation = #_sourceLocation
  ) -> [Scheduler.Command] {
    let client = ConnectionID([9])
    let commands = handle(.request(request, from: client))
    let replies = commands.filter { if case .reply = $0 { true } else { false } }
    #expect(
      replies == [.reply(.done(line), to: client)] || replies == [.reply(.refused(line), to: client)],
      "\(replies)", sourceLocation: sourceLocation)
    return commands.filter { !replies.contains($0) }
  }

  /// Time passes in ticks; what the last of them gave.
  mutating func pass(_ duration: Duration) -> [Scheduler.Command] {
    let end = now + duration
    var commands: [Scheduler.Command] = []
    while now < end {
      now = min(end, now + settings.tick)
      commands += handle(.tick)
    }
    return commands
  }

  func connection(_ worker: String) -> ConnectionID { ConnectionID([worker.utf8.last!]) }

  mutating func say(
    _ message: WorkerMessage, _ worker: String = Self.a, sequence: UInt64 = 0
  ) -> [Scheduler.Command] {
    let envelope = WorkerEnvelope(worker: worker, sequence: sequence, message: message)
    return handle(.message(envelope, from: connection(worker)))
  }

  /// Hosts of workers that are not on `host`.
  var hosts: [String: String] = [:]

  func hello(_ worker: String = Self.a) -> WorkerHello {
    var hello = WorkerHello()
    hello.program = "1"
    hello.name = worker == Self.a ? "a" : "b"
    hello.host = hosts[worker] ?? "host"
    hello.datasets = ["synthetic": Self.synthetic]
    return hello
  }

  mutating func greet(
    _ worker: String = Self.a, held: [HeldAttempt] = [], acknowledged: UInt64 = 0
  ) -> [Scheduler.Command] {
    var hello = hello(worker)
    hello.beat = beat(worker)
    hello.held = held
    hello.acknowledged = acknowledged
    return say(.hello(hello), worker)
  }

  mutating func beat(_ worker: String) -> UInt64 {
    beats[worker, default: 0] += 1
    return beats[worker]!
  }

  mutating func heartbeat(
    _ worker: String = Self.a, holding: [AttemptID] = [], work: UInt64? = nil, wants: Bool = false,
    phase: TrialPhase = .training
  ) -> [Scheduler.Command] {
    var heartbeat = WorkerHeartbeat()
    heartbeat.beat = beat(worker)
    heartbeat.wantsTrial = wants
    heartbeat.held = holding.map { held($0, work: work ?? heartbeat.beat, phase) }
    return say(.heartbeat(heartbeat), worker)
  }

  func held(_ attempt: AttemptID, work: UInt64, _ phase: TrialPhase = .training) -> HeldAttempt {
    var progress = TrialProgress()
    progress.work = work
    progress.phase = phase
    return HeldAttempt(attempt, progress: progress)
  }

  func sent(_ message: CoordinatorMessage, _ worker: String = Self.a) -> Scheduler.Command {
    .send(
      CoordinatorEnvelope(coordinator: settings.coordinator, worker: worker, message: message),
      to: connection(worker))
  }

  func assign(_ attempt: AttemptID, from checkpoint: CheckpointDescriptor? = nil) -> CoordinatorMessage {
    let plan = trials.first { $0.id == attempt.trial }!.plan
    return .assign(
      Assignment(
        attempt: attempt, label: plan.label, configuration: plan.configuration, checkpoint: checkpoint))
  }

  /// What beginning an attempt gives.
  func begun(
    _ attempt: AttemptID, _ worker: String = Self.a, from checkpoint: CheckpointDescriptor? = nil,
    failures: Int = 0
  ) -> [Scheduler.Command] {
    [
      .persist(.attemptStarted(attempt, worker: worker, resumedFrom: checkpoint?.position)),
      .persist(.trialState(trial: attempt.trial, .running, failures: failures, error: nil)),
      sent(assign(attempt, from: checkpoint), worker),
    ]
  }

  func pending(_ attempt: AttemptID, _ end: AttemptEnd, failures: Int = 0) -> [Scheduler.Command] {
    [
      .persist(.attemptEnded(attempt, end)),
      .persist(.trialState(trial: attempt.trial, .pending, failures: failures, error: nil)),
    ]
  }

  /// Worker a has said hello and been given trial 0.
  mutating func startFirstTrial() {
    _ = greet()
    _ = heartbeat(wants: true)
  }

  func checkpoint(_ epoch: Int, _ step: Int) -> CheckpointDescriptor {
    trials[0].checkpoint(CheckpointPosition(epoch: epoch, step: step), UInt64(epoch * 100 + step))
  }
}
