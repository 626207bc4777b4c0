import ArgumentParser
import Benchmarks
import Foundation
import Networks
import OneDNN
import Reporting
import Sweeps
import Training

struct Bench: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time a network on this machine, layer by layer, beside what the machine can do at most.",
    discussion: """
      strata bench                                          # training the thesis's regular network
      strata bench --network factorization=depthwise --integer
      strata bench throughput --threads 1 --json
      strata bench evaluation --threads 1                   # a snapshot's cost beside an epoch's
      strata bench augmentation --threads 1                 # does training wait for its images?
      strata bench coordinator --quick                      # trials, results and connections a coordinator bears
      """,
    subcommands: [
      Layers.self, Throughput.self, Evaluation.self, AugmentationCommand.self, Machine.self,
      Bench.CoordinatorCommand.self, FleetCommand.self,
    ], defaultSubcommand: Layers.self)

  struct Layers: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Where the time of a batch goes, pass by pass, with the code that computes it.")

    @OptionGroup var work: BenchArguments

    func run() throws {
      let workload = try work.workload()
      let peaks = try MachinePeaks(threads: workload.threads, seconds: min(work.seconds, 1))
      let result = try NetworkBenchmark(workload, seconds: work.seconds, peaks: peaks)
      print(work.json ? try prettyJSON(result) : result.text, terminator: work.json ? "\n" : "")
    }
  }

  struct Throughput: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Images per second alone, with this process's start and memory.")

    @OptionGroup var work: BenchArguments
    @Flag(
      help: "When all is ready, print a line and wait for one on standard input before measuring.")
    var paced = false

    func run() throws {
      let workload = try work.workload()
      let start = ThisProcess.age
      try workload.step()
      if paced {
        Terminal.write("ready\n", to: STDOUT_FILENO)
        guard readLine() != nil else { throw CommandError("standard input ended before the start") }
      }
      let speed = try workload.imagesPerSecond(seconds: work.seconds)
      let row = Row(imagesPerSecond: speed, secondsToFirstStep: start, peakMemory: ThisProcess.peakMemory)
      print(work.json ? try prettyJSON(row) : row.text)
    }

    private struct Row: Encodable {
      let imagesPerSecond: Spread
      let secondsToFirstStep: Double?
      let peakMemory: Int

      var text: String {
        let start = secondsToFirstStep.map { "; first step \(fixed($0, 2)) s after the process began" } ?? ""
        return "\(imagesPerSecond.text) images/s\(start); \(peakMemory / 1_000_000) MB resident at most"
      }
    }
  }

  struct Evaluation: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "What a snapshot's evaluation costs beside an epoch of training.",
      discussion: """
        An evaluation: 10,000 test images through the fp32 and the quantized network, all statistics of 1,024 \
        calibration images, and each quantizer's lone contribution on 64. An epoch: 50,000 images.
        """)

    @OptionGroup var network: NetworkArguments
    @Option(help: "Seconds to measure training and each inference.")
    var seconds = 3.0
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws { try checkSeconds(seconds, "--seconds", atLeast: 0) }

    func run() throws {
      let result = try EvaluationBenchmark(
        network.network(), threads: network.threadCount, seconds: seconds)
      print(json ? try prettyJSON(result) : result.text, terminator: json ? "\n" : "")
    }
  }

  struct AugmentationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "augmentation",
      abstract: "What augmentation costs a training, and how long training waits for its images.")

    @OptionGroup var network: NetworkArguments
    @Option(help: "Seconds to measure training, with augmented images and without.")
    var seconds = 3.0
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws { try checkSeconds(seconds, "--seconds", atLeast: 0) }

    func run() throws {
      let network = try network.network()
      guard network.architecture.inputSize == 32, network.architecture.inputChannels == 3 else {
        throw CommandError("only networks for images of 3 × 32 × 32 can be trained on augmented images here")
      }
      let result = try AugmentedTraining(
        network, batch: 128, threads: self.network.threadCount, seconds: seconds)
      print(json ? try prettyJSON(result) : result.text)
    }
  }

  struct Machine: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "This machine's peak arithmetic and memory bandwidth, and augmentation on one core.")

    @Option(help: "Threads of the peaks. (default: one a core)")
    var threads: Int?
    @Option(help: "Seconds for each figure.")
    var seconds = 1.0
    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
      try checkThreads(threads)
      try checkSeconds(seconds, "--seconds", atLeast: 0)
    }

    func run() throws {
      let result = Result(
        instructionSet: Processor.instructionSet, oneDNN: Engine.version,
        peaks: try MachinePeaks(threads: threads ?? coreCount, seconds: seconds),
        augmentedImagesPerSecond: try augmentationSpeed(seconds: seconds))
      print(json ? try prettyJSON(result) : result.text)
    }

    private struct Result: Encodable {
      let instructionSet: String
      let oneDNN: String
      let peaks: MachinePeaks
      let augmentedImagesPerSecond: Spread

      var text: String {
        """
        \(instructionSet), oneDNN \(oneDNN)
        \(peaks.text)
        augmentation on one thread: \(augmentedImagesPerSecond.text) images/s
        """
      }
    }
  }
}

/// The network that is timed, and by how many threads.
struct NetworkArguments: ParsableArguments {
  @Option(
    name: .customLong("network"), parsing: .upToNextOption,
    help: ArgumentHelp("Settings that differ from the thesis's regular network.", valueName: "key=value"))
  var changes: [String] = []
  @Option(help: "Threads. (default: one a core)")
  var threads: Int?

  func validate() throws { try checkThreads(threads) }

  var threadCount: Int { threads ?? coreCount }

  func network() throws -> Network {
    try Network(Architecture().applying(changes.map { try SettingOverride($0, in: "network") }))
  }
}

/// What is timed, and how.
struct BenchArguments: ParsableArguments {
  @OptionGroup var network: NetworkArguments
  @Flag(help: "Inference in fp32 instead of training.")
  var inference = false
  @Flag(help: "Inference in integers (uint8 × uint8).")
  var integer = false
  @Option(help: "Images in a batch. (default: 128 in training, 256 in inference)")
  var batch: Int?
  @Option(help: "Seconds to measure.")
  var seconds = 3.0
  @Flag(help: "Print JSON.")
  var json = false

  func validate() throws {
    guard !(inference && integer) else {
      throw ValidationError("--inference is fp32 and --integer is not: give one of them")
    }
    guard (1...8192).contains(batch ?? 1) else {
      throw ValidationError("--batch \(batch!): 1 to 8192 images can be timed")
    }
    try checkSeconds(seconds, "--seconds", atLeast: 0)
  }

  func workload() throws -> Workload {
    try Workload(
      network.network(), kind: integer ? .integer : inference ? .inference : .training,
      batch: batch ?? (integer || inference ? 256 : 128), threads: network.threadCount)
  }
}

private var coreCount: Int { ProcessInfo.processInfo.activeProcessorCount }

private func checkThreads(_ threads: Int?) throws {
  guard (1...1024).contains(threads ?? 1) else {
    throw ValidationError("--threads \(threads!): 1 to 1024 are possible")
  }
}
