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

  /// - Parameters:
  ///   - place: where the trial runs, for reports of failures.
  ///   - report: called on the trial's thread, in order; `finished`, `stopped` or `checkpointUnusable` last.
  static func start(
    _ assignment: Assignment, checkpoint: [UInt8]?, runner: any TrialRunning, place: String,
    report: @escaping @Sendable (Report) -> Void
  ) -> TrialThread {
    let trial = TrialThread(attempt: assignment.attempt)
    let thread = Thread { [control = trial.control] in
      report(execute(assignment, checkpoint, runner, control, place, report))
    }
    thread.name = "trial"
    thread.stackSize = stackBytes
    thread.start()
    return trial
  }

  /// Runs the trial on the calling thread, and returns when it is over.
  static func run(
    _ assignment: Assignment, checkpoint: [UInt8]?, runner: any TrialRunning, place: String,
    report: @escaping @Sendable (Report) -> Void
  ) {
    report(execute(assignment, checkpoint, runner, TrialControl(), place, report))
  }

  private static func execute(
    _ assignment: Assignment, _ checkpoint: [UInt8]?, _ runner: any TrialRunning, _ control: TrialControl,
    _ place: String, _ report: @Sendable (Report) -> Void
  ) -> Report {
    let attempt = assignment.attempt
    let began = ContinuousClock.now
    var last = TrialProgress()
    func ended(
      _ ending: AttemptReport.Ending, _ algorithms: [LayerAlgorithm] = [], detail: String = ""
    ) -> Report {
      var summary = AttemptReport(attempt, ending)
      summary.detail = detail
      summary.seconds = (ContinuousClock.now - began) / .seconds(1)
      summary.algorithms = algorithms
      return Report(event: .finished(summary))
    }
    do {
      let ending = try runner.run(assignment, checkpoint: checkpoint, control: control) { output in
        switch output {
        case .progress(let progress):
          last = progress
          report(Report(event: .progress(attempt, progress)))
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
    } catch let error as UnusableCheckpoint {
      return Report(event: .checkpointUnusable(attempt, error.description))
    } catch {
      let line = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
      return ended(.failure(line), detail: detail(of: error, at: last, place, assignment))
    }
  }

  /// What a person needs to find the error: it in full, and where the trial was.
  private static func detail(
    of error: any Error, at progress: TrialProgress, _ place: String, _ assignment: Assignment
  ) -> String {
    let start = assignment.checkpoint.map { "its checkpoint at \($0.position)" } ?? "the beginning"
    return """
      \(type(of: error)): \(error)
      while \(progress.phase.rawValue), epoch \(progress.epoch) of \(progress.epochs), step \(progress.step) of \
      \(progress.stepsPerEpoch); begun from \(start)
      \(assignment.attempt), \(assignment.label), on \(place)
      """
  }
}

/// 64 lower-case hexadecimal digits.
func sha256(_ bytes: [UInt8]) -> String {
  SHA256.hash(data: bytes).hexadecimal
}
