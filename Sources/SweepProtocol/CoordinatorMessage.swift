/// A message from the coordinator to a worker on the message socket.
public struct CoordinatorEnvelope: Hashable, Sendable {
  /// UUID in lower case, fresh for every coordinator process.
  public var coordinator: String
  /// The worker addressed.
  public var worker: String
  public var message: CoordinatorMessage

  public init(coordinator: String, worker: String, message: CoordinatorMessage) {
    self.coordinator = coordinator
    self.worker = worker
    self.message = message
  }
}

public enum CoordinatorMessage: Hashable, Sendable {
  case welcome(Welcome)
  /// The coordinator does not know the worker (it was restarted): say hello again.
  case identify
  /// The worker cannot take part, and should end with the line given.
  case refused(RefusalReason, String)
  case assign(Assignment)
  /// Every delivery up to and including this sequence number is committed, or refused by a `revoke`. Answers
  /// every delivery and every heartbeat.
  case acknowledge(UInt64)
  /// Drop the attempt: stop it, and send nothing more of it.
  case revoke(AttemptID, RevokeReason)
  /// Give back what is held, with a checkpoint, and leave.
  case drain
}

public struct Welcome: Hashable, Sendable {
  /// How long an attempt is the worker's without a heartbeat.
  public var lease: Duration
  public var heartbeat: Duration
  /// TCP port of the checkpoint socket on the coordinator's host.
  public var checkpointPort: Int
  /// Every delivery up to and including this sequence number is committed.
  public var acknowledged: UInt64

  public init(lease: Duration, heartbeat: Duration, checkpointPort: Int, acknowledged: UInt64) {
    self.lease = lease
    self.heartbeat = heartbeat
    self.checkpointPort = checkpointPort
    self.acknowledged = acknowledged
  }
}

public enum RefusalReason: String, Hashable, Sendable, CaseIterable {
  case protocolVersion
  case programVersion
  /// The worker's copy of a data set differs from the one the sweep's results are from.
  case dataset
  /// The message cannot be read.
  case malformed
  /// The worker's key is not allowed, or revoked.
  case keyNotAllowed
  /// The worker's id is bound to another key.
  case identity
  /// The worker's clock differs too much from the coordinator's.
  case clock
}

public struct Assignment: Hashable, Sendable {
  public var attempt: AttemptID
  /// For people.
  public var label: String
  /// The trial's configuration as canonical JSON; its SHA-256 is the trial's identity.
  public var configuration: String
  /// Where to go on from; nil: from the beginning.
  public var checkpoint: CheckpointDescriptor?

  public init(
    attempt: AttemptID, label: String, configuration: String, checkpoint: CheckpointDescriptor? = nil
  ) {
    self.attempt = attempt
    self.label = label
    self.configuration = configuration
    self.checkpoint = checkpoint
  }
}

public enum RevokeReason: String, Hashable, Sendable, CaseIterable {
  /// Another attempt at the trial is current, or the trial is over.
  case superseded
  /// The coordinator does not know the trial.
  case unknown
  /// The trial made no progress for too long.
  case hung
  /// A person took the trial back.
  case cancelled
  /// The sweep's rule ends the trial; what was measured so far is its result.
  case stopped
}
