/// A request on the message socket from `strata run` or `strata status`.
public enum ClientRequest: Hashable, Sendable {
  case status
  /// Let every worker give back what it holds and leave, then end.
  case shutdown
}

public enum ClientReply: Hashable, Sendable {
  case status(ClusterStatus)
  case shuttingDown
  case refused(String)
}

/// A sweep under way, as its coordinator sees it.
public struct ClusterStatus: Hashable, Sendable {
  public var sweep = ""
  public var counts = TrialCounts()
  /// Since the coordinator started, seconds.
  public var elapsed = 0.0
  /// Images trained a second, over all running trials.
  public var imagesPerSecond = 0.0
  /// Estimated seconds until the sweep's last trial ends; nil while unknown.
  public var secondsLeft: Double?
  public var workers: [WorkerStatus] = []
  public var running: [RunningTrial] = []
  /// Shutdown has been asked for.
  public var stopping = false

  public init() {}
}

public struct TrialCounts: Hashable, Sendable {
  public var pending = 0
  public var running = 0
  public var completed = 0
  public var diverged = 0
  public var vanished = 0
  public var stopped = 0
  public var failed = 0

  public init() {}

  public var total: Int { pending + running + over }
  /// Trials that need no more work.
  public var over: Int { completed + diverged + vanished + stopped + failed }
}

public struct WorkerStatus: Hashable, Sendable {
  public var id = ""
  public var name = ""
  public var host = ""
  public var pid = 0
  public var instructionSet = ""
  public var threads = 1
  /// Since its last message, seconds.
  public var silence = 0.0
  public var connected = false
  /// The attempt it runs, if any.
  public var attempt: AttemptID?
  /// Trials it has ended with a result.
  public var results = 0

  public init() {}
}

public struct RunningTrial: Hashable, Sendable {
  public var attempt: AttemptID
  public var label: String
  public var worker: String
  public var progress: TrialProgress

  public init(attempt: AttemptID, label: String, worker: String, progress: TrialProgress) {
    self.attempt = attempt
    self.label = label
    self.worker = worker
    self.progress = progress
  }
}
