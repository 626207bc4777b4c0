import ArgumentParser
import Coordinator
import Foundation
import Logging
import ResultStore
import SweepProtocol
import Sweeps
import ZeroMQ

/// Where a coordinator listens, and to whom.
struct CoordinatorNetworkOptions: ParsableArguments {
  @Option(help: "Address to listen on; 0.0.0.0 for every interface (then also --key and --worker-keys).")
  var listen = "127.0.0.1"
  @Option(help: "Port for messages. (default: the one this store was last served at, else any free one)")
  var port: Int?
  @Option(help: "Port for checkpoints. (default: likewise)")
  var checkpointPort: Int?
  @Option(
    help:
      "The coordinator's secret key ('strata keygen'): encrypts connections, and lets known workers in only.",
    completion: .file())
  var key: String?
  @Option(
    help: "The list of workers to let in ('strata workers'); a change takes effect at once.",
    completion: .file())
  var workerKeys: String?
  @Flag(help: "Listen beyond this machine without keys: neither encrypted nor authenticated.")
  var insecure = false

  func validate() throws {
    for (flag, port) in [("--port", port), ("--checkpoint-port", checkpointPort)] {
      if let port, !(0...65535).contains(port) {
        throw ValidationError("\(flag) \(port): a port is 0 to 65535")
      }
    }
    if let port, port != 0, port == checkpointPort {
      throw ValidationError("--port and --checkpoint-port are both \(port): give two different ones")
    }
    guard (key == nil) == (workerKeys == nil) else {
      throw ValidationError(
        "--key and --worker-keys go together: a key of its own, and the list of workers' keys")
    }
    if insecure, key != nil { throw ValidationError("--insecure and --key exclude each other") }
    guard insecure || key != nil || Endpoint(host: listen, port: 0).isLoopback else {
      throw ValidationError(CoordinatorError.insecureAddress(listen).description)
    }
  }

  var commandLine: [String] {
    var arguments = ["--listen", listen]
    if let port { arguments += ["--port", "\(port)"] }
    if let checkpointPort { arguments += ["--checkpoint-port", "\(checkpointPort)"] }
    if let key { arguments += ["--key", key] }
    if let workerKeys { arguments += ["--worker-keys", workerKeys] }
    if insecure { arguments.append("--insecure") }
    return arguments
  }

  /// - Throws: `KeyFileError`.
  func keys() throws -> CoordinatorKeys? {
    guard let key, let workerKeys else { return nil }
    let own = try KeyFile.keyPair(at: key)
    // So that a list that cannot be read is told before anything is begun.
    _ = try WorkerKeyFile(workerKeys).read()
    return CoordinatorKeys(
      own: own, file: URL(fileURLWithPath: key).path, workers: workerKeys)
  }
}

struct CoordinatorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coordinator",
    abstract: "Hand a sweep's trials out to workers and keep their results in a store.",
    discussion: """
      'strata run' starts one by itself. Started by hand it serves workers anywhere that can reach it. It may be
      stopped or killed at any time: started again on the same store it goes on, and workers reconnect.
      """)

  @OptionGroup var sweep: SweepArguments
  @Option(help: "The store to write, or go on with. (default: NAME.store)", completion: .file())
  var store: String?
  @OptionGroup var network: CoordinatorNetworkOptions
  @Flag(help: "End when no trial is left, rather than go on serving.")
  var exitWhenDone = false
  @Option(help: "Seconds without a heartbeat after which a worker's trial goes to another.")
  var lease = 30.0
  @Option(help: "Seconds between a worker's heartbeats. (default: a sixth of the lease)")
  var heartbeat: Double?
  @Flag(help: "Log warnings only, not every trial.")
  var quiet = false
  @Option(help: "Times in a row a trial's worker may be lost without progress before the trial is given up.")
  var losses = 3
  @Flag(help: .hidden)
  var stopWithStandardInput = false

  func validate() throws {
    try checkSeconds(lease, "--lease", atLeast: 1)
    if let heartbeat {
      try checkSeconds(heartbeat, "--heartbeat", atLeast: 0.1)
      guard heartbeat <= lease / 2 else {
        throw ValidationError(
          "--heartbeat \(heartbeat) with --lease \(lease): at most half of the lease, or trials are taken from workers "
            + "that are well")
      }
    }
    guard losses >= 1 else { throw ValidationError("--losses \(losses): at least 1") }
  }

  func run() throws {
    var options = CoordinatorOptions(
      program: ProgramVersion.current, logger: Logger.plain("coordinator", from: quiet ? .warning : .info))
    options.settings.logsTrials = !quiet
    options.address = network.listen
    options.allowInsecure = network.insecure
    options.keys = try network.keys()
    options.port = network.port
    options.checkpointPort = network.checkpointPort
    options.exitsWhenDone = exitWhenDone
    options.settings.lease = .seconds(lease)
    options.settings.heartbeat = .seconds(heartbeat ?? lease / 6)
    options.settings.losses = losses

    let (store, planned) = try openStore(&options)
    defer { try? store.close() }
    let service = try CoordinatorService(options: options, store: store, planned: planned)
    let signals = StopSignals(first: { service.stop() }, second: { leaveAtOnce(130) })
    defer { withExtendedLifetime(signals) {} }
    if stopWithStandardInput { whenStandardInputEnds { service.stop() } }
    try service.run()
  }

  /// The store, with the sweep in it; the sweep itself, of which there can be much, is let go of.
  private func openStore(
    _ options: inout CoordinatorOptions
  ) throws -> (store: Store, planned: [PlannedTrial]) {
    let expanded = try sweep.load()
    options.sweep = expanded.name
    let store = try Store.open(store ?? "\(expanded.name).store")
    try store.add(expanded)
    return (store, try PlannedTrial.all(of: expanded))
  }
}

extension Store {
  /// Adds a sweep's trials; those that are there already stay as they are.
  func add(_ sweep: Sweep) throws {
    let record = SweepRecord(
      name: sweep.name, description: sweep.description, source: sweep.source, created: Date())
    let trials = sweep.trials.map {
      NewTrial(id: $0.id, label: $0.label, json: $0.canonicalJSON, configuration: $0.configuration)
    }
    try write { try $0.addSweep(record, trials: trials) }
  }
}
