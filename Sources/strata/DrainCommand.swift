import ArgumentParser
import SweepProtocol

struct Drain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Have a worker give its trial back with a checkpoint, and leave.",
    discussion: """
      Needs a coordinator that runs.

      EXAMPLE
        strata drain tcp://10.0.0.5:5555 node7-4711
      """)

  @OptionGroup var target: ControlTarget
  @Argument(help: "The worker: its name, or the beginning of its id ('strata status' shows both).")
  var worker: String

  func run() throws { try target.tell(.drain(worker)) }
}
