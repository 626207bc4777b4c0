import ArgumentParser
import Coordinator
import Datasets
import Foundation
import Reporting
import ResultStore
import Sweeps
import Worker
import ZeroMQ

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a sweep on this machine: a coordinator and its workers, to the end.",
    discussion: """
      Starts one coordinator and one worker a core as processes of their own, and shows their progress. Everything
      measured goes to one store. Interrupt it at any time: the same command goes on where it stopped. Workers on
      other machines may join (see --listen, --key and 'strata worker'); its own use the coordinator's key.

      EXAMPLES
        strata run quickstart
        strata run weight-initialization --data ~/cifar --set training.epochs=20
        strata run my-sweep.yaml --store results.store --report results.html
      """)

  @OptionGroup var sweep: SweepArguments
  @Option(
    help: "Folder that holds CIFAR-10 or CIFAR-100 in the official binary layout.", completion: .directory)
  var data: String?
  @Option(help: "The store to write, or go on with. (default: NAME.store)", completion: .file())
  var store: String?
  @Option(help: "Workers on this machine. (default: one for every core)")
  var workers: Int?
  @Option(help: "Also write the HTML report here at the end.", completion: .file(extensions: ["html"]))
  var report: String?
  @OptionGroup var network: CoordinatorNetworkOptions
  @Option(help: "Seconds between two checkpoints of a trial.")
  var checkpointInterval = 60.0

  func validate() throws {
    if let workers, workers < 1 { throw ValidationError("--workers \(workers): at least 1 is needed") }
    try checkSeconds(checkpointInterval, "--checkpoint-interval", atLeast: 0.01)
    if let report {
      let folder = URL(fileURLWithPath: report).deletingLastPathComponent().path
      guard FileManager.default.isWritableFile(atPath: folder) else {
        throw ValidationError("--report \(report): there is no folder \(folder) to write it to")
      }
    }
  }

  func run() throws {
    let expanded = try sweep.load()
    let keys = try network.keys()
    let storeURL = URL(fileURLWithPath: store ?? "\(expanded.name).store")
    try requireData(expanded)
    if try prepare(storeURL, for: expanded) == 0 {
      print("\(expanded.name): all \(expanded.trials.count) trials are in \(storeURL.relativePath)")
      return try conclude(.finished, storeURL, sweepName: expanded.name)
    }
    let onTerminal = Terminal.isInteractive
    let supervisor = Supervisor(
      plan(expanded, storeURL, keys, logs: onTerminal ? try logFolder(beside: storeURL) : nil))
    let view = onTerminal ? TerminalView(keys.map { .client($0.own, server: $0.own.publicKey) }) : nil
    let ending = try supervisor.run { endpoint in view?.update(from: endpoint) }
    view?.finish()
    try conclude(ending, storeURL, sweepName: expanded.name)
  }

  /// Adds the sweep to the store, and puts trials that failed back to be tried again.
  /// - Returns: trials that need work.
  private func prepare(_ storeURL: URL, for sweep: Sweep) throws -> Int {
    let store = try Store.open(storeURL.path)
    defer { try? store.close() }
    try store.add(sweep)
    let trials = try store.read { try $0.trials(sweep: sweep.name) }
    try store.write { batch in
      for trial in trials where trial.state == .failed {
        try batch.setTrialState(trial.id, .pending, failures: 0)
      }
    }
    return trials.count { !$0.state.isOver || $0.state == .failed }
  }

  private func plan(
    _ sweep: Sweep, _ storeURL: URL, _ keys: CoordinatorKeys?, logs: URL?
  ) -> Supervisor.Plan {
    let count = min(workers ?? ProcessInfo.processInfo.activeProcessorCount, sweep.trials.count)
    print("\(sweep.name): \(sweep.trials.count) trials, \(count) workers, store \(storeURL.relativePath)")
    return Supervisor.Plan(
      store: storeURL,
      coordinatorArguments: ["coordinator"] + self.sweep.commandLine + network.commandLine + [
        "--store", storeURL.path, "--exit-when-done", "--heartbeat", "1", "--stop-with-standard-input",
      ],
      workerArguments: { endpoint, number in
        var arguments = [
          "worker", "--connect", endpoint, "--name", "local-\(number)", "--checkpoint-interval",
          "\(checkpointInterval)", "--stop-with-standard-input",
        ]
        if let keys { arguments += ["--key", keys.file, "--coordinator-key=\(keys.own.publicKey)"] }
        if let data { arguments += ["--data", data] }
        return arguments
      },
      workers: count, logs: logs)
  }

  private func requireData(_ sweep: Sweep) throws {
    let needed = Set(sweep.trials.map(\.configuration.data.dataset)).subtracting([.synthetic])
    guard !needed.isEmpty else { return }
    let names = needed.map(\.rawValue).sorted()
    guard let data else {
      throw CommandError(
        "\(sweep.name) trains on \(names.joined(separator: " and ")): give its folder with --data DIR "
          + "('strata data fetch \(names[0])' downloads it)")
    }
    let found = try Dataset.all(in: URL(fileURLWithPath: data)).map(\.name)
    if let missing = names.first(where: { !found.contains($0) }) {
      throw CommandError(
        "\(data) holds \(found.joined(separator: " and ")), but \(sweep.name) trains on \(missing)")
    }
  }

  /// An empty folder for this run's logs.
  private func logFolder(beside store: URL) throws -> URL {
    let folder = URL(fileURLWithPath: store.path + ".logs")
    do {
      try? FileManager.default.removeItem(at: folder)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    } catch {
      throw CommandError(
        "cannot make the folder \(folder.path) for the processes' logs: \(error.localizedDescription)")
    }
    return folder
  }

  private func conclude(_ ending: Supervisor.Ending, _ storeURL: URL, sweepName: String) throws {
    if ending == .interrupted {
      print("stopped; the same command goes on from here")
      throw ExitCode(130)
    }
    let store = try Store.reading(storeURL.path)
    defer { try? store.close() }
    let model = try ReportModel(store: store, sweep: sweepName)
    print(ReportText.text(model), terminator: "")
    if let report {
      try ReportFile.write(ReportPage.html(model), to: report)
      print("\nreport: \(report)")
    }
    let failed = model.trials.filter(\.status.isGivenUp)
    if let first = failed.first {
      throw CommandError(
        "\(failed.count) of \(model.trials.count) trials failed; \(first.label): \(first.failure ?? "no reason known")"
      )
    }
  }
}
