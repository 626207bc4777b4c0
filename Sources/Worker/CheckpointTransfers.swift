internal import SweepProtocol

/// A worker's uploads and downloads under way on the checkpoint socket. Bytes in, messages out; no sockets here.
struct CheckpointTransfers {
  /// How a transfer ended, as the session is to be told; a download that is `done` has its bytes.
  struct Ended: Hashable {
    var event: WorkerSession.Event
    var attempt: AttemptID
    var downloaded: [UInt8]?
  }
  struct Outcome {
    var requests: [CheckpointRequestEnvelope] = []
    var ended: [Ended] = []
  }

  private struct Transfer {
    let attempt: AttemptID
    let descriptor: CheckpointDescriptor
    let isUpload: Bool
    /// The upload's, or what has come of the download.
    var bytes: [UInt8]
    /// Bytes sent, for an upload; granted, for a download.
    var offset = 0
    var touched: Moment
  }

  /// Bytes under way for a download at most.
  static let window = 4 * CheckpointLimits.chunk
  /// The coordinator says nothing of a transfer for this long: it has lost it.
  static let patience = Duration.seconds(30)

  private let worker: String
  private var transfers: [UInt64: Transfer] = [:]
  private var last: UInt64 = 0

  init(worker: String) { self.worker = worker }

  mutating func upload(
    _ attempt: AttemptID, _ descriptor: CheckpointDescriptor, _ bytes: [UInt8], at now: Moment
  ) -> Outcome {
    let id = add(
      Transfer(attempt: attempt, descriptor: descriptor, isUpload: true, bytes: bytes, touched: now))
    return Outcome(requests: [request(id, .upload(attempt, descriptor))])
  }

  mutating func download(_ attempt: AttemptID, _ descriptor: CheckpointDescriptor, at now: Moment) -> Outcome
  {
    var transfer = Transfer(
      attempt: attempt, descriptor: descriptor, isUpload: false, bytes: [], touched: now)
    transfer.offset = min(descriptor.size, Self.window)
    transfer.bytes.reserveCapacity(min(descriptor.size, 1 << 28))
    let id = add(transfer)
    return Outcome(requests: [request(id, .download(attempt, descriptor, credit: transfer.offset))])
  }

  mutating func handle(_ envelope: CheckpointReplyEnvelope, at now: Moment) -> Outcome {
    let id = envelope.transfer
    guard transfers[id] != nil else { return Outcome() }
    transfers[id]!.touched = now
    switch envelope.reply {
    case .credit(let granted): return Outcome(requests: chunks(id, upTo: granted))
    case .stored: return end(id, .done)
    // The coordinator lost count, by a restart for instance.
    case .refused(.disordered, _): return end(id, .interrupted)
    case .refused(let reason, let line): return end(id, .refused(reason, line))
    case .chunk(let offset, let bytes): return receive(bytes, at: offset, id)
    case .done: return complete(id)
    }
  }

  /// The connection is lost, and all of them with it.
  mutating func interrupt() -> Outcome {
    transfers.keys.sorted().reduce(into: Outcome()) { $0.ended += end($1, .interrupted).ended }
  }

  mutating func expire(at now: Moment) -> Outcome {
    let silent = transfers.filter { $0.value.touched.duration(to: now) >= Self.patience }.keys.sorted()
    return silent.reduce(into: Outcome()) { outcome, id in
      outcome.requests.append(request(id, .cancel))
      outcome.ended += end(id, .interrupted).ended
    }
  }

  /// Abandons the attempt's transfers, telling the coordinator but not the session.
  mutating func discard(_ attempt: AttemptID) -> Outcome {
    let ids = transfers.filter { $0.value.attempt == attempt }.keys.sorted()
    for id in ids { transfers[id] = nil }
    return Outcome(requests: ids.map { request($0, .cancel) })
  }

  private mutating func add(_ transfer: Transfer) -> UInt64 {
    last += 1
    transfers[last] = transfer
    return last
  }

  private mutating func chunks(_ id: UInt64, upTo granted: Int) -> [CheckpointRequestEnvelope] {
    guard var transfer = transfers[id], transfer.isUpload else { return [] }
    var requests: [CheckpointRequestEnvelope] = []
    let end = min(granted, transfer.bytes.count)
    while transfer.offset < end {
      let next = min(transfer.offset + CheckpointLimits.chunk, end)
      requests.append(
        request(id, .chunk(offset: transfer.offset, bytes: transfer.bytes[transfer.offset..<next])))
      transfer.offset = next
    }
    transfers[id] = transfer
    return requests
  }

  private mutating func receive(_ bytes: [UInt8], at offset: Int, _ id: UInt64) -> Outcome {
    let transfer = transfers[id]!
    guard !transfer.isUpload, offset == transfer.bytes.count, offset + bytes.count <= transfer.offset else {
      var outcome = end(id, .interrupted)
      outcome.requests.append(request(id, .cancel))
      return outcome
    }
    transfers[id]!.bytes += bytes
    let received = offset + bytes.count
    let size = transfer.descriptor.size
    guard transfer.offset < size, transfer.offset - received <= Self.window / 2 else { return Outcome() }
    transfers[id]!.offset = min(size, received + Self.window)
    return Outcome(requests: [request(id, .credit(transfers[id]!.offset))])
  }

  private mutating func complete(_ id: UInt64) -> Outcome {
    let transfer = transfers[id]!
    guard !transfer.isUpload, transfer.bytes.count == transfer.descriptor.size,
      sha256(transfer.bytes) == transfer.descriptor.sha256
    else { return end(id, .refused(.corrupt, "the bytes received are not those announced")) }
    return end(id, .done, downloaded: transfer.bytes)
  }

  private mutating func end(
    _ id: UInt64, _ how: WorkerSession.TransferEnd, downloaded: [UInt8]? = nil
  ) -> Outcome {
    guard let transfer = transfers.removeValue(forKey: id) else { return Outcome() }
    let event: WorkerSession.Event =
      transfer.isUpload
      ? .uploadEnded(transfer.attempt, transfer.descriptor, how) : .downloadEnded(transfer.attempt, how)
    return Outcome(ended: [Ended(event: event, attempt: transfer.attempt, downloaded: downloaded)])
  }

  private func request(_ id: UInt64, _ request: CheckpointRequest) -> CheckpointRequestEnvelope {
    CheckpointRequestEnvelope(worker: worker, transfer: id, request: request)
  }
}
