import ArgumentParser
import Coordinator
import Foundation
import ZeroMQ
import Worker

/// A coordinator and its workers on this machine, as child processes: started, watched, started again when they
/// die, and ended in order. What they do for the sweep they arrange among themselves.
final class Supervisor {
  struct Plan {
    var store: URL
    var coordinatorArguments: [String]
    /// Arguments of a worker, given the coordinator's endpoint and the worker's number from 1.
    var workerArguments: (_ endpoint: String, _ number: Int) -> [String]
    var workers: Int
    /// Folder of the children's logs; nil: they write to this process's standard error.
    var logs: URL?
  }

  enum Ending: Equatable {
    /// The coordinator ended by itself: every trial is over.
    case finished
    /// By a signal; the store is whole and the same command goes on from here.
    case interrupted
  }

  private let plan: Plan
  private let mailbox = Mailbox()
  private var coordinator: ChildProcess?
  private var endpoint = ""
  private var workers: [ChildProcess?]
  /// When each worker that ended of its own accord was first found so.
  private var endedSince: [Date?]
  private var restarts: [Date] = []

  private static let restartLimit = 20
  private static let restartWindow: TimeInterval = 600
  private static let startDeadline: TimeInterval = 60
  private static let stopDeadline: TimeInterval = 30
  /// A worker leaves before its coordinator does when the sweep is over; one that stays away longer is missed.
  private static let leavePatience: TimeInterval = 3

  init(_ plan: Plan) {
    self.plan = plan
    workers = Array(repeating: nil, count: plan.workers)
    endedSince = Array(repeating: nil, count: plan.workers)
  }

  /// Runs the sweep to its end or to a signal.
  /// - Parameter watch: called about twice a second with the coordinator's endpoint, to show progress.
  func run(watch: (_ endpoint: String) -> Void) throws -> Ending {
    let mailbox = mailbox
    let signals = StopSignals { count in mailbox.post(signals: count) }
    defer { withExtendedLifetime(signals) {} }
    defer { stopAll() }

    if let ending = try startCoordinator() { return ending }
    for number in 1...plan.workers { try startWorker(number) }
    while mailbox.wait(seconds: 0.5) == 0 {
      if let ended = coordinator, !ended.isRunning {
        if ended.status == 0 { return .finished }
        guard ended.wasKilled else { throw try failure(of: ended) }
        try countRestart(of: ended)
        let old = endpoint
        if let ending = try startCoordinator() { return ending }
        if endpoint != old { stop(workers.compactMap { $0 }) }
      }
      for number in 1...plan.workers { try look(atWorker: number) }
      watch(endpoint)
    }
    return .interrupted
  }

  /// Starts a worker again that has ended although the sweep goes on.
  private func look(atWorker number: Int) throws {
    guard let worker = workers[number - 1], !worker.isRunning else { return }
    if worker.status == WorkerEnding.refused {
      throw CommandError("\(worker.name) was refused by the coordinator; \(logHint(worker))")
    }
    if worker.status == 0 {
      let since = endedSince[number - 1] ?? Date()
      endedSince[number - 1] = since
      guard Date().timeIntervalSince(since) > Self.leavePatience else { return }
    }
    endedSince[number - 1] = nil
    try countRestart(of: worker)
    try startWorker(number)
  }

  /// Waits until it can be reached. Returns how the run ends if it is over already.
  private func startCoordinator() throws -> Ending? {
    let child = try start("coordinator", plan.coordinatorArguments)
    coordinator = child
    let deadline = Date().addingTimeInterval(Self.startDeadline)
    while Date() < deadline {
      if let announcement = Announcement.read(store: plan.store.path), announcement.pid == child.pid,
        let found = announcement.localEndpoint
      {
        endpoint = found.description
        return nil
      }
      guard child.isRunning else {
        if child.status == 0 { return .finished }
        throw try failure(of: child)
      }
      if mailbox.wait(seconds: 0.02) > 0 { return .interrupted }
    }
    throw CommandError("the coordinator was not ready within \(Int(Self.startDeadline)) s; \(logHint(child))")
  }

  /// What the child said last; an exit code alone where it has said it on this process's standard error.
  private func failure(of child: ChildProcess) throws -> any Error {
    guard let logs = plan.logs else { return ExitCode(child.status) }
    let log = try String(contentsOf: logs.appendingPathComponent("\(child.name).log"), encoding: .utf8)
    let line = log.split(separator: "\n").last { $0.hasPrefix("Error: ") }
    return CommandError(
      line.map { String($0.dropFirst(7)) }
        ?? "the \(child.name) ended with status \(child.status); \(logHint(child))")
  }

  private func startWorker(_ number: Int) throws {
    workers[number - 1] = try start("worker-\(number)", plan.workerArguments(endpoint, number))
  }

  private func start(_ name: String, _ arguments: [String]) throws -> ChildProcess {
    let mailbox = mailbox
    return try ChildProcess(
      name: name, arguments: arguments, log: plan.logs?.appendingPathComponent("\(name).log")
    ) { mailbox.post() }
  }

  private func countRestart(of child: ChildProcess) throws {
    restarts = restarts.filter { Date().timeIntervalSince($0) < Self.restartWindow } + [Date()]
    guard restarts.count <= Self.restartLimit else {
      throw CommandError(
        "\(child.name) ended with status \(child.status), the last of \(restarts.count) such ends within "
          + "\(Int(Self.restartWindow / 60)) minutes; \(logHint(child))")
    }
  }

  private func logHint(_ child: ChildProcess) -> String {
    plan.logs.map { "see \($0.appendingPathComponent("\(child.name).log").path)" } ?? "see its messages above"
  }

  /// Workers first, so that they can hand back what they hold, if there is somebody to hand it to; then the
  /// coordinator.
  private func stopAll() {
    let running = workers.compactMap { $0 }
    if coordinator?.isRunning == true { stop(running) } else { for worker in running { worker.kill9() } }
    stop([coordinator].compactMap { $0 })
  }

  private func stop(_ children: [ChildProcess]) {
    for child in children { child.terminate() }
    let deadline = Date().addingTimeInterval(Self.stopDeadline)
    while children.contains(where: \.isRunning) && Date() < deadline {
      if mailbox.wait(seconds: 0.1) > 1 { break }
    }
    for child in children { child.kill9() }
  }
}

/// Wakes a waiting thread; remembers how many stop signals have come.
final class Mailbox: @unchecked Sendable {
  // `@unchecked`: both variables are guarded by `condition`.
  private let condition = NSCondition()
  private var signals = 0
  private var posted = false

  func post(signals count: Int = 0) {
    condition.lock()
    signals = max(signals, count)
    posted = true
    condition.broadcast()
    condition.unlock()
  }

  /// Returns after `seconds`, or sooner when something was posted, with the number of stop signals so far.
  func wait(seconds: TimeInterval) -> Int {
    condition.lock()
    defer { condition.unlock() }
    let deadline = Date().addingTimeInterval(seconds)
    while !posted && condition.wait(until: deadline) {}
    posted = false
    return signals
  }
}
