public import SweepProtocol
public import Sweeps

/// A peer's connection: the routing id its ROUTER socket gave it, fresh per connection.
public struct ConnectionID: Hashable, Sendable, Comparable {
  public var bytes: [UInt8]

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public static func < (a: ConnectionID, b: ConnectionID) -> Bool {
    a.bytes.lexicographicallyPrecedes(b.bytes)
  }
}

/// A checkpoint transfer as the checkpoint service knows it: who asked, under which number.
public struct TransferID: Hashable, Sendable {
  public var connection: ConnectionID
  public var transfer: UInt64

  public init(connection: ConnectionID, transfer: UInt64) {
    self.connection = connection
    self.transfer = transfer
  }
}

extension Scheduler {
  public enum Event: Hashable, Sendable {
    case message(WorkerEnvelope, from: ConnectionID)
    /// Bytes that are no worker's message of this protocol version.
    case unreadable(RefusalReason, String, from: ConnectionID)
    case request(ClientRequest, from: ConnectionID)
    /// The peer cannot be reached on this connection any more.
    case connectionLost(ConnectionID)
    /// Nothing of the file has been sent yet. Answered by `answerUpload`.
    case uploadOffered(AttemptID, CheckpointDescriptor, worker: String, transfer: TransferID)
    /// The file is whole, hashed and on disk under its own name. Answered by `answerUpload`.
    case uploadReceived(AttemptID, CheckpointDescriptor, worker: String, transfer: TransferID)
    /// Answered by `answerDownload`.
    case downloadRequested(AttemptID, CheckpointDescriptor, worker: String, transfer: TransferID)
    /// The stored file is not what was uploaded, so that the attempt cannot go on from it; why, in a few words.
    case checkpointDamaged(StoredCheckpoint, of: AttemptID, String)
    /// The store cannot hold what was told of the attempt, and why: nothing of its last batch is stored.
    case recordsRefused(AttemptID, String)
    /// New trials whose rows are in the store; those known already are left alone.
    case trialsAdded([PlannedTrial])
    /// Trials of a sweep as the store's rows have them; those known already are left alone.
    case trialsStored([SchedulerRestoration.Trial], sweep: String)
    /// All trials of the sweep are here; its rule for stopping some early takes the place of its former one.
    case sweepSubmitted(String, StoppingRule?)
    /// No sweep has these trials any more.
    case trialsWithdrawn([String])
    /// Workers whose ids begin so may not take part any more, for the reason given.
    case revoked(prefix: String, String)
    /// Comes every `SchedulerSettings.tick`, after the messages that have arrived.
    case tick
    case shutdownRequested
  }
}

/// A trial to run, in the order of the sweep.
public struct PlannedTrial: Hashable, Sendable {
  /// 64 hexadecimal digits.
  public var id: String
  public var label: String
  /// The name of the data set it trains on.
  public var dataset: String
  /// Canonical JSON.
  public var configuration: String
  /// What it costs: of what is pending the longest goes first.
  public var work: TrialWork

  public init(
    id: String, label: String, dataset: String, configuration: String, work: TrialWork = TrialWork()
  ) {
    self.id = id
    self.label = label
    self.dataset = dataset
    self.configuration = configuration
    self.work = work
  }
}
