internal import Networks
public import SweepProtocol
internal import Sweeps
public import Worker

/// Ends every trial at once, for load: completed, with made-up results of the size asked for.
public struct NullRunner: TrialRunning {
  private let snapshots: [Snapshot]
  private let algorithms: [LayerAlgorithm]
  private let checkpoint: [UInt8]

  public var isInstant: Bool { true }

  /// - Parameters:
  ///   - statistics: every result comes with a snapshot: all statistics of every layer of the thesis's depthwise
  ///     network (60 rows), its errors (20 rows) and its layers' algorithms.
  ///   - checkpointBytes: size of the checkpoint uploaded before each result; 0: none is.
  public init(statistics: Bool = false, checkpointBytes: Int = 0) throws {
    var architecture = Architecture()
    architecture.factorization = .depthwise
    let network = try Network(architecture)
    let drill = DrillStatistics(network)
    snapshots = statistics ? (0..<64).map { drill.snapshot(epoch: 0, seed: $0, draws: 1) } : []
    algorithms =
      statistics
      ? network.layers.enumerated().map { LayerAlgorithm(index: $0, layer: $1.name, algorithm: "null") } : []
    checkpoint = (0..<checkpointBytes).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 16) }
  }

  public func run(
    _ assignment: Assignment, checkpoint: [UInt8]?, control: TrialControl, put: (TrialOutput) -> Void
  ) throws -> TrialEnding {
    let trial = assignment.attempt.trial
    if !snapshots.isEmpty {
      put(.snapshot(snapshots[trial.utf8.reduce(0) { $0 &+ Int($1) } % snapshots.count]))
    }
    if !self.checkpoint.isEmpty { put(.checkpoint(CheckpointPosition(epoch: 1, step: 0), self.checkpoint)) }
    return .result(.completed, weightsSHA256: trial, algorithms)
  }
}
