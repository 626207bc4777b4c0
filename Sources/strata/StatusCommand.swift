import ArgumentParser
import Coordinator
import Foundation
import ZeroMQ
import Reporting
import ResultStore
import SweepProtocol

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show how a sweep stands: ask its coordinator, or read its store.",
    discussion: """
      Given a store it asks the coordinator that serves it, if one does; otherwise it says what the store holds.

      EXAMPLES
        strata status quickstart.store
        strata status tcp://10.0.0.5:5555 --json
        strata status tcp://10.0.0.5:5555 --key worker.key --coordinator-key coordinator.key.pub
      """)

  @Argument(help: "A store, or a coordinator's address (tcp://HOST:PORT).", completion: .file())
  var source: String
  @OptionGroup var keys: ClientKeyOptions
  @Flag(help: "As JSON.")
  var json = false

  func run() throws {
    let security = try keys.security()
    if source.contains("://") {
      try show(ask(source, security, timeout: .seconds(5)))
    } else if let announcement = Announcement.read(store: source), let endpoint = announcement.localEndpoint,
      let status = try? ask(
        endpoint.description, security ?? announcement.security(), timeout: .seconds(2))
    {
      try show(status)
    } else {
      let store = try Store.reading(source)
      defer { try? store.close() }
      let model = try ReportModel(store: store)
      print(json ? try ReportJSON(model).text : ReportText.text(model), terminator: "")
    }
  }

  private func ask(_ endpoint: String, _ security: CurveSecurity?, timeout: Duration) throws -> ClusterStatus
  {
    switch try StatusClient(endpoint: endpoint, security: security).request(.status, timeout: timeout) {
    case .status(let status): return status
    case .refused(let why): throw CommandError("the coordinator at \(endpoint) refused: \(why)")
    case .shuttingDown: throw CommandError("the coordinator at \(endpoint) is shutting down")
    }
  }

  private func show(_ status: ClusterStatus) throws {
    if json {
      print(try StatusJSON.text(status))
      return
    }
    print(status.sweep)
    for line in LiveView.lines(status, width: .max) { print(line) }
    guard !status.workers.isEmpty else { return }
    var table = TextTable(columns: [
      .init("worker", .left), .init("host", .left), .init("pid", .right), .init("instruction set", .left),
      .init("results", .right), .init("last heard", .right), .init("trial", .left),
    ])
    for worker in status.workers {
      table.append([
        worker.name, worker.host, "\(worker.pid)", worker.instructionSet, "\(worker.results)",
        worker.connected ? "\(LiveView.fixed(worker.silence, 1)) s" : "lost",
        worker.attempt.map { "\($0.trial.prefix(8)) #\($0.number)" } ?? "–",
      ])
    }
    print("\n" + table.text)
  }
}
