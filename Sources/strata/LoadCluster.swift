import Coordinator
import Foundation
import ResultStore
import SweepProtocol
import Worker
import ZeroMQ

/// A coordinator and fleets of workers on this machine, each a process of this program, in a folder of their own that
/// is gone afterwards.
final class LoadCluster {
  let store: String
  let folder: URL
  private let arguments: [String]
  /// What fleets connect with.
  private var keyArguments: [String] = []
  private var security: CurveSecurity?
  private var coordinator: ChildProcess?
  private var fleets: [ChildProcess] = []
  private(set) var endpoint = ""
  private var client: StatusClient?

  /// - Parameters:
  ///   - sweep: the sweep file's text.
  ///   - folder: where the store will lie, in a folder of its own.
  ///   - usesKeys: connections are encrypted, with keys that are in that folder too.
  init(sweep text: String, in parent: URL, usesKeys: Bool, heartbeat: Double = 5) throws {
    folder = parent.appendingPathComponent("strata-load-\(getpid())-\(UUID().uuidString.prefix(8))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    store = folder.appendingPathComponent("load.store").path
    let sweep = folder.appendingPathComponent("load.yaml")
    try text.write(to: sweep, atomically: true, encoding: .utf8)
    var arguments = [
      "coordinator", sweep.path, "--store", store, "--stop-with-standard-input", "--quiet",
      "--heartbeat", "\(heartbeat)",
    ]
    if usesKeys {
      let own = folder.appendingPathComponent("coordinator.key").path
      let fleet = folder.appendingPathComponent("fleet.key").path
      let list = WorkerKeyFile(folder.appendingPathComponent("workers.keys").path)
      let keys = (own: try CurveKeyPair(), fleet: try CurveKeyPair())
      try KeyFile.create(keys.own, at: own)
      try KeyFile.create(keys.fleet, at: fleet)
      let entry = WorkerKeyList.Entry(name: "fleet", key: keys.fleet.publicKey)
      _ = try list.edit { entries throws(KeyFileError) in try entries.allow(entry, path: list.path) }
      arguments += ["--key", own, "--worker-keys", list.path]
      keyArguments = ["--key", fleet, "--coordinator-key", KeyFile.publicPath(own)]
      security = .client(keys.own, server: keys.own.publicKey)
    }
    self.arguments = arguments
  }

  deinit {
    for fleet in fleets { fleet.kill9() }
    coordinator?.kill9()
    try? FileManager.default.removeItem(at: folder)
  }

  /// A sweep of one configuration with so many seeds.
  static func seeds(_ count: Int) -> String { base + "seeds: \(count)\n" }

  /// A sweep of configurations that differ in two settings; the count is a multiple of 100, or less than it.
  static func grid(configurations count: Int) -> String {
    let decays = (0..<min(count, 100)).map { "\(Double($0) / 1e4)" }
    let rates = (1...max(1, count / 100)).map { "\(Double($0) / 1e4)" }
    return base + """
      grid:
        training.weightDecay: [\(decays.joined(separator: ", "))]
        training.learningRate: [\(rates.joined(separator: ", "))]

      """
  }

  private static let base = """
    name: load
    base:
      network: {factorization: depthwise}
      training: {epochs: 1, decayEpochs: []}
      data: {dataset: synthetic}

    """

  /// Starts the coordinator, again on the same store if it ran before, and returns once it listens.
  ///
  /// - Returns: the seconds that took.
  @discardableResult
  func startCoordinator() throws -> Double {
    let began = ContinuousClock.now
    let child = try ChildProcess(
      name: "coordinator", arguments: arguments, log: folder.appendingPathComponent("coordinator.log"),
      ended: {})
    coordinator = child
    while true {
      if let announcement = Announcement.read(store: store), announcement.pid == child.pid,
        let found = announcement.localEndpoint
      {
        endpoint = found.description
        client = try makeClient()
        return (ContinuousClock.now - began) / .seconds(1)
      }
      guard child.isRunning else { throw CommandError("the coordinator ended: \(log)") }
      usleep(20_000)
    }
  }

  /// Starts a process of workers that end their trials at once.
  func startFleet(workers: Int, threads: Int = 1, arguments: [String] = []) throws {
    fleets.append(
      try ChildProcess(
        name: "fleet",
        arguments: ["bench", "fleet", endpoint, "--workers", "\(workers)", "--threads", "\(threads)"]
          + keyArguments + arguments, log: folder.appendingPathComponent("fleet.log"), ended: {}))
  }

  func killCoordinator() throws {
    coordinator?.kill9()
    while coordinator?.isRunning == true { usleep(1000) }
  }

  /// A connection of its own to the coordinator.
  func makeClient() throws -> StatusClient { try StatusClient(endpoint: endpoint, security: security) }

  func ask(_ request: ClientRequest) throws -> ClientReply? {
    try client?.request(request, timeout: .seconds(30))
  }

  func status() throws -> ClusterStatus {
    guard case .status(let status)? = try ask(.status) else {
      throw CommandError("the coordinator did not say how it stands: \(log)")
    }
    return status
  }

  /// So far, by the store.
  func attemptsLost() throws -> Int {
    let reader = try Store.reading(store)
    defer { try? reader.close() }
    return try reader.read { try $0.attempts().count { $0.ending == .lost } }
  }

  var usage: ProcessUsage? { coordinator.flatMap { ProcessUsage(pid: $0.pid) } }

  /// Processor seconds of all fleets.
  var fleetSeconds: Double {
    fleets.compactMap { ProcessUsage(pid: $0.pid)?.processorSeconds }.reduce(0, +)
  }

  private var log: String {
    let text = try? String(contentsOf: folder.appendingPathComponent("coordinator.log"), encoding: .utf8)
    return text?.split(separator: "\n").last.map(String.init) ?? "without a word"
  }
}
