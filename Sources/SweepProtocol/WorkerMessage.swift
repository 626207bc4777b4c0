public import Sweeps

/// A message from a worker on the message socket.
public struct WorkerEnvelope: Hashable, Sendable {
  /// UUID in lower case, fresh for every worker process (`WorkerIdentity`).
  public var worker: String
  /// Deliveries (`WorkerMessage.isDelivery`) are numbered 1, 2, 3, … per worker, sent again until acknowledged,
  /// and applied in that order exactly once. 0 for all other messages.
  public var sequence: UInt64
  public var message: WorkerMessage

  public init(worker: String, sequence: UInt64 = 0, message: WorkerMessage) {
    self.worker = worker
    self.sequence = sequence
    self.message = message
  }
}

public enum WorkerMessage: Hashable, Sendable {
  /// First on every connection, and whenever the coordinator asks (`identify`).
  case hello(WorkerHello)
  /// Every heartbeat interval, and at once when the worker falls idle.
  case heartbeat(WorkerHeartbeat)
  case snapshot(AttemptID, Snapshot)
  case finished(AttemptReport)
  case released(AttemptID, ReleaseReason)
  /// The worker leaves with nothing held and nothing unacknowledged. Not acknowledged itself.
  case goodbye

  /// Whether the message is numbered, kept until acknowledged, and applied exactly once.
  public var isDelivery: Bool {
    switch self {
    case .snapshot, .finished, .released: true
    case .hello, .heartbeat, .goodbye: false
    }
  }
}

public struct WorkerHello: Hashable, Sendable {
  /// The program's version, which must equal the coordinator's.
  public var program = ""
  /// A name for people; unique only by convention.
  public var name = ""
  public var host = ""
  public var pid = 0
  /// What numerics depend on, such as `AVX512_CORE_VNNI`.
  public var instructionSet = ""
  public var threads = 1
  /// Fingerprint (64 hexadecimal digits) of each data set the worker can train on, by the data set's name.
  public var datasets: [String: String] = [:]
  /// Grows with every hello and heartbeat of the worker, so that one overtaken by a later one is known.
  public var beat: UInt64 = 0
  /// Every delivery up to and including this sequence number is acknowledged.
  public var acknowledged: UInt64 = 0
  public var held: [HeldAttempt] = []
  /// The worker's wall clock when it said this, milliseconds since 1970; nil: it does not tell.
  public var clock: UInt64?

  public init() {}
}

public struct WorkerHeartbeat: Hashable, Sendable {
  /// As in `WorkerHello`.
  public var beat: UInt64 = 0
  /// Attempts running, and those whose last message is not yet acknowledged.
  public var held: [HeldAttempt] = []
  /// The worker is idle and not leaving.
  public var wantsTrial = false

  public init() {}
}

/// How an attempt came to its end.
public struct AttemptReport: Hashable, Sendable {
  public enum Ending: Hashable, Sendable {
    /// The trial has its result; the SHA-256 (hexadecimal) of the final weights.
    case result(TrialOutcome, weightsSHA256: String)
    /// An error, in one line for people.
    case failure(String)
  }
  public var attempt: AttemptID
  public var ending: Ending
  /// Of a failure: the error in full and where the trial was, in lines for people.
  public var detail = ""
  /// Wall seconds of this attempt.
  public var seconds = 0.0
  /// The implementation each layer's primitives run on.
  public var algorithms: [LayerAlgorithm] = []

  public init(_ attempt: AttemptID, _ ending: Ending) {
    self.attempt = attempt
    self.ending = ending
  }
}

/// Which implementation computed a layer, such as `winograd:jit_avx512_core`.
public struct LayerAlgorithm: Hashable, Sendable {
  /// Position in the network, from 0, and name.
  public var index: Int
  public var layer: String
  public var algorithm: String

  public init(index: Int, layer: String, algorithm: String) {
    self.index = index
    self.layer = layer
    self.algorithm = algorithm
  }
}

/// Why a worker gives an unfinished attempt back.
public enum ReleaseReason: String, Hashable, Sendable, CaseIterable {
  /// The machine asked for its place back.
  case preempted
  /// The worker was asked to stop.
  case stopping
  /// The coordinator asked for it (`drain`).
  case drained
  /// The attempt cannot go on from the checkpoint it was given, whole though that is.
  case unusableCheckpoint
}
