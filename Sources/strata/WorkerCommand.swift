import ArgumentParser
import Foundation
import Logging
import SweepProtocol
import Training
import Worker

struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Train, quantize and measure the trials a coordinator hands out.",
    discussion: """
      Start one for every core: a trial trains on one thread by default, and so many workers are faster than many
      threads. It reconnects by itself, and goes on training while the coordinator is away. SIGTERM makes it write a
      checkpoint, hand its trial back and end; a second SIGTERM ends it at once.

      It ends with status 3 when the coordinator will not have it: another version, other data, a wrong clock, a key
      that is revoked, or not let in for a minute. Give a coordinator that uses keys --key and --coordinator-key.
      """)

  @Option(help: ArgumentHelp("The coordinator.", valueName: "tcp://host:port"))
  var connect: String
  @OptionGroup var keys: ClientKeyOptions
  @Option(
    help: "Folder that holds CIFAR-10 or CIFAR-100 in the official binary layout.", completion: .directory)
  var data: String?
  @Option(help: "Name to show people. (default: HOST-PID)")
  var name: String?
  @Option(help: "Seconds between two checkpoints of a trial.")
  var checkpointInterval = 60.0
  @Option(help: "Seconds to go on trying while no coordinator answers.")
  var patience = 86_400.0
  @Flag(help: .hidden)
  var stopWithStandardInput = false
  /// Trains nothing: every trial is a synthetic one of so many milliseconds.
  @Option(help: .hidden)
  var drill: Int?
  /// Bytes of a synthetic trial's checkpoint.
  @Option(help: .hidden)
  var drillCheckpoint = 0

  func validate() throws {
    try checkSeconds(checkpointInterval, "--checkpoint-interval", atLeast: 0.01)
    try checkSeconds(patience, "--patience", atLeast: 1)
    if let drill, !(0...1_000_000_000).contains(drill) {
      throw ValidationError("--drill \(drill): 0 to 1000000000 milliseconds are possible")
    }
    guard (0...CheckpointLimits.size).contains(drillCheckpoint) else {
      throw ValidationError(
        "--drill-checkpoint \(drillCheckpoint): 0 to \(CheckpointLimits.size) bytes are possible")
    }
  }

  func run() throws {
    var introduction = WorkerHello()
    let runner: any TrialRunning
    if let drill {
      introduction.datasets = DrillRunner.fingerprints
      runner = DrillRunner(
        duration: .milliseconds(drill), checkpointBytes: drillCheckpoint,
        checkpointInterval: .seconds(checkpointInterval))
    } else {
      let datasets = try DatasetLibrary(directory: data.map { URL(fileURLWithPath: $0) })
      introduction.datasets = datasets.fingerprints
      runner = TrialRunner(datasets: datasets, checkpointInterval: .seconds(checkpointInterval))
    }
    introduction.instructionSet = Processor.arithmetic
    if let name { introduction.name = name }
    var options = try WorkerOptions(
      endpoint: connect, introduction: introduction, runner: runner,
      logger: Logger.plain(name ?? "worker"))
    if let (own, coordinator) = try keys.load() { options.use(own, coordinator: coordinator) }
    options.patience = .seconds(patience)
    let service = try WorkerService(options: options)
    let signals = StopSignals(first: { service.stop() }, second: { leaveAtOnce(130) })
    if stopWithStandardInput { whenStandardInputEnds { service.stop() } }
    let ending = withExtendedLifetime(signals) { service.run() }
    // A trial that was taken back may be in the middle of a step still: `exit` would unload beneath it the code that
    // oneDNN has made for it.
    leaveAtOnce(ending.status)
  }
}
