public import Logging
public import ZeroMQ

/// How one coordinator process serves a store.
public struct CoordinatorOptions: Sendable {
  /// Runs this sweep's trials only; nil: all the store has.
  public var sweep: String?
  /// Address to listen on: of this machine, `localhost` for 127.0.0.1, `*` for all of them. Anything but loopback needs
  /// `keys` or `allowInsecure`, because without keys whoever can connect can hand in results.
  public var address = "127.0.0.1"
  public var allowInsecure = false
  /// Encrypts every connection, and lets in a list of workers only.
  public var keys: CoordinatorKeys? {
    didSet { socket.security = keys.map { .server($0.own) } }
  }
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

/// What a coordinator knows itself and its workers by.
public struct CoordinatorKeys: Hashable, Sendable {
  public var own: CurveKeyPair
  /// Absolute path of the file `own` is from.
  public var file: String
  /// Path of the `WorkerKeyFile`; a change of it takes effect within two seconds.
  public var workers: String

  public init(own: CurveKeyPair, file: String, workers: String) {
    self.own = own
    self.file = file
    self.workers = workers
  }
}

/// Why a coordinator cannot begin.
public enum CoordinatorError: Error, Hashable, Sendable, CustomStringConvertible {
  case insecureAddress(String)
  case checkpointDirectory(path: String, reason: String)
  case announcement(path: String, reason: String)
  case noAnswer(endpoint: String, after: Duration)
  /// The coordinator and this client do not come to talk, for the reason given.
  case handshake(endpoint: String, reason: String)
  case unreadableAnswer(endpoint: String, reason: String)
  /// A request was refused, and why.
  case refused(String)

  public var description: String {
    switch self {
    case .insecureAddress(let address):
      "refusing to listen on \(address) where anybody could connect: give --key and --worker-keys ('strata keygen', "
        + "'strata workers allow'), or listen on 127.0.0.1, or pass --insecure on a network you trust"
    case .checkpointDirectory(let path, let reason): "cannot keep checkpoints in \(path): \(reason)"
    case .announcement(let path, let reason): "cannot write \(path): \(reason)"
    case .noAnswer(let endpoint, let time):
      "no coordinator answered at \(endpoint) within \(time.components.seconds) s; is it running, and is that its address?"
    case .handshake(let endpoint, let reason): "the coordinator at \(endpoint) cannot be talked to: \(reason)"
    case .unreadableAnswer(let endpoint, let reason):
      "the coordinator at \(endpoint) cannot be understood: \(reason)"
    case .refused(let line): line
    }
  }
}
