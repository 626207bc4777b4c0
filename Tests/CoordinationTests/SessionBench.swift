import Sweeps
import SweepProtocol
import Worker

/// A worker session with shorthand. Log lines are left out of what its calls return, so that an expectation of
/// some commands says that nothing else was sent.
struct SessionBench {
  static let id = uuid(0xa)
  static let trial = SimulatedTrial(index: 2)
  var settings: WorkerSettings
  var session: WorkerSession
  var now = Moment()

  init() {
    var hello = WorkerHello()
    hello.program = "1"
    settings = WorkerSettings(worker: Self.id, introduction: hello, jitterSeed: 1)
    settings.heartbeat = .seconds(5)
    session = WorkerSession(settings, at: now)
  }

  /// Connected and welcomed, at beat 2.
  static var joined: SessionBench {
    var bench = SessionBench()
    _ = bench.handle(.tick)
    _ = bench.handle(.connected)
    _ = bench.hear(bench.welcome())
    return bench
  }

  /// Running attempt 1 of the trial.
  static var running: SessionBench {
    var bench = joined
    _ = bench.hear(.assign(bench.assignment()))
    return bench
  }

  mutating func handle(_ event: WorkerSession.Event) -> [WorkerSession.Command] {
    session.handle(event, at: now).filter { if case .log = $0 { false } else { true } }
  }

  mutating func hear(_ message: CoordinatorMessage) -> [WorkerSession.Command] {
    handle(
      .message(CoordinatorEnvelope(coordinator: uuid(0xc), worker: Self.id, message: message)))
  }

  /// Time passes, then a tick.
  mutating func pass(_ duration: Duration) -> [WorkerSession.Command] {
    now = now + duration
    return handle(.tick)
  }

  func attempt(_ number: Int = 1) -> AttemptID { AttemptID(trial: Self.trial.id, number: number) }

  func assignment(_ number: Int = 1, from checkpoint: CheckpointDescriptor? = nil) -> Assignment {
    Assignment(
      attempt: attempt(number), label: "trial 2", configuration: "{\"index\":2}", checkpoint: checkpoint)
  }

  func welcome(_ acknowledged: UInt64 = 0) -> CoordinatorMessage {
    .welcome(
      Welcome(lease: .seconds(30), heartbeat: .seconds(5), checkpointPort: 5556, acknowledged: acknowledged))
  }

  func sent(_ message: WorkerMessage, _ sequence: UInt64 = 0) -> WorkerSession.Command {
    .send(WorkerEnvelope(worker: Self.id, sequence: sequence, message: message))
  }

  func hello(_ beat: UInt64, acknowledged: UInt64 = 0, held: [HeldAttempt] = []) -> WorkerSession.Command {
    var hello = settings.introduction
    hello.beat = beat
    hello.acknowledged = acknowledged
    hello.held = held
    return sent(.hello(hello))
  }

  func heartbeat(_ beat: UInt64, wants: Bool = false, held: [HeldAttempt] = []) -> WorkerSession.Command {
    var heartbeat = WorkerHeartbeat()
    heartbeat.beat = beat
    heartbeat.held = held
    heartbeat.wantsTrial = wants
    return sent(.heartbeat(heartbeat))
  }

  /// As heartbeats list it; the numbers stay at zero, loss and accuracy with them, so that values can be compared.
  func held(
    _ attempt: AttemptID, _ phase: TrialPhase, stored: CheckpointPosition? = nil
  ) -> HeldAttempt {
    var progress = Self.progress(phase)
    progress.checkpoint = stored
    return HeldAttempt(attempt, progress: progress)
  }

  static func progress(_ phase: TrialPhase) -> TrialProgress {
    var progress = TrialProgress()
    progress.phase = phase
    progress.loss = 0
    progress.accuracy = 0
    return progress
  }

  func snapshot(_ epoch: Int) -> Snapshot {
    Self.trial.snapshot(epoch, Self.trial.state(after: epoch), seconds: 0)
  }

  func checkpoint(_ epoch: Int, _ step: Int) -> CheckpointDescriptor {
    Self.trial.checkpoint(CheckpointPosition(epoch: epoch, step: step), 1)
  }

  func report(_ number: Int = 1) -> AttemptReport {
    AttemptReport(attempt(number), .result(.completed, weightsSHA256: hexadecimal(5, digits: 64)))
  }
}
