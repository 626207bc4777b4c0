import ArgumentParser
import Dispatch
import Fleet
import Foundation
import SweepProtocol
import Training
import Worker

extension Bench {
  /// The other side of `bench coordinator`: many workers in one process.
  struct FleetCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "fleet", abstract: "Many workers whose trials end at once, to load a coordinator with.",
      shouldDisplay: false)

    @Argument(help: "The coordinator.")
    var connect: String
    @OptionGroup var keys: ClientKeyOptions
    @Option(help: "Workers, each with connections of its own.")
    var workers = 100
    @Option(help: "Threads that serve them.")
    var threads = 1
    @Flag(help: "Report every layer's statistics with each result.")
    var statistics = false
    @Option(help: "Bytes of the checkpoint uploaded before each result.")
    var checkpoint = 0

    func validate() throws {
      guard (1...100_000).contains(workers), (1...256).contains(threads) else {
        throw ValidationError(
          "--workers \(workers) --threads \(threads): 1 to 100000 and 1 to 256 are possible")
      }
      guard (0...CheckpointLimits.size).contains(checkpoint) else {
        throw ValidationError("--checkpoint \(checkpoint): 0 to \(CheckpointLimits.size) bytes are possible")
      }
    }

    func run() throws {
      var introduction = WorkerHello()
      introduction.datasets = DrillRunner.fingerprints
      introduction.instructionSet = Processor.arithmetic
      let fleet = try Fleet(
        endpoint: connect, keys: keys.load(), workers: workers, threads: threads, introduction: introduction,
        runner: NullRunner(statistics: statistics, checkpointBytes: checkpoint))
      // Whoever measures is done, or gone.
      whenStandardInputEnds { leaveAtOnce(130) }
      Task.detached {
        let failures = await fleet.run()
        Foundation.exit(failures == 0 ? 0 : 1)
      }
      dispatchMain()
    }
  }
}
