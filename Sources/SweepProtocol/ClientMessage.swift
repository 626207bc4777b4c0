/// A request on the message socket from one of `strata`'s commands.
public enum ClientRequest: Hashable, Sendable {
  case status
  /// Let every worker give back what it holds and leave, then end.
  case shutdown
  /// Put trials that were given up or cancelled back to pending.
  case retry(RetryChoice)
  /// Take these trials back, running ones too. Each is named by its label or the beginning of its id.
  case cancel([String])
  /// Hand out no more trials; those running go on.
  case pause
  case resume
  /// Have the worker of this name, or whose id begins so, give back what it holds and leave.
  case drain(String)
  case submit(SubmitPart)

  /// Trials that one request may name.
  public static let mostNames = NumberLimit.names
}

public enum RetryChoice: Hashable, Sendable {
  /// As `ClientRequest.cancel` names them.
  case trials([String])
  /// All that were given up: failed and quarantined ones.
  case all
  /// Those given up with an error on this host, which gets trials again if it was quarantined.
  case host(String)
}

public enum ClientReply: Hashable, Sendable {
  case status(ClusterStatus)
  case shuttingDown
  case refused(String)
  /// What was done, in one line.
  case done(String)
  case received(SubmitReceipt)
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
  /// No trials are handed out.
  public var paused = false
  /// By name.
  public var quarantinedHosts: [QuarantinedHost] = []
  /// The first of the failed and quarantined trials, in the order of the sweep.
  public var givenUp: [GivenUpTrial] = []

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
  public var quarantined = 0
  public var cancelled = 0

  public init() {}

  public var total: Int { pending + running + over }
  /// Trials that need no more work.
  public var over: Int {
    completed + diverged + vanished + stopped + failed + quarantined + cancelled
  }
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

/// A host that gets no trials.
public struct QuarantinedHost: Hashable, Sendable {
  public var host: String
  public var reason: String

  public init(host: String, reason: String) {
    self.host = host
    self.reason = reason
  }
}

/// A trial that is tried no more, and why.
public struct GivenUpTrial: Hashable, Sendable {
  public var trial: String
  public var label: String
  /// The same error came on two hosts; false: too many attempts failed.
  public var isQuarantined: Bool
  /// The last error in one line, and in full.
  public var line: String
  public var detail: String

  public init(trial: String, label: String, isQuarantined: Bool, line: String, detail: String) {
    self.trial = trial
    self.label = label
    self.isQuarantined = isQuarantined
    self.line = line
    self.detail = detail
  }
}
