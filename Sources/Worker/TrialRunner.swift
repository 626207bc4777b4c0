public import SweepProtocol
import Sweeps
import Training

/// Executes trials for real: training, quantization, statistics.
public struct TrialRunner: TrialRunning {
  private let datasets: DatasetLibrary
  private let checkpointInterval: Duration

  public init(datasets: DatasetLibrary, checkpointInterval: Duration) {
    self.datasets = datasets
    self.checkpointInterval = checkpointInterval
    Processor.returnLargeArrays()
  }

  public func run(
    _ assignment: Assignment, checkpoint: [UInt8]?, control: TrialControl, put: (TrialOutput) -> Void
  ) throws -> TrialEnding {
    try withoutActuallyEscaping(put) { put in
      try TrialExecution(
        trial: assignment.attempt.trial,
        configuration: TrialConfiguration(canonicalJSON: assignment.configuration),
        datasets: datasets, checkpoint: checkpoint, checkpointInterval: checkpointInterval, control: control,
        put: put
      ).run()
    }
  }
}
