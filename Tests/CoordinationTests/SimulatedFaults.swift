import SweepProtocol
import Worker

extension Simulation {
  /// What goes wrong, and how often: as a probability per event where nothing else is said.
  struct Faults {
    // The network's.
    /// Per message.
    var loss = 0.0
    /// Per message.
    var duplication = 0.0
    /// Messages overtake each other.
    var reordering = false
    var disconnection = 0.0
    /// Links of one worker, of several or of all fall silent for a while, one way or both.
    var partition = 0.0

    // A worker's.
    var workerCrash = 0.0
    /// A stop of the process, often beyond the lease.
    var workerPause = 0.0
    var preemption = 0.0

    // The coordinator's.
    /// Between two events; and at each point of a turn where a crash may come.
    var coordinatorCrash = 0.0
    var coordinatorPause = 0.0
    /// Nothing can be written for a while, neither rows nor checkpoints.
    var diskFull = 0.0
    /// Per checkpoint to be read or written: refused, the disk being at fault.
    var storage = 0.0

    // Clocks'.
    /// Rates of processes' clocks differ from the true one by up to this fraction.
    var skew = 0.0
    /// A clock jumps ahead, by up to an hour.
    var clockJump = 0.0

    // A trial's, per run; at most as often as a trial may fail.
    var failure = 0.0
    var hang = 0.0

    static let none = Faults()

    /// A mixture of its own for every seed.
    static func mixture(_ chance: inout Chance) -> Faults {
      Faults(
        loss: chance.happens(0.7) ? chance.uniform() * 0.3 : 0,
        duplication: chance.happens(0.7) ? chance.uniform() * 0.3 : 0,
        reordering: chance.happens(0.5),
        disconnection: chance.happens(0.7) ? 0.02 : 0,
        partition: chance.happens(0.5) ? 0.004 : 0,
        workerCrash: chance.happens(0.5) ? 0.01 : 0.0005,
        workerPause: chance.happens(0.5) ? 0.01 : 0,
        preemption: chance.happens(0.5) ? 0.005 : 0,
        coordinatorCrash: chance.happens(0.5) ? 0.005 : 0.0005,
        coordinatorPause: chance.happens(0.5) ? 0.005 : 0,
        diskFull: chance.happens(0.3) ? 0.002 : 0,
        storage: chance.happens(0.3) ? 0.1 : 0,
        skew: chance.happens(0.5) ? 0.1 : 0,
        clockJump: chance.happens(0.3) ? 0.002 : 0,
        failure: chance.happens(0.3) ? 0.2 : 0,
        hang: chance.happens(0.2) ? 0.1 : 0)
    }
  }

  /// Where a coordinator process may end.
  enum CrashPoint: String, CaseIterable {
    case betweenEvents, beforeCommit, afterCommit, betweenSends
    /// Some of a checkpoint's bytes have come; or all, but its row is not written.
    case duringUpload
    /// A commit failed; as the service does, the coordinator ends.
    case diskFull
  }

  /// Something goes wrong between two events, or nothing.
  mutating func misfortune() {
    if chance.happens(faults.coordinatorCrash) { crashCoordinator(.betweenEvents) }
    if chance.happens(faults.coordinatorPause) {
      coordinatorPausedUntil = max(coordinatorPausedUntil, now + chance.seconds(3...40))
      trace.note(now, "the coordinator pauses until \(coordinatorPausedUntil)")
    }
    if chance.happens(faults.diskFull) {
      diskFullUntil = now + chance.seconds(1...40)
      trace.note(now, "the disk is full until \(diskFullUntil)")
    }
    if chance.happens(faults.clockJump) { coordinatorClock.jump(chance.seconds(1...3600)) }
    guard !roster.isEmpty else { return }
    if chance.happens(faults.partition) { partition() }
    let id = roster[chance.below(roster.count)]
    if chance.happens(faults.workerCrash) {
      trace.note(now, "\(id) crashes")
      removeWorker(id)
    }
    guard let worker = workers[id] else { return }
    if chance.happens(faults.workerPause) {
      workers[id]!.pausedUntil = max(worker.pausedUntil, now + chance.seconds(3...40))
      trace.note(now, "\(id) pauses until \(workers[id]!.pausedUntil)")
    }
    if chance.happens(faults.clockJump) {
      workers[id]!.clock.jump(chance.seconds(1...3600))
      workers[id]!.hasJumped = true
      trace.note(now, "the clock of \(id) jumps")
    }
    if chance.happens(faults.preemption) { schedule(.worker(id, .preempt), after: .zero) }
    if chance.happens(faults.disconnection), let connection = worker.connection { disconnect(connection) }
  }
}

/// A process's own clock: it starts with the process, has a rate of its own, and may jump ahead.
struct SimulatedClock {
  private let started: Moment
  private let rate: Double
  private var ahead = Duration.zero

  init(startedAt now: Moment, rate: Double) {
    started = now
    self.rate = rate
  }

  init(startedAt now: Moment, skew: Double, _ chance: inout Chance) {
    self.init(startedAt: now, rate: skew == 0 ? 1 : 1 + skew * (2 * chance.uniform() - 1))
  }

  mutating func jump(_ duration: Duration) { ahead += duration }

  /// - Parameter now: the true time.
  func read(at now: Moment) -> Moment {
    let elapsed = started.duration(to: now)
    return Moment((rate == 1 ? elapsed : elapsed * rate) + ahead)
  }
}
