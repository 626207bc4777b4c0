public import SweepProtocol

/// Who runs which trial: a pure state machine, without clock, chance, or input and output of its own.
///
/// The service round it turns what arrives into events and carries the commands out: it commits every `persist`
/// of a batch in one transaction, then does the rest. Equal events give equal commands.
public struct Scheduler: Sendable {
  public let settings: SchedulerSettings

  /// Takes up where the store's rows left off: attempts under way stay their workers' for one more lease.
  public init(_ settings: SchedulerSettings, restoring rows: SchedulerRestoration = .init(), at now: Moment) {
    self.settings = settings
  }

  public mutating func handle(_ event: Event, at now: Moment) -> [Command] {
    []
  }

  /// The sweep as it stands.
  public func status(at now: Moment) -> ClusterStatus {
    ClusterStatus()
  }
}
