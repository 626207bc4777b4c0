import Coordinator
import Crypto
import Foundation
import Logging
import ResultStore
import SweepProtocol
import Sweeps
import Synchronization
import Testing
import Worker

struct DeadlinePassed: Error { let what: String }

/// Calls `attempt` every 5 ms until it returns a value; throws after 30 seconds of trying. Calls are counted rather
/// than time, because other tests of the process may keep this one from running for longer than any deadline.
@discardableResult
func eventually<T>(
  _ what: String, isolation: isolated (any Actor)? = #isolation, _ attempt: () async throws -> T?
) async throws -> T {
  for _ in 0..<6000 {
    if let value = try await attempt() { return value }
    try await Task.sleep(for: .milliseconds(5))
  }
  throw DeadlinePassed(what: what)
}

/// A store in a directory of its own, and services on it whose times are short.
final class Cluster: Sendable {
  let directory: URL
  let trials: [NewTrial]
  var path: String { directory.appendingPathComponent("test.store").path }
  let log = Log()

  init(trials count: Int) throws {
    directory = FileManager.default.temporaryDirectory.appendingPathComponent("strata-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    trials = try (1...count).map { seed in
      var configuration = TrialConfiguration()
      configuration.seed = seed
      configuration.data.dataset = .synthetic
      let json = try encoder.encode(configuration)
      return NewTrial(
        id: hexadecimal(SHA256.hash(data: json)), label: "trial \(seed)",
        json: String(decoding: json, as: UTF8.self),
        configuration: configuration)
    }
    let store = try Store.open(path)
    try store.write {
      try $0.addSweep(SweepRecord(name: "test", source: "", created: Date()), trials: trials)
    }
    try store.close()
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  func options() -> CoordinatorOptions {
    var options = CoordinatorOptions(program: ProgramVersion.current, logger: log.logger("coordinator"))
    options.sweep = "test"
    options.settings.tick = .milliseconds(20)
    options.settings.heartbeat = .milliseconds(100)
    options.settings.lease = .seconds(60)
    options.settings.redelivery = .seconds(1)
    return options
  }

  func coordinator(
    _ change: (inout CoordinatorOptions) -> Void = { _ in }
  ) async throws -> (service: CoordinatorService, store: Store, endpoint: String) {
    var options = options()
    change(&options)
    let store = try Store.open(path)
    let service = try CoordinatorService(options: options, store: store)
    return (service, store, try await service.start().messages)
  }

  /// A worker's, with the times that users have.
  func workerOptions(
    _ endpoint: String, _ runner: any TrialRunning, named name: String = "worker"
  ) throws -> WorkerOptions {
    var hello = WorkerHello()
    hello.name = name
    hello.instructionSet = "NONE"
    hello.datasets = ["synthetic": String(repeating: "a", count: 64)]
    return try WorkerOptions(
      endpoint: endpoint, introduction: hello, runner: runner, logger: log.logger(name))
  }

  func worker(
    _ endpoint: String, _ runner: any TrialRunning, named name: String = "worker",
    _ change: (inout WorkerOptions) -> Void = { _ in }
  ) throws -> WorkerService {
    var options = try workerOptions(endpoint, runner, named: name)
    options.settings.tick = .milliseconds(20)
    options.settings.heartbeat = .milliseconds(100)
    options.settings.firstWait = .milliseconds(50)
    options.settings.longestWait = .milliseconds(200)
    options.settings.resend = .seconds(1)
    change(&options)
    return try WorkerService(options: options)
  }

  /// The store's trials and attempts, read beside its writer.
  func rows() throws -> (trials: [TrialRecord], attempts: [AttemptRecord]) {
    let reader = try Store.reading(path)
    defer { try? reader.close() }
    return try reader.read { (try $0.trials(sweep: "test"), try $0.attempts()) }
  }

  /// Every trial has the result and the snapshots that an undisturbed run gives.
  func expectUndisturbedResults(epochs: Int = 3, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let reader = try Store.reading(path)
    defer { try? reader.close() }
    try reader.read { reader in
      for trial in try reader.trials(sweep: "test") {
        #expect(trial.state == .completed, sourceLocation: sourceLocation)
        #expect(
          trial.weightsSHA256 == ScriptedRunner.expectedHash(trial.id, epochs: epochs),
          sourceLocation: sourceLocation)
        let losses = try reader.snapshots(trial: trial.id).map(\.testLoss)
        let expected = (0...epochs).map { ScriptedRunner.expectedLoss(trial.id, epoch: $0) }
        #expect(losses == expected, sourceLocation: sourceLocation)
      }
    }
  }
}

/// Keeps what services log.
final class Log: Sendable {
  private let kept = Mutex<[String]>([])
  var lines: [String] { kept.withLock { $0 } }

  func logger(_ label: String) -> Logger {
    Logger(label: label) { _ in Handler(log: self, label: label) }
  }

  private struct Handler: LogHandler {
    let log: Log
    let label: String
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {
      log.kept.withLock { $0.append("\(label): \(event.message)") }
    }
  }
}
