/// Constants of one coordinator process.
public struct SchedulerSettings: Hashable, Sendable {
  /// UUID in lower case, fresh per process.
  public var coordinator: String
  /// The program's version, which every worker must share.
  public var program: String
  public var sweep = ""
  public var checkpointPort = 0
  public var lease = Duration.seconds(30)
  public var heartbeat = Duration.seconds(5)
  /// An attempt whose worker's connection is closed is the worker's for this long at most: a worker whose network
  /// blinked is back by then, one that died is not.
  public var grace = Duration.seconds(5)
  /// A worker that says nothing for this long, or for two and a half heartbeats if they take longer, shows as lost and
  /// gets no trial; what it holds stays its own until the lease ends.
  public var silence = Duration.milliseconds(12_500)
  /// Expected time between two ticks. A gap of more than two is the coordinator's own stall, which extends
  /// every lease.
  public var tick = Duration.milliseconds(250)
  /// A heartbeat that does not list an attempt assigned longer ago than this has it sent again …
  public var redelivery = Duration.seconds(10)
  /// … this many times, then the attempt is lost.
  public var redeliveries = 3
  /// An attempt whose `TrialProgress.work` stands still this long is hung: it has failed.
  public var hang = Duration.seconds(900)
  /// Failed attempts after which a trial is tried again; one more and the trial has failed.
  public var retries = 3
  /// A host where this many trials failed that failed nowhere else is quarantined, if there is another …
  public var hostFailures = 3
  /// … and at least half of this many attempts that ended there last were failures.
  public var hostAttempts = 10
  /// A trial this many of whose attempts in a row were lost, none having brought its checkpoint forward, has
  /// failed: it may well be what kills its workers.
  public var losses = 3
  /// Log when a trial begins and ends.
  public var logsTrials = true
  /// After a request to shut down, workers have this long to give back what they hold; longer than they take
  /// themselves (`WorkerSettings.stopDeadline`).
  public var shutdown = Duration.seconds(70)

  public init(coordinator: String, program: String) {
    self.coordinator = coordinator
    self.program = program
  }
}
