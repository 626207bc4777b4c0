import ArgumentParser
import Datasets
import Foundation
import Reporting
import ResultStore
import Sweeps
import Worker

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a sweep on this machine: a coordinator and its workers, to the end.",
    discussion: """
      Starts one coordinator and one worker a core as processes of their own, and shows their progress. Everything
      measured goes to one store. Interrupt it at any time: the same command goes on where it stopped. Workers on
      other machines may join (see --listen and 'strata worker').

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
    if !(checkpointInterval > 0) {
      throw ValidationError("--checkpoint-interval must be more than 0 seconds")
    }
  }

  func run() throws {
    let expanded = try sweep.load()
    let storeURL = URL(fileURLWithPath: store ?? "\(expanded.name).store")
    try requireData(expanded)
    try Store.open(storeURL.path).close()
    let count = workers ?? ProcessInfo.processInfo.activeProcessorCount
    let onTerminal = Terminal.isInteractive
    let logs = onTerminal ? try logFolder(beside: storeURL) : nil

    let supervisor = Supervisor(
      Supervisor.Plan(
        store: storeURL,
        coordinatorArguments: ["coordinator"] + sweep.commandLine + network.commandLine + [
          "--store", storeURL.path, "--exit-when-done", "--stop-with-standard-input",
        ],
        workerArguments: { endpoint, number in
          var arguments = [
            "worker", "--connect", endpoint, "--name", "local-\(number)", "--checkpoint-interval",
            "\(checkpointInterval)", "--stop-with-standard-input",
          ]
          if let data { arguments += ["--data", data] }
          return arguments
        },
        workers: min(count, max(expanded.trials.count, 1)), logs: logs))

    print(
      "\(expanded.name): \(expanded.trials.count) trials, \(count) workers, store \(storeURL.relativePath)")
    let view = onTerminal ? TerminalView() : nil
    let ending = try supervisor.run { endpoint in view?.update(from: endpoint) }
    view?.finish()
    try conclude(ending, storeURL, sweepName: expanded.name)
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

  private func logFolder(beside store: URL) throws -> URL {
    let folder = URL(fileURLWithPath: store.path + ".logs")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
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
    let failed = model.trials.filter { $0.status == .failed }
    if let first = failed.first {
      throw CommandError(
        "\(failed.count) of \(model.trials.count) trials failed; \(first.label): \(first.failure ?? "no reason known")"
      )
    }
  }
}
