public import SweepProtocol
public import Sweeps
internal import Synchronization

/// What executes trials for a worker, one at a time.
public protocol TrialRunning: Sendable {
  /// `run` takes no time worth a thread of its own: it is called on the thread that serves the connection.
  var isInstant: Bool { get }

  /// Runs one attempt to its end, or until `control` asks for another one, on the calling thread, which belongs to
  /// it until it returns.
  ///
  /// - Parameters:
  ///   - checkpoint: bytes of an earlier attempt's checkpoint to go on from; nil: from the beginning.
  ///   - control: to be looked at after every step.
  ///   - put: takes what the trial produces, in order, on the calling thread.
  /// - Throws: `UnusableCheckpoint`, before anything is put; else what makes the attempt a failure, whose description,
  ///   one line, is reported.
  func run(
    _ assignment: Assignment, checkpoint: [UInt8]?, control: TrialControl, put: (TrialOutput) -> Void
  ) throws -> TrialEnding
}

extension TrialRunning {
  public var isInstant: Bool { false }
}

/// What a trial produces on its way.
public enum TrialOutput: Sendable {
  case progress(TrialProgress)
  case snapshot(Snapshot)
  /// One at (e, 0) is put out after the snapshot of epoch e, if one is due: whoever goes on from it does not take
  /// that again.
  case checkpoint(CheckpointPosition, [UInt8])
}

public enum TrialEnding: Sendable, Hashable {
  /// The last checkpoint put out before holds the final weights.
  case result(TrialOutcome, weightsSHA256: String, [LayerAlgorithm])
  /// As asked by `TrialControl`; a checkpoint has been put out before, if that was asked for.
  case stopped
}

/// What others ask of a trial that is being run on its own thread.
public final class TrialControl: Sendable {
  public enum Request: Int, Sendable {
    case none
    /// End the step under way, put a checkpoint out if there is anything to keep, and stop.
    case checkpointAndStop
    /// Stop at once, keeping nothing.
    case cancel
  }
  private let value = Mutex(Request.none)

  public init() {}

  public var request: Request { value.withLock { $0 } }

  /// A stronger request is never taken back.
  public func ask(_ request: Request) {
    value.withLock { if request.rawValue > $0.rawValue { $0 = request } }
  }
}
