public import Logging
public import ZeroMQ

/// How one coordinator process serves a store.
public struct CoordinatorOptions: Sendable {
  /// Runs this sweep's trials only; nil: all the store has.
  public var sweep: String?
  /// Address to listen on: of this machine, `localhost` for 127.0.0.1, `*` for all of them. Anything but loopback needs `allowInsecure`,
  /// because whoever can connect can then hand in results.
  public var address = "127.0.0.1"
  public var allowInsecure = false
  /// nil: the ports this store was last served at, if they are free, or else any. 0: any.
  public var port: Int?
  public var checkpointPort: Int?
  /// Ends once no trial is left to run; otherwise goes on serving workers and questions.
  public var exitsWhenDone = true
  /// Times and limits of the protocol; `coordinator`, `program`, `sweep` and `checkpointPort` are filled in.
  public var settings: SchedulerSettings
  /// Bytes of the longest checkpoint accepted.
  public var largestCheckpoint = 1 << 30
  public var socket = SocketOptions()
  public var logger: Logger

  /// - Parameter program: version of the program, which every worker must share.
  public init(program: String, logger: Logger) {
    settings = SchedulerSettings(coordinator: "", program: program)
    self.logger = logger
  }
}

/// Why a coordinator cannot begin.
public enum CoordinatorError: Error, Hashable, Sendable, CustomStringConvertible {
  case insecureAddress(String)
  case checkpointDirectory(path: String, reason: String)
  case announcement(path: String, reason: String)
  case noAnswer(endpoint: String, after: Duration)
  case unreadableAnswer(endpoint: String, reason: String)
  /// A request was refused, and why.
  case refused(String)

  public var description: String {
    switch self {
    case .insecureAddress(let address):
      "refusing to listen on \(address): connections are not authenticated; listen on 127.0.0.1 and tunnel, or "
        + "pass --insecure on a network you trust"
    case .checkpointDirectory(let path, let reason): "cannot keep checkpoints in \(path): \(reason)"
    case .announcement(let path, let reason): "cannot write \(path): \(reason)"
    case .noAnswer(let endpoint, let time):
      "no coordinator answered at \(endpoint) within \(time.components.seconds) s; is it running, and is that its address?"
    case .unreadableAnswer(let endpoint, let reason):
      "the coordinator at \(endpoint) cannot be understood: \(reason)"
    case .refused(let line): line
    }
  }
}
