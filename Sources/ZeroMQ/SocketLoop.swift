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
    thread.watches.add(socket) { [weak owner] in owner?.assumeIsolated { handler($0) } }
  }

  /// On the loop's thread only.
  public func unwatch(_ socket: Socket) {
    thread.assertCurrent()
    thread.watches.remove(socket)
  }

  /// Calls `handler` once after `delay`, unless `owner`, an actor on this loop, is gone by then.
  public func schedule<Owner: Actor>(
    after delay: Duration, for owner: isolated Owner, handler: @escaping @Sendable (isolated Owner) -> Void
  ) {
    thread.assertCurrent()
    thread.timers.add(.now + delay) { [weak owner] in owner?.assumeIsolated { handler($0) } }
  }
}

/// The state of a loop and its executor. Held by the thread until it ends, so that the unowned references the
/// runtime keeps stay good.
final class LoopThread: SerialExecutor, @unchecked Sendable {
  // @unchecked: `watches` and `timers` are touched on the loop's thread only, `inbox` is locked, and `identity`
  // is written once, before the first job.
  private enum Job {
    case actor(UnownedJob)
    case closure(@Sendable () -> Void)
  }
  private struct Inbox {
    var jobs: [Job] = []
    var stopping = false
    var thread: pthread_t?
  }

  let watches: LoopWatches
  var timers = LoopTimers()
  private let inbox = Mutex(Inbox())
  private let wakeup: Int32

  init() {
    wakeup = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    precondition(wakeup >= 0, "out of file descriptors")
    watches = LoopWatches(wakeup: wakeup)
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
    watches.removeAll()
    timers = LoopTimers()
  }

  /// Those due now; what they schedule has its turn later.
  private func runTimers() {
    let now = ContinuousClock.now
    while let handler = timers.popDue(at: now) { handler() }
  }

  /// Waits for a message, a job or the next timer, and calls the handlers of sockets with messages.
  private func wait() {
    var timeout: Int32 = -1
    if let next = timers.next {
      // Rounded up: waking early would spin until the deadline.
      timeout = max(0, Int32(clamping: Int((next - .now).milliseconds) + 1))
    }
    watches.wait(milliseconds: timeout)
  }
}
