import ArgumentParser
import Foundation

extension Bench {
  struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "coordinator",
      abstract: "How much a coordinator on this machine bears: trials, results, connections, checkpoints.",
      discussion: """
        Every measurement has a coordinator process with a store of its own, and processes of workers whose trials end
        at once, on the same cores. What counts is what the coordinator has committed to disk.

        EXAMPLES
          strata bench coordinator --quick
          strata bench coordinator trials results --json
          strata bench coordinator checkpoints --curve
        """)

    enum Load: String, CaseIterable, ExpressibleByArgument {
      case trials, results, connections, checkpoints, sweep
    }

    @Argument(
      help: "What to measure: \(Load.allCases.map(\.rawValue).joined(separator: ", ")). (default: all)")
    var loads: [Load] = []
    @Flag(help: "A fifth of the work, for a first impression.")
    var quick = false
    @Option(help: "Workers whose trials end at once.")
    var workers = 1000
    @Option(help: "Connected workers in 'connections'.")
    var connections = 10_000
    @Flag(help: "Encrypt and authenticate every connection, with keys made for it.")
    var curve = false
    @Option(help: "Folder on the disk that stores are to lie on.", completion: .directory)
    var folder: String?
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
      guard (1...20_000).contains(workers), (1...60_000).contains(connections) else {
        throw ValidationError(
          "--workers \(workers) --connections \(connections): 1 to 20000 and 1 to 60000 are possible")
      }
    }

    func run() throws {
      let bench = LoadBench(
        folder: folder.map { URL(fileURLWithPath: $0) } ?? FileManager.default.temporaryDirectory,
        share: quick ? 5 : 1, usesKeys: curve)
      var results: [LoadResult] = []
      for load in loads.isEmpty ? Load.allCases : loads {
        let result =
          switch load {
          case .trials: try bench.trials(workers: workers)
          case .results: try bench.results(workers: workers)
          case .connections: try bench.connections(quick ? connections / 5 : connections)
          case .checkpoints: try bench.checkpoints()
          case .sweep: try bench.sweep()
          }
        results.append(result)
        if !json { print(result.text) }
      }
      if json { print(try prettyJSON(results)) }
    }
  }
}

/// One measurement: its figures with their units, in order.
struct LoadResult: Encodable {
  struct Figure: Encodable {
    let name: String
    let value: Double
    let unit: String
  }
  let load: String
  private(set) var figures: [Figure] = []

  init(_ load: String) { self.load = load }

  mutating func add(_ name: String, _ value: Double, _ unit: String) {
    figures.append(Figure(name: name, value: value, unit: unit))
  }

  /// The first: what the load is about.
  var text: String {
    figures.reduce(into: "\(load)\n") { text, figure in
      let digits = abs(figure.value) < 10 && figure.value != figure.value.rounded() ? 3 : 0
      text += "  \(figure.name): \(fixed(figure.value, digits)) \(figure.unit)\n"
    }
  }
}
