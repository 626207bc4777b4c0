/// Where a coordinator keeps what must outlive it.
public protocol RecordStore: Sendable {
  /// The store's file; checkpoints and announcement lie beside it.
  var path: String { get }
  /// What a scheduler takes up from: the sweep's trials, or all of the store's.
  func restoration(sweep: String?) throws -> SchedulerRestoration
  /// Names of the checkpoint files of all its trials, of whichever sweep.
  func checkpointFiles() throws -> Set<String>
  /// Ports it was last served at.
  func ports() throws -> RecordedPorts?
  func record(_ ports: RecordedPorts) throws
  /// One transaction: all of the records are durable when this returns, or none are stored when it throws.
  func commit(_ records: [Record]) throws
}

public struct RecordedPorts: Codable, Hashable, Sendable {
  public var messages: Int
  public var checkpoints: Int

  public init(messages: Int, checkpoints: Int) {
    self.messages = messages
    self.checkpoints = checkpoints
  }
}
