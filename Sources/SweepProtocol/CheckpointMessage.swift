/// A message from a worker on the checkpoint socket.
public struct CheckpointRequestEnvelope: Hashable, Sendable {
  public var worker: String
  /// Chosen by the worker, fresh for every upload or download; replies name it.
  public var transfer: UInt64
  public var request: CheckpointRequest

  public init(worker: String, transfer: UInt64, request: CheckpointRequest) {
    self.worker = worker
    self.transfer = transfer
    self.request = request
  }
}

public enum CheckpointRequest: Hashable, Sendable {
  /// Offers a checkpoint. Answered by `credit`, by `stored` if the coordinator has it already, or by `refused`.
  case upload(AttemptID, CheckpointDescriptor)
  /// Bytes at an offset, at most `CheckpointLimits.chunk`, in order, and never beyond the credit given.
  case chunk(offset: Int, bytes: ArraySlice<UInt8>)
  /// Asks for the checkpoint its assignment named. Answered by `chunk`s up to the credit, or by `refused`.
  case download(AttemptID, CheckpointDescriptor, credit: Int)
  /// The download may be sent up to this offset.
  case credit(Int)
  case cancel
}

/// A message from the coordinator on the checkpoint socket.
public struct CheckpointReplyEnvelope: Hashable, Sendable {
  public var transfer: UInt64
  public var reply: CheckpointReply

  public init(transfer: UInt64, reply: CheckpointReply) {
    self.transfer = transfer
    self.reply = reply
  }
}

public enum CheckpointReply: Hashable, Sendable {
  /// The upload may be sent up to this offset.
  case credit(Int)
  /// The upload's hash is checked, the file published, and its row committed.
  case stored
  case refused(CheckpointRefusal, String)
  case chunk(offset: Int, bytes: [UInt8])
  /// The download is whole: all its bytes have been sent.
  case done
}

public enum CheckpointRefusal: String, Hashable, Sendable, CaseIterable {
  /// The attempt is not the trial's current one.
  case superseded
  /// A later checkpoint is stored already.
  case outdated
  /// The bytes received do not have the size or the hash announced.
  case corrupt
  /// A chunk out of order, beyond its credit, or of a transfer the coordinator does not know: begin again.
  case disordered
  case tooLarge
  /// The coordinator could not write or read it (disk full, for instance).
  case storage
}

public enum CheckpointLimits {
  /// Bytes of one chunk at most.
  public static let chunk = 256 * 1024
  /// Bytes of one checkpoint at most.
  public static let size = 1 << 34
}
