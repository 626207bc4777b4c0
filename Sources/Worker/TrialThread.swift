internal import Crypto
internal import Foundation
internal import SweepProtocol

/// A trial under way on a thread of its own, whose reports come back as `WorkerSession.RunnerEvent`s.
struct TrialThread {
  let attempt: AttemptID
  let control = TrialControl()

  /// What the thread reports; a checkpoint's bytes stay with the worker until they are uploaded.
  struct Report: Sendable {
    var event: WorkerSession.RunnerEvent
    var bytes: [UInt8]?
  }

  /// Convolutions and statistics keep large frames; the system's 8 MiB for a main thread serve them.
  private static let stackBytes = 16 << 20

  /// - Parameter report: called on the trial's thread, in order; `finished` or `stopped` last.
  static func start(
    _ assignment: Assignment, checkpoint: [UInt8]?, runner: any TrialRunning,
    report: @escaping @Sendable (Report) -> Void
  ) -> TrialThread {
    let trial = TrialThread(attempt: assignment.attempt)
    let thread = Thread { [control = trial.control] in
      report(execute(assignment, checkpoint, runner, control, report))
    }
    thread.name = "trial"
    thread.stackSize = stackBytes
    thread.start()
    return trial
  }

  /// Runs the trial on the calling thread, and returns when it is over.
  static func run(
    _ assignment: Assignment, checkpoint: [UInt8]?, runner: any TrialRunning,
    report: @escaping @Sendable (Report) -> Void
  ) {
    report(execute(assignment, checkpoint, runner, TrialControl(), report))
  }

  private static func execute(
    _ assignment: Assignment, _ checkpoint: [UInt8]?, _ runner: any TrialRunning, _ control: TrialControl,
    _ report: @Sendable (Report) -> Void
  ) -> Report {
    let attempt = assignment.attempt
    let began = ContinuousClock.now
    func ended(_ ending: AttemptReport.Ending, _ algorithms: [LayerAlgorithm] = []) -> Report {
      var summary = AttemptReport(attempt, ending)
      summary.seconds = (ContinuousClock.now - began) / .seconds(1)
      summary.algorithms = algorithms
      return Report(event: .finished(summary))
    }
    do {
      let ending = try runner.run(assignment, checkpoint: checkpoint, control: control) { output in
        switch output {
        case .progress(let progress): report(Report(event: .progress(attempt, progress)))
        case .snapshot(let snapshot): report(Report(event: .snapshot(attempt, snapshot)))
        case .checkpoint(let position, let bytes):
          let descriptor = CheckpointDescriptor(position: position, size: bytes.count, sha256: sha256(bytes))
          report(Report(event: .checkpoint(attempt, descriptor), bytes: bytes))
        }
      }
      switch ending {
      case .result(let outcome, let hash, let algorithms):
        return ended(.result(outcome, weightsSHA256: hash), algorithms)
      case .stopped: return Report(event: .stopped(attempt))
      }
    } catch {
      let line = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
      return ended(.failure(line))
    }
  }
}

/// 64 lower-case hexadecimal digits.
func sha256(_ bytes: [UInt8]) -> String {
  SHA256.hash(data: bytes).hexadecimal
}
