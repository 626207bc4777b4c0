public import SweepProtocol

/// Constants of one worker process.
public struct WorkerSettings: Hashable, Sendable {
  /// UUID in lower case, fresh per process.
  public var worker: String
  /// What every hello says of the worker; `beat`, `acknowledged` and `held` are filled in.
  public var introduction: WorkerHello
  /// Seeds the jitter of the waits between connections.
  public var jitterSeed: UInt64
  /// Between heartbeats until a welcome says otherwise, and between hellos until a welcome comes.
  public var heartbeat = Duration.seconds(5)
  /// No answer for this long, and the connection is given up for a new one.
  public var silence = Duration.seconds(20)
  /// The wait before connection n, n = 1, 2, …, after one was lost: first·2ⁿ⁻¹, at most `longestWait`, times a
  /// random factor in 0.5 ..< 1.
  public var firstWait = Duration.milliseconds(500)
  public var longestWait = Duration.seconds(10)
  /// Deliveries not acknowledged this long are sent again.
  public var resend = Duration.seconds(10)
  /// Unacknowledged deliveries under way at a time.
  public var window = 16
  /// A checkpoint the coordinator could not store is offered again this often, and one it could not read asked for
  /// again, `longestWait` apart.
  public var transferRetries = 3
  /// Without a word from the coordinator for this long, the worker leaves.
  public var patience = Duration.seconds(86_400)
  /// After a request to stop, the worker leaves this long after it whatever is not yet acknowledged.
  public var stopDeadline = Duration.seconds(60)
  /// Longest time between two ticks.
  public var tick = Duration.milliseconds(250)

  public init(worker: String, introduction: WorkerHello, jitterSeed: UInt64) {
    self.worker = worker
    self.introduction = introduction
    self.jitterSeed = jitterSeed
  }
}
