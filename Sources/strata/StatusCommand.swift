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
      try show(ask(LiveCoordinator(endpoint: source, security: security)))
    } else if let coordinator = LiveCoordinator(store: source, security: security),
      let status = try? ask(coordinator)
    {
      try show(status)
    } else {
      let store = try Store.reading(source)
      defer { try? store.close() }
      let model = try ReportModel(store: store)
      print(json ? try ReportJSON(model).text : ReportText.text(model), terminator: "")
      if !json {
        let rows = try store.restoration(sweep: nil)
        tellControls(
          paused: rows.paused,
          hosts: rows.quarantinedHosts.sorted { $0.key < $1.key }.map {
            QuarantinedHost(host: $0.key, reason: $0.value)
          })
      }
    }
  }

  private func ask(_ coordinator: LiveCoordinator) throws -> ClusterStatus {
    guard case .status(let status) = try coordinator.ask(.status) else {
      throw CommandError("the coordinator at \(coordinator.endpoint) does not tell its status")
    }
    return status
  }

  private func tellControls(paused: Bool, hosts: [QuarantinedHost]) {
    if paused { print("\npaused: no trials are handed out until 'strata resume'") }
    for host in hosts { print("\n" + "host \(host.host) is quarantined: \(host.reason)".onOneLine) }
  }

  private func show(_ status: ClusterStatus) throws {
    if json {
      print(try StatusJSON.text(status))
      return
    }
    print(status.sweep.onOneLine)
    for line in LiveView.lines(status, width: .max) { print(line) }
    tellControls(paused: status.paused, hosts: status.quarantinedHosts)
    for trial in status.givenUp {
      let name = "\(trial.label) (\(trial.trial.prefix(12)))"
      let state = trial.isQuarantined ? "quarantined" : "failed"
      print("\n" + ReportText.failure(name, state, trial.line, trial.detail), terminator: "")
    }
    if !status.workers.isEmpty { print("\n" + Self.table(of: status.workers)) }
  }

  static func table(of workers: [WorkerStatus]) -> String {
    var table = TextTable(columns: [
      .init("worker", .left), .init("id", .left), .init("host", .left), .init("pid", .right),
      .init("instruction set", .left),
      .init("results", .right), .init("last heard", .right), .init("trial", .left),
    ])
    for worker in workers {
      table.append([
        worker.name, String(worker.id.prefix(8)), worker.host, "\(worker.pid)", worker.instructionSet,
        "\(worker.results)",
        worker.connected ? "\(LiveView.fixed(worker.silence, 1)) s" : "lost",
        worker.attempt.map { "\($0.trial.prefix(8)) #\($0.number)" } ?? "–",
      ])
    }
    return table.text
  }
}
