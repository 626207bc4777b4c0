import ArgumentParser
import Networks
import Reporting
import Sweeps

struct Describe: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the layers of a sweep's networks: shapes, MACs, parameters and bytes.",
    discussion: """
      strata describe progressive-factorization
      strata describe --network factorization=depthwise batchNorm=false 'head=[64]'
      """)

  @Argument(help: "A shipped sweep's name (see 'strata sweeps') or a sweep file (YAML).")
  var sweep: String?

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Change a setting in every trial. May be repeated.", valueName: "key=value"))
  var overrides: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      "Settings of the network; without a sweep, of the thesis's regular network.", valueName: "key=value"))
  var network: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let loaded = try sweep.map { name in
      try Sweep.load(name, overrides: overrides + network.map { "network.\($0)" })
    }
    let described = try networks(of: loaded)
    if json {
      print(try prettyJSON(described))
    } else {
      print(described.map(\.text).joined(separator: "\n"), terminator: "")
      if let rule = loaded?.earlyStopping {
        print("\nearly stopping: \(rule.summary)")
      }
    }
  }

  /// Every network once, with the labels of the configurations that train it.
  private func networks(of sweep: Sweep?) throws -> [Described] {
    guard let sweep else {
      let changes = try network.map { try SettingOverride($0, in: "network") }
      if network.isEmpty, overrides.isEmpty {
        throw CommandError("give a sweep, a sweep file, or settings with --network")
      }
      let architecture = try Architecture().applying(try overrides.map { try SettingOverride($0) } + changes)
      return [try Described(architecture, labels: [networkLabel(architecture, Initialization())])]
    }
    var order: [Architecture] = []
    var labels: [Architecture: [String]] = [:]
    for trial in sweep.trials {
      let architecture = trial.configuration.network
      if labels[architecture] == nil { order.append(architecture) }
      if labels[architecture]?.contains(trial.label) != true {
        labels[architecture, default: []].append(trial.label)
      }
    }
    return try order.map { try Described($0, labels: labels[$0] ?? []) }
  }
}

private struct Described: Encodable {
  let configurations: [String]
  let network: NetworkSummary

  init(_ architecture: Architecture, labels: [String]) throws {
    configurations = labels
    network = NetworkSummary(try Network(architecture))
  }

  var text: String {
    var table = TextTable(
      columns: NetworkSummary.columns.enumerated().map { index, title in
        TextTable.Column(title, index == 0 ? .left : .right)
      })
    for row in network.cells { table.append(row) }
    let more = configurations.count > 4 ? ", and \(configurations.count - 3) more" : ""
    let shown = configurations.count > 4 ? configurations.prefix(3) : configurations[...]
    return shown.joined(separator: ", ") + more + "\n" + table.text
  }
}
