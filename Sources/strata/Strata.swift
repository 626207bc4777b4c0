import ArgumentParser
import Foundation
import OneDNN
import SweepProtocol

@main
struct Strata: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "strata",
    abstract:
      "Learn why a CNN loses accuracy when it is quantized, over hundreds of configurations and a cluster.",
    discussion: """
      A sweep file says which networks to train; a coordinator hands them out to
      workers on any number of machines; each worker trains a network, quantizes it
      to 8 bits, measures every layer, and sends the results back to one SQLite
      store.

      START HERE
        strata run quickstart --report quickstart.html
      """,
    version: ProgramVersion.current,
    subcommands: [],
    groupedSubcommands: [
      CommandGroup(
        name: "Sweeps", subcommands: [Run.self, SweepsCommand.self, Describe.self, DataCommand.self]),
      CommandGroup(
        name: "A cluster, part by part",
        subcommands: [
          CoordinatorCommand.self, WorkerCommand.self, Status.self, KeygenCommand.self, WorkersCommand.self,
        ]),
      CommandGroup(
        name: "A sweep under way",
        subcommands: [Submit.self, Pause.self, Resume.self, Cancel.self, Retry.self, Drain.self]),
      CommandGroup(name: "Results", subcommands: [Report.self, Export.self, Merge.self]),
      CommandGroup(name: "Speed", subcommands: [Bench.self]),
    ])

  static func main() {
    guard InstructionSet.isSufficient else {
      let message = "strata: this processor lacks AVX2, FMA or BMI2, which this program is compiled for\n"
      FileHandle.standardError.write(Data(message.utf8))
      Foundation.exit(1)
    }
    main(KeyArguments.protected(Array(CommandLine.arguments.dropFirst())))
  }
}
