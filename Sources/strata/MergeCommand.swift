import ArgumentParser
import ResultStore

/// `strata merge`: one store out of several.
struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Join stores into one.",
    discussion: """
      Trials that several stores hold must agree bit for bit. The inputs are only read, and may be in use by a \
      running coordinator.

      EXAMPLE
        strata merge monday.store tuesday.store -o both.store
      """)

  @Argument(help: "The stores to join.", completion: .file())
  var stores: [String]

  @Option(name: .shortAndLong, help: ArgumentHelp("The store to write.", valueName: "store"))
  var output: String

  @Flag(help: "Replace the output if it exists.")
  var force = false

  func run() throws {
    try StoreMerge.merge(inputs: stores, output: output, force: force)
    let merged = try Store.reading(output)
    let counts = try merged.read { try $0.counts() }
    try merged.close()
    let states = TrialState.allCases.compactMap { state in counts[state].map { "\($0) \(state.rawValue)" } }
    print("\(output): \(counts.values.reduce(0, +)) trials (\(states.joined(separator: ", ")))")
  }
}
