internal import CZeroMQ
internal import Foundation
internal import Glibc
internal import Synchronization

/// One thread that owns sockets: it waits for them, for a timer and for jobs, and runs all three in turn.
///
/// An actor lives on it by returning `unownedExecutor` as its own, and may then keep `Socket`s as its state:
///
///     actor Service {
///       private let loop = SocketLoop(name: "service")
///       nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }
///     }
///
/// The thread ends when the loop is released, after the jobs posted before.
public final class SocketLoop: Sendable {
  private let thread: LoopThread

  public init(name: String) {
    thread = LoopThread()
    // A closure that holds the thread's state only: the loop itself must be free to go.
    let worker = Thread { [thread] in thread.run() }
    worker.name = name
    worker.start()
  }

  deinit { thread.stop() }

  public var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Whether the caller runs on the loop's thread.
  public var isCurrent: Bool { thread.isCurrent }

  /// Runs `job` on the loop's thread, after everything posted before it.
  public func post(_ job: @escaping @Sendable () -> Void) { thread.post(job) }

  /// Calls `handler` whenever messages wait on `socket`, until `unwatch` or until `owner`, an actor on this loop,
  /// is gone.
  ///
  /// A handler that leaves messages waiting is called again after other sockets, jobs and timers had their turn.
  public func watch<Owner: Actor>(
    _ socket: Socket, for owner: isolated Owner, handler: @escaping @Sendable (isolated Owner) -> Void
  ) {
    thread.assertCurrent()
    thread.watches.append(
      LoopThread.Watch(socket: socket) { [weak owner] in owner?.assumeIsolated { handler($0) } })
  }

  /// On the loop's thread only.
  public func unwatch(_ socket: Socket) {
    thread.assertCurrent()
    thread.watches.removeAll { $0.socket === socket }
  }

  /// Calls `handler` once after `delay`, unless `owner`, an actor on this loop, is gone by then.
  public func schedule<Owner: Actor>(
    after delay: Duration, for owner: isolated Owner, handler: @escaping @Sendable (isolated Owner) -> Void
  ) {
    thread.assertCurrent()
    thread.timers.append(
      LoopThread.Timer(deadline: .now + delay) { [weak owner] in owner?.assumeIsolated { handler($0) } })
  }
}

/// The state of a loop and its executor. Held by the thread until it ends, so that the unowned references the
/// runtime keeps stay good.
final class LoopThread: SerialExecutor, @unchecked Sendable {
  // @unchecked: `watches` and `timers` are touched on the loop's thread only, `inbox` is locked, and `identity`
  // is written once, before the first job.
  struct Watch {
    let socket: Socket
    let handler: () -> Void
  }
  struct Timer {
    let deadline: ContinuousClock.Instant
    let handler: () -> Void
  }
  private enum Job {
    case actor(UnownedJob)
    case closure(@Sendable () -> Void)
  }
  private struct Inbox {
    var jobs: [Job] = []
    var stopping = false
    var thread: pthread_t?
  }

  var watches: [Watch] = []
  var timers: [Timer] = []
  private let inbox = Mutex(Inbox())
  private let wakeup: Int32

  init() {
    wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    precondition(wakeup >= 0, "out of file descriptors")
  }

  deinit { close(wakeup) }

  var isCurrent: Bool {
    inbox.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
  }

  func assertCurrent() { precondition(isCurrent, "a SocketLoop's sockets and timers belong to its thread") }

  func checkIsolated() { assertCurrent() }

  func enqueue(_ job: consuming ExecutorJob) { add(.actor(UnownedJob(job))) }

  func post(_ job: @escaping @Sendable () -> Void) { add(.closure(job)) }

  func stop() {
    inbox.withLock { $0.stopping = true }
    wake()
  }

  private func add(_ job: Job) {
    let first = inbox.withLock {
      $0.jobs.append(job)
      return $0.jobs.count == 1
    }
    if first { wake() }
  }

  private func wake() {
    var one: UInt64 = 1
    // A full counter (EAGAIN) wakes as well; only an interrupted write is done again.
    while write(wakeup, &one, 8) < 0 && errno == EINTR {}
  }

  func run() {
    inbox.withLock { $0.thread = pthread_self() }
    while true {
      let (jobs, stopping) = inbox.withLock { inbox in
        defer { inbox.jobs = [] }
        return (inbox.jobs, inbox.stopping)
      }
      for job in jobs {
        switch job {
        case .actor(let job): job.runSynchronously(on: asUnownedSerialExecutor())
        case .closure(let job): job()
        }
      }
      if stopping {
        if jobs.isEmpty { break }
        continue
      }
      runTimers()
      wait()
    }
    watches = []
    timers = []
  }

  private func runTimers() {
    let now = ContinuousClock.now
    let due = timers.filter { $0.deadline <= now }
    guard !due.isEmpty else { return }
    timers.removeAll { $0.deadline <= now }
    for timer in due.sorted(by: { $0.deadline < $1.deadline }) { timer.handler() }
  }

  /// Waits for a message, a job or the next timer, and calls the handlers of sockets with messages.
  private func wait() {
    let watched = watches
    var items = [zmq_pollitem_t(socket: nil, fd: wakeup, events: Int16(ZMQ_POLLIN), revents: 0)]
    for watch in watched {
      items.append(zmq_pollitem_t(socket: watch.socket.handle, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0))
    }
    var timeout = -1
    if let next = timers.map(\.deadline).min() {
      // Rounded up: waking early would spin until the deadline.
      timeout = max(0, Int((next - .now).milliseconds) + 1)
    }
    guard zmq_poll(&items, Int32(items.count), timeout) > 0 else { return }
    if items[0].revents != 0 {
      var count: UInt64 = 0
      _ = read(wakeup, &count, 8)
    }
    for (watch, item) in zip(watched, items.dropFirst()) where item.revents != 0 {
      // An earlier handler may have unwatched it.
      if watches.contains(where: { $0.socket === watch.socket }) { watch.handler() }
    }
  }
}
