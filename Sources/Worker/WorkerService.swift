internal import Logging
public import SweepProtocol
package import ZeroMQ

/// A worker at work: sockets, clock and trial thread round a `WorkerSession`, on one thread of their own. The
/// trial trains on another, and goes on while the coordinator is away.
public actor WorkerService {
  let loop: SocketLoop
  public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }

  let options: WorkerOptions
  let logger: Logger
  private let origin = ContinuousClock.now
  var context: Context?
  private var session: WorkerSession?
  /// Events the session has yet to see; one is handled after another, so that its commands keep their order.
  private var events: [WorkerSession.Event] = []
  private var isHandling = false
  enum Channel: CaseIterable { case messages, checkpoints }
  var links: [Channel: WorkerLink] = [:]
  /// From the last welcome.
  var checkpointPort: Int?
  var transfers: CheckpointTransfers
  var trial: TrialThread?
  /// Checkpoints not yet stored by the coordinator, by attempt.
  var files: [AttemptID: [CheckpointDescriptor: [UInt8]]] = [:]
  /// Downloaded checkpoints of attempts about to start.
  var downloads: [AttemptID: [UInt8]] = [:]
  var isRefused = false
  /// Connections begun, by channel.
  var connections: [Channel: Int] = [:]
  var isJoined = false
  /// Since when every attempt at a connection has failed for want of the right keys; nil: the last one has not.
  var locked: Moment?
  private var nextComplaint: Moment
  private var ending: WorkerEnding?
  private var waiting: [@Sendable (WorkerEnding) -> Void] = []

  public init(options: WorkerOptions) throws {
    try self.init(options: options, loop: SocketLoop(name: "worker"), context: Context())
  }

  /// A worker that shares thread and context with others of its process.
  package init(options: WorkerOptions, loop: SocketLoop, context: Context) {
    self.options = options
    self.loop = loop
    self.context = context
    logger = options.logger
    transfers = CheckpointTransfers(worker: options.settings.worker)
    nextComplaint = Moment(Self.complaintInterval)
  }

  /// Works until told to stop, refused, or out of patience, and blocks the calling thread meanwhile.
  ///
  /// - Returns: the exit status for the process; why has been logged.
  public nonisolated func run() -> WorkerEnding {
    loop.wait { done in self.assumeIsolated { $0.whenEnded(done) } }
  }

  /// As `run`, without blocking.
  public func finished() async -> WorkerEnding {
    await withCheckedContinuation { continuation in whenEnded { continuation.resume(returning: $0) } }
  }

  private func whenEnded(_ body: @escaping @Sendable (WorkerEnding) -> Void) {
    if let ending { return body(ending) }
    waiting.append(body)
    if session == nil {
      session = WorkerSession(options.settings, at: now)
      tick()
    }
  }

  /// Has the trial write a checkpoint, hands it back, and ends: within ten seconds. From any thread.
  public nonisolated func stop(_ reason: ReleaseReason = .stopping) {
    loop.post { [weak self] in
      self?.assumeIsolated { service in
        guard service.session != nil else {
          return service.finish(WorkerEnding(status: 0, line: "stopped before it began"))
        }
        service.handle(.stopRequested(reason))
      }
    }
  }

  /// Ends at once, telling nobody, as a crash would.
  public func abandon() {
    finish(WorkerEnding(status: 1, line: "abandoned"))
  }

  var now: Moment { Moment(ContinuousClock.now - origin) }

  /// Feeds the session and does what it asks for.
  func handle(_ event: WorkerSession.Event) {
    guard ending == nil, session != nil else { return }
    events.append(event)
    guard !isHandling else { return }
    isHandling = true
    while !events.isEmpty {
      for command in session!.handle(events.removeFirst(), at: now) { carryOut(command) }
    }
    isHandling = false
  }

  private func tick() {
    guard ending == nil else { return }
    handle(.tick)
    apply(transfers.expire(at: now))
    flush()
    complain()
    if ending == nil { loop.schedule(after: options.settings.tick, for: self) { $0.tick() } }
  }

  private static let complaintInterval = Duration.seconds(10)

  /// Says every ten seconds that nobody answers, and gives up when that was asked for.
  private func complain() {
    guard !isJoined, ending == nil else {
      nextComplaint = now + Self.complaintInterval
      return
    }
    let seconds = now.sinceStart.components.seconds
    if checkpointPort == nil, let limit = options.connectTimeout, now.sinceStart >= limit {
      let line =
        "no coordinator answered at \(options.endpoint) within \(seconds) s; is it running, and is that its address?"
      return finish(WorkerEnding(status: 1, line: line))
    }
    if now >= nextComplaint {
      nextComplaint = now + Self.complaintInterval
      logger.notice("no answer from the coordinator at \(options.endpoint); still trying")
    }
  }

  func finish(_ result: WorkerEnding) {
    guard ending == nil else { return }
    ending = result
    trial?.control.ask(.cancel)
    flush()
    for channel in Channel.allCases { close(channel) }
    // Waits for what is still to go out.
    context = nil
    if result.status == 0 { logger.info("\(result.line)") } else { logger.error("\(result.line)") }
    for body in waiting { body(result) }
    waiting = []
  }
}
