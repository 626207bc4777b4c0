import ArgumentParser
import Coordinator
import SweepProtocol
import Sweeps

struct Submit: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Add a sweep to a coordinator that runs, or to a store for the next one.",
    discussion: """
      Trials that the store has, of this sweep or any other, are not run again: so a sweep grows by submitting it
      with more in it. One that is interrupted is completed by submitting it again.

      EXAMPLES
        strata submit my-sweep.yaml results.store
        strata submit weight-initialization tcp://10.0.0.5:5555 --set seeds=5
      """)

  @OptionGroup var sweep: SweepArguments
  @OptionGroup var target: ControlTarget

  func run() throws {
    let expanded = try sweep.load()
    let receipt = try target.open { try SweepSubmission(expanded).send($0) }
    let known = receipt.received - receipt.added
    let parts = ["\(receipt.added) new"] + (known > 0 ? ["\(known) known, \(receipt.over) of them over"] : [])
    print(
      "\(expanded.name): \(receipt.received) \(receipt.received == 1 ? "trial" : "trials"), "
        + parts.joined(separator: ", "))
  }
}
