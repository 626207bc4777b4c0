public import SweepProtocol

/// A worker's side of the protocol: a pure state machine, without clock, chance, or input and output of its own.
public struct WorkerSession: Sendable {
  public let settings: WorkerSettings

  public init(_ settings: WorkerSettings, at now: Moment) {
    self.settings = settings
  }

  /// The first event is a `tick`, answered by `connect`.
  public mutating func handle(_ event: Event, at now: Moment) -> [Command] {
    []
  }
}
