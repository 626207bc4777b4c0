public import SweepProtocol
internal import Sweeps

/// Executes trials for practice: nothing is trained, but everything is reported as a real trial reports it.
///
/// A trial's state is a hash carried from step to step, from which all it reports is drawn: one resumed from the
/// wrong place, or that takes a step twice, ends with other bits. Equal trials have equal bits, however interrupted.
public struct DrillRunner: TrialRunning {
  private let duration: Duration
  private let checkpointBytes: Int
  private let checkpointInterval: Duration

  /// - Parameters:
  ///   - duration: of a whole trial, spread evenly over its steps.
  ///   - checkpointBytes: size of a checkpoint; never less than its state needs.
  ///   - checkpointInterval: time between two checkpoints, also within an epoch.
  public init(duration: Duration, checkpointBytes: Int = 0, checkpointInterval: Duration) {
    self.duration = duration
    self.checkpointBytes = checkpointBytes
    self.checkpointInterval = checkpointInterval
  }

  /// What a drilling worker says its data sets are: every one there is, and none that a trained result is from, so
  /// that one store never holds both kinds.
  public static var fingerprints: [String: String] {
    Dictionary(
      uniqueKeysWithValues: DataSettings.Dataset.allCases.map {
        ($0.rawValue, sha256(Array("drill \($0.rawValue)".utf8)))
      })
  }

  public func run(
    _ assignment: Assignment, checkpoint: [UInt8]?, control: TrialControl, put: (TrialOutput) -> Void
  ) throws -> TrialEnding {
    try withoutActuallyEscaping(put) { put in
      try DrillExecution(
        assignment, checkpoint: checkpoint, duration: duration, checkpointBytes: checkpointBytes,
        checkpointInterval: checkpointInterval, control: control, put: put
      ).run()
    }
  }
}
