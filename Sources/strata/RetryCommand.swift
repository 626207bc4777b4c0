import ArgumentParser
import SweepProtocol

struct Retry: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put trials that were given up back, to be tried again.",
    discussion: """
      Of a coordinator that runs, or of a store for the next one. A host that is quarantined gets trials again with
      --host.

      EXAMPLES
        strata retry results.store --all
        strata retry tcp://10.0.0.5:5555 FactorizeNet-f4
        strata retry results.store --host node7
      """)

  @OptionGroup var target: ControlTarget
  @Argument(help: "Trials: the beginning of an id, or a label. Cancelled ones too.")
  var trials: [String] = []
  @Flag(help: "All failed and quarantined trials.")
  var all = false
  @Option(help: "Trials given up with an error on this host; it gets trials again if it was quarantined.")
  var host: String?

  func validate() throws {
    guard (trials.isEmpty ? 0 : 1) + (all ? 1 : 0) + (host == nil ? 0 : 1) == 1 else {
      throw ValidationError("which trials? Name some, or give --all, or --host NAME: one of the three")
    }
    try checkNames(trials)
  }

  func run() throws { try target.tell(.retry(all ? .all : host.map { .host($0) } ?? .trials(trials))) }
}
