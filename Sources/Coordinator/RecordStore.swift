public import ResultStore
public import SweepProtocol

/// Where a coordinator keeps what must outlive it.
public protocol RecordStore: Sendable {
  /// The store's file; checkpoints and announcement lie beside it.
  var path: String { get }
  /// What a scheduler takes up from: the trials of the sweep and of all submitted ones, or all of the store's.
  ///
  /// - Parameter planned: the trials of `sweep`, all in order; none: they are to be read.
  func restoration(sweep: String?, planned: [PlannedTrial]) throws -> SchedulerRestoration
  /// Names of the checkpoint files of all its trials, of whichever sweep.
  func checkpointFiles() throws -> Set<String>
  /// Ports it was last served at.
  func ports() throws -> RecordedPorts?
  func record(_ ports: RecordedPorts) throws
  /// One transaction: all of the records are durable when this returns, or none are stored when it throws.
  ///
  /// - Throws: `RefusedRecord` where what a worker said of an attempt cannot be stored; any other error is the store's
  ///   own.
  func commit(_ records: [Record]) throws

  /// Adds or renews a sweep that comes in parts, each of them durable when its call returns.
  func beginSubmission(_ sweep: SubmittedSweep) throws
  /// The sweep's trials from position `offset` on; how many are new, and all of their rows.
  func submit(
    _ trials: [NewTrial], to sweep: String, at offset: Int
  ) throws -> (added: Int, rows: [SchedulerRestoration.Trial])
  /// All trials are here: what the sweep had before and has no more is taken from it.
  func endSubmission(of sweep: String) throws -> EndedSubmission
}

/// What follows from a sweep that is whole.
public struct EndedSubmission: Hashable, Sendable {
  /// For stopping its trials early, if it has one.
  public var rule: StoppingRule?
  /// Trials that neither it nor any other sweep has any more.
  public var withdrawn: [String]
}

extension RecordStore {
  public func restoration(sweep: String?) throws -> SchedulerRestoration {
    try restoration(sweep: sweep, planned: [])
  }
}

public struct RecordedPorts: Codable, Hashable, Sendable {
  public var messages: Int
  public var checkpoints: Int

  public init(messages: Int, checkpoints: Int) {
    self.messages = messages
    self.checkpoints = checkpoints
  }
}
