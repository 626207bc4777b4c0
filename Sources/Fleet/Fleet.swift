internal import Foundation
internal import Logging
public import SweepProtocol
public import Worker
public import ZeroMQ

/// Many workers of one process, for load: each a session of its own over connections of its own, all on few threads.
public final class Fleet: Sendable {
  private let workers: [WorkerService]

  /// - Parameters:
  ///   - introduction: what each says of itself; a name is made for each.
  ///   - keys: what all of them connect with, and the coordinator's public key; nil: it uses none.
  ///   - threads: that serve the workers' connections, with an input/output thread each.
  ///   - runner: executes their trials; an instant one, or each trial under way has a thread of its own.
  /// - Throws: `EndpointError`, `ZeroMQError`.
  public init(
    endpoint: String, keys: (own: CurveKeyPair, coordinator: CurvePublicKey)? = nil, workers count: Int,
    threads: Int, introduction: WorkerHello, runner: any TrialRunning
  ) throws {
    precondition(count > 0 && threads > 0)
    DescriptorLimit.raise()
    let loops = (0..<threads).map { SocketLoop(name: "fleet-\($0)") }
    // A worker has two connections at most, each with a monitor of two sockets.
    let contexts = try (0..<threads).map { _ in try Context(sockets: min(65_535, count * 6 + 16)) }
    var introduction = introduction
    // Once, because asking for it may take long.
    introduction.host = ProcessInfo.processInfo.hostName
    let logger = Logger(label: "fleet") { _ in SwiftLogNoOpLogHandler() }
    workers = try (0..<count).map { [introduction] number in
      var introduction = introduction
      introduction.name = "fleet-\(number)"
      var options = try WorkerOptions(
        endpoint: endpoint, introduction: introduction, runner: runner, logger: logger)
      if let keys { options.use(keys.own, coordinator: keys.coordinator) }
      // Thousands of workers' ticks would be a load of their own; what they are for bears a second's delay.
      options.settings.tick = .milliseconds(min(1000, max(250, count / 2)))
      options.settings.stopDeadline = .seconds(60)
      return WorkerService(
        options: options, loop: loops[number % threads], context: contexts[number % threads])
    }
  }

  /// Works until the coordinator sends every worker home; how many ended other than well.
  public func run() async -> Int {
    await withTaskGroup(of: WorkerEnding.self) { group in
      for worker in workers { group.addTask { await worker.finished() } }
      return await group.reduce(0) { $0 + ($1.status == 0 ? 0 : 1) }
    }
  }

  /// Has every worker leave.
  public func stop() {
    for worker in workers { worker.stop() }
  }
}
