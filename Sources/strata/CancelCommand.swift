import ArgumentParser
import SweepProtocol

struct Cancel: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take trials back, running ones too; 'strata retry' puts them back.",
    discussion: """
      Of a coordinator that runs, or of a store for the next one.

      EXAMPLE
        strata cancel results.store 3f09ab FactorizeNet-f16
      """)

  @OptionGroup var target: ControlTarget
  @Argument(help: "Trials: the beginning of an id, or a label.")
  var trials: [String]

  func validate() throws { try checkNames(trials) }

  func run() throws { try target.tell(.cancel(trials)) }
}
