public import SweepProtocol

/// A worker's side of the protocol: a pure state machine, without clock, chance, or input and output of its own.
///
/// What it must not lose, its deliveries, it keeps until they are acknowledged. It asks for no trial while it
/// holds one and takes none while it has no connection, so what it keeps is bounded by one trial's deliveries:
/// its snapshots and its last word.
public struct WorkerSession: Sendable {
  public let settings: WorkerSettings

  var link: Link
  /// Connections lost since the last welcome.
  var setbacks = 0
  var jitter: JitterSource
  /// When the coordinator was last heard, or the connection made.
  var heard: Moment
  /// When the coordinator was last heard.
  var contact: Moment
  var heartbeat: Duration
  var nextHeartbeat: Moment
  var beat: UInt64 = 0

  /// Deliveries not yet acknowledged, in order.
  var spool: [WorkerEnvelope] = []
  var acknowledged: UInt64 = 0
  /// The last delivery sent on this connection.
  var sent: UInt64 = 0
  /// When a delivery was last sent first or acknowledged.
  var delivered: Moment

  /// Attempts held, and those revoked whose runner has not stopped yet.
  var jobs: [AttemptID: Job] = [:]
  /// Attempts to start when the runner is free, in the order they came.
  var queue: [AttemptID] = []
  /// The attempt the runner works on, or whose checkpoint is being fetched for it.
  var occupant: AttemptID?
  /// The highest attempt heard of, by trial: an assignment of it or of an earlier one is a repetition.
  var seen: [String: Int] = [:]
  var stopping: (reason: ReleaseReason, deadline: Moment)?
  var exited = false
  var output: [Command] = []

  public init(_ settings: WorkerSettings, at now: Moment) {
    self.settings = settings
    link = .waiting(until: now)
    jitter = JitterSource(seed: settings.jitterSeed)
    heard = now
    contact = now
    heartbeat = settings.heartbeat
    nextHeartbeat = now
    delivered = now
  }

  /// The first event is a `tick`, answered by `connect`. After `exit` nothing is answered.
  public mutating func handle(_ event: Event, at now: Moment) -> [Command] {
    guard !exited else { return [] }
    output = []
    switch event {
    case .connected: greet(at: now)
    case .disconnected: backOff(at: now)
    case .message(let envelope): receive(envelope, at: now)
    case .unreadable(let error): refuse(error, at: now)
    case .runner(let event): take(event, at: now)
    case .uploadEnded(let attempt, let checkpoint, let end):
      endUpload(of: checkpoint, attempt, end, at: now)
    case .downloadEnded(let attempt, let end): endDownload(of: attempt, end, at: now)
    case .tick: tick(at: now)
    case .stopRequested(let reason): stop(reason, at: now)
    }
    if !exited { leaveIfDone() }
    return output
  }

  /// Idle, and not leaving.
  var wantsTrial: Bool { stopping == nil && occupant == nil && queue.isEmpty }

  mutating func log(_ level: LogLevel, _ line: String) { output.append(.log(level, line)) }

  mutating func exit(_ status: Int32, _ why: String) {
    output.append(.exit(status, why))
    exited = true
  }
}
