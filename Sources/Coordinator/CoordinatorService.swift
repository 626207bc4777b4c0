internal import Foundation
internal import Logging
public import SweepProtocol
internal import ZeroMQ

/// A coordinator at work: sockets, store and clock round a `Scheduler`, on one thread of their own.
///
/// What arrives is read and acted on at once. What that changes is committed, on another thread, and only then is any of
/// it answered; while a transaction is under way, what is to follow gathers for the next (`CommitLine`).
public actor CoordinatorService {
  /// How a coordinator ended.
  public struct Ending: Hashable, Sendable {
    public var counts: TrialCounts
    /// Every trial of the sweep is over.
    public var isComplete: Bool
  }

  let loop = SocketLoop(name: "coordinator")
  public nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }

  let options: CoordinatorOptions
  let store: any RecordStore
  let logger: Logger
  private let origin = ContinuousClock.now
  var context: Context?
  var messages: Socket?
  var checkpoints: Socket?
  var scheduler: Scheduler?
  /// From the start to the end.
  var commits: CommitLine?
  var transfers: CheckpointServer?
  var files: CheckpointFiles?
  /// Until it starts.
  private var planned: [PlannedTrial]
  var monitors: [SocketMonitor] = []
  /// Of the message socket, by the file descriptor of the peer's TCP connection.
  var connectionOfDescriptor: [Int32: ConnectionID] = [:]
  /// Whose connection has ended, and which no other has got since.
  var closedDescriptors: Set<Int32> = []
  /// When each connection that closed lately was found so.
  var closed: [ConnectionID: Moment] = [:]
  var inbox = Inbox()
  var desk = SubmissionDesk()
  var authenticator: Authenticator?
  var gate: Gate
  var strangers = Strangers()
  /// When the list of workers is looked at next, and what it looked like.
  var nextListCheck = Moment()
  var listStamp: WorkerKeyFile.Stamp?
  /// When a refusal of each kind was last logged.
  var refusals: [String: Moment] = [:]
  let coordinatorID = UUID().uuidString.lowercased()
  /// Messages that no peer of this version can have meant.
  var unreadable = 0
  var stopping = false
  private var ending: Result<Ending, any Error>?
  private var waiting: [@Sendable (Result<Ending, any Error>) -> Void] = []

  /// - Parameter planned: the trials of `options.sweep`, all in order, where the caller has them as they are in the
  ///   store: they need not be read from it then.
  /// - Throws: `CoordinatorError.insecureAddress`.
  public init(options: CoordinatorOptions, store: any RecordStore, planned: [PlannedTrial] = []) throws {
    let host = options.address
    guard options.allowInsecure || options.keys != nil || Endpoint(host: host, port: 0).isLoopback else {
      throw CoordinatorError.insecureAddress(host)
    }
    self.options = options
    self.store = store
    self.planned = planned
    gate = Gate(own: options.keys?.own.publicKey)
    logger = options.logger
  }

  /// Binds, takes up where the store left off, and announces itself beside the store.
  ///
  /// - Throws: `ZeroMQError` (port in use, no such address, no permission), `KeyFileError`, `CoordinatorError`, what the
  ///   store throws.
  @discardableResult
  public func start() throws -> Announcement {
    precondition(scheduler == nil && ending == nil, "a coordinator starts once")
    do {
      return try takeUp()
    } catch {
      finish(error)
      throw error
    }
  }

  private func takeUp() throws -> Announcement {
    let restoration = try store.restoration(sweep: options.sweep, planned: planned)
    planned = []
    let directory = try CheckpointDirectory(store: store.path, keeping: store.checkpointFiles())
    let announcement = try listen()
    var settings = options.settings
    settings.coordinator = coordinatorID
    settings.sweep = options.sweep ?? ""
    settings.checkpointPort = try Endpoint(announcement.checkpoints).port
    scheduler = Scheduler(settings, restoring: restoration, at: now)
    tellRestraints(of: restoration)
    commits = CommitLine(store) { [weak self, loop] in
      loop.post { [weak self] in self?.assumeIsolated { $0.turn() } }
    }
    transfers = CheckpointServer(largest: options.largestCheckpoint)
    files = CheckpointFiles(directory: directory) { [weak self, loop] reports in
      loop.post { [weak self] in self?.assumeIsolated { $0.take(reports) } }
    }
    try announcement.write(store: store.path)
    for socket in [messages, checkpoints].compactMap({ $0 }) {
      loop.watch(socket, for: self) { $0.turn() }
    }
    tick()
    logger.info("listening on \(announcement.messages) for \(restoration.trials.count) trials")
    return announcement
  }

  /// Serves until the work is done or the coordinator is stopped, and blocks the calling thread meanwhile. Starts it
  /// if `start` has not been called.
  ///
  /// - Throws: as `start`; and what the store throws when it cannot commit, a full disk for instance. Nothing
  ///   acknowledged is lost then, and workers go on; a new coordinator takes up from the store.
  @discardableResult
  public nonisolated func run() throws -> Ending {
    try loop.wait { done in self.assumeIsolated { $0.whenEnded(done) } }.get()
  }

  /// As `run`, without blocking.
  @discardableResult
  public func finished() async throws -> Ending {
    try await withCheckedThrowingContinuation { continuation in
      whenEnded { continuation.resume(with: $0) }
    }
  }

  /// Says what keeps trials from being handed out, which whoever starts the coordinator may not have asked for.
  private func tellRestraints(of restoration: SchedulerRestoration) {
    if restoration.paused {
      logger.warning("\(store.path) is paused: no trials are handed out until 'strata resume'")
    }
    for (host, reason) in restoration.quarantinedHosts.sorted(by: { $0.key < $1.key }) {
      logger.warning(
        "host \(host) is quarantined and gets no trials until 'strata retry --host \(host)': \(reason)")
    }
  }

  private func whenEnded(_ body: @escaping @Sendable (Result<Ending, any Error>) -> Void) {
    if scheduler == nil && ending == nil { _ = try? start() }
    // A start that failed has ended it.
    if let ending { body(ending) } else { waiting.append(body) }
  }

  /// Hands out no more trials, has workers give back what they hold with a checkpoint, and ends. From any thread.
  public nonisolated func stop() {
    loop.post { [weak self] in self?.assumeIsolated { $0.shutDown() } }
  }

  /// Ends at once: workers go on and wait for the next coordinator.
  public func abandon() {
    finish()
  }

  /// The sweep as it stands; nil before `start`.
  public func status() -> ClusterStatus? { scheduler?.status(at: now) }

  var now: Moment { Moment(ContinuousClock.now - origin) }

  private func shutDown() {
    guard !stopping, ending == nil else { return }
    guard scheduler != nil else { return finish() }
    stopping = true
    process([.shutdownRequested])
  }

  private func tick() {
    guard ending == nil else { return }
    // A tick that comes late shows the scheduler that nothing went out while the disk stood still.
    commits?.wait()
    reviewList()
    turn()
    process([.tick])
    process(carryOut(transfers?.expire(at: now) ?? []))
    forgetClosed()
    // What is not durable may be refused yet.
    if options.exitsWhenDone, !stopping, commits?.isIdle == true, let counts = scheduler?.counts,
      counts.over == counts.total
    {
      shutDown()
    }
    if ending == nil { loop.schedule(after: options.settings.tick, for: self) { $0.tick() } }
  }

  private func makeEnding() throws -> Ending {
    let refused = try commits?.takeEnded().events ?? []
    let counts = scheduler?.counts ?? TrialCounts()
    return Ending(
      counts: counts, isComplete: scheduler != nil && refused.isEmpty && counts.over == counts.total)
  }

  /// Closes the sockets, waiting a bounded time for what was sent, and lets `run` return.
  func finish(_ error: (any Error)? = nil) {
    guard ending == nil else { return }
    // What is under way is stored, whatever becomes of its answers.
    while commits?.wait() == true {}
    let result: Result<Ending, any Error> =
      if let error { .failure(error) } else { Result { try makeEnding() } }
    commits = nil
    ending = result
    // Before the sockets: closing one closes its monitor's too.
    for monitor in monitors { loop.unwatch(monitor.socket) }
    monitors = []
    for socket in [messages, checkpoints].compactMap({ $0 }) {
      loop.unwatch(socket)
      socket.close()
    }
    messages = nil
    checkpoints = nil
    // After the sockets it answers for: without it they would let everybody in.
    if let socket = authenticator?.socket {
      loop.unwatch(socket)
      socket.close()
    }
    authenticator = nil
    // Waits for what is still to go out.
    context = nil
    transfers = nil
    files?.stop()
    files = nil
    Announcement.remove(store: store.path)
    for body in waiting { body(result) }
    waiting = []
  }
}
