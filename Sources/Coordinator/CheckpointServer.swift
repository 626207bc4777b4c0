internal import Crypto
internal import SweepProtocol

/// The checkpoint socket's side of the coordinator: uploads and downloads under way, and their files. Which of
/// them may be is the scheduler's to say; no sockets here.
struct CheckpointServer {
  enum Effect: Hashable {
    case reply(CheckpointReplyEnvelope, to: ConnectionID)
    case event(Scheduler.Event)
  }

  private struct Upload {
    let worker: String
    let attempt: AttemptID
    let descriptor: CheckpointDescriptor
    /// nil until the scheduler accepts it, and once it is published.
    var file: IncomingFile?
    var hash = SHA256()
    var received = 0
    var granted = 0
    var touched: Moment
  }
  private struct Download {
    let attempt: AttemptID
    let descriptor: CheckpointDescriptor
    var file: OutgoingFile?
    var checkpoint: StoredCheckpoint?
    /// Of what was sent.
    var hash = SHA256()
    var sent = 0
    var granted: Int
    var touched: Moment
  }

  /// Bytes under way for one transfer at most, either direction.
  static let window = 4 * CheckpointLimits.chunk
  /// A transfer without a word for this long is forgotten.
  static let patience = Duration.seconds(60)
  /// Transfers at a time; each may hold a file open.
  static let limit = 256

  private let directory: CheckpointDirectory
  private let largest: Int
  private var uploads: [TransferID: Upload] = [:]
  private var downloads: [TransferID: Download] = [:]
  private var files: UInt64 = 0

  init(directory: CheckpointDirectory, largest: Int) {
    self.directory = directory
    self.largest = largest
  }

  var count: Int { uploads.count + downloads.count }

  mutating func handle(
    _ envelope: CheckpointRequestEnvelope, from connection: ConnectionID, at now: Moment
  ) -> [Effect] {
    let id = TransferID(connection: connection, transfer: envelope.transfer)
    switch envelope.request {
    case .upload(let attempt, let descriptor):
      uploads[id] = nil
      if let refusal = refusal(of: descriptor, id) { return [refusal] }
      uploads[id] = Upload(worker: envelope.worker, attempt: attempt, descriptor: descriptor, touched: now)
      return [.event(.uploadOffered(attempt, descriptor, worker: envelope.worker, transfer: id))]
    case .chunk(let offset, let bytes):
      return receive(bytes, at: offset, id, now)
    case .download(let attempt, let descriptor, let credit):
      downloads[id] = nil
      if let refusal = refusal(of: descriptor, id) { return [refusal] }
      downloads[id] = Download(attempt: attempt, descriptor: descriptor, granted: credit, touched: now)
      return [.event(.downloadRequested(attempt, descriptor, worker: envelope.worker, transfer: id))]
    case .credit(let offset):
      guard downloads[id] != nil else { return [] }
      downloads[id]?.granted = offset
      downloads[id]?.touched = now
      return send(id)
    case .cancel:
      uploads[id] = nil
      downloads[id] = nil
      return []
    }
  }

  mutating func answer(_ answer: Scheduler.UploadAnswer, _ id: TransferID, at now: Moment) -> [Effect] {
    switch answer {
    case .accept:
      guard uploads[id] != nil else { return [] }
      do {
        files += 1
        uploads[id]?.file = try directory.create(number: files)
      } catch {
        uploads[id] = nil
        return [refuse(id, .storage, "the coordinator cannot write the checkpoint: \(error.reason)")]
      }
      return grant(id, now)
    case .stored:
      uploads[id] = nil
      return [reply(.stored, id)]
    case .refuse(let reason, let line):
      uploads[id] = nil
      return [refuse(id, reason, line)]
    }
  }

  mutating func answer(_ answer: Scheduler.DownloadAnswer, _ id: TransferID, at now: Moment) -> [Effect] {
    switch answer {
    case .accept(let checkpoint):
      guard downloads[id]?.descriptor == checkpoint.descriptor else { return [] }
      downloads[id]?.checkpoint = checkpoint
      do {
        downloads[id]?.file = try directory.read(checkpoint)
      } catch {
        if error.isDamage { return refuseDamaged(id, error.reason) }
        downloads[id] = nil
        return [refuse(id, .storage, "the coordinator cannot read the checkpoint: \(error.reason)")]
      }
      return send(id)
    case .refuse(let reason, let line):
      downloads[id] = nil
      return [refuse(id, reason, line)]
    }
  }

  mutating func forget(_ connection: ConnectionID) {
    uploads = uploads.filter { $0.key.connection != connection }
    downloads = downloads.filter { $0.key.connection != connection }
  }

  mutating func expire(at now: Moment) {
    uploads = uploads.filter { $0.value.touched.duration(to: now) < Self.patience }
    downloads = downloads.filter { $0.value.touched.duration(to: now) < Self.patience }
  }

  func delete(_ checkpoint: StoredCheckpoint) { directory.delete(checkpoint) }

  private func refusal(of descriptor: CheckpointDescriptor, _ id: TransferID) -> Effect? {
    if descriptor.size == 0 { return refuse(id, .corrupt, "a checkpoint without bytes") }
    if descriptor.size > largest {
      return refuse(
        id, .tooLarge, "a checkpoint of \(descriptor.size) bytes is larger than the \(largest) allowed")
    }
    return count < Self.limit ? nil : refuse(id, .storage, "\(Self.limit) transfers are under way; try again")
  }

  private mutating func receive(_ bytes: [UInt8], at offset: Int, _ id: TransferID, _ now: Moment) -> [Effect]
  {
    guard var upload = uploads.removeValue(forKey: id), let file = upload.file else {
      return [refuse(id, .disordered, "no upload of this number is under way")]
    }
    guard offset == upload.received, offset + bytes.count <= upload.granted else {
      let line =
        "bytes \(offset)..<\(offset + bytes.count) are not next, or beyond the credit of \(upload.granted)"
      return [refuse(id, .disordered, line)]
    }
    do {
      try file.append(bytes)
      upload.hash.update(data: bytes)
      upload.received += bytes.count
      upload.touched = now
      uploads[id] = upload
      return try complete(id) ?? grant(id, now)
    } catch {
      uploads[id] = nil
      return [refuse(id, .storage, "the coordinator cannot write the checkpoint: \(error.reason)")]
    }
  }

  /// Publishes the upload if its last byte is here.
  private mutating func complete(_ id: TransferID) throws(CheckpointDirectory.Failure) -> [Effect]? {
    guard let upload = uploads[id], let file = upload.file else { return nil }
    let descriptor = upload.descriptor
    guard upload.received == descriptor.size else { return nil }
    let digest = Self.digest(upload.hash)
    guard digest == descriptor.sha256 else {
      uploads[id] = nil
      let line =
        "the bytes received have SHA-256 \(digest.prefix(12)), not the \(descriptor.sha256.prefix(12)) announced"
      return [refuse(id, .corrupt, line)]
    }
    try directory.publish(file, as: StoredCheckpoint(attempt: upload.attempt, descriptor: descriptor))
    uploads[id]?.file = nil
    return [.event(.uploadReceived(upload.attempt, descriptor, worker: upload.worker, transfer: id))]
  }

  private mutating func grant(_ id: TransferID, _ now: Moment) -> [Effect] {
    guard let upload = uploads[id] else { return [] }
    let size = upload.descriptor.size
    guard upload.granted < size, upload.granted - upload.received <= Self.window / 2 else { return [] }
    let granted = min(size, upload.received + Self.window)
    uploads[id]?.granted = granted
    uploads[id]?.touched = now
    return [reply(.credit(granted), id)]
  }

  private mutating func send(_ id: TransferID) -> [Effect] {
    guard var download = downloads[id], let file = download.file else { return [] }
    let size = download.descriptor.size
    let end = min(size, download.granted, download.sent + Self.window)
    var effects: [Effect] = []
    do {
      while download.sent < end {
        let bytes = try file.bytes(at: download.sent, count: min(CheckpointLimits.chunk, end - download.sent))
        effects.append(reply(.chunk(offset: download.sent, bytes: bytes), id))
        download.hash.update(data: bytes)
        download.sent += bytes.count
      }
    } catch {
      downloads[id] = nil
      return [refuse(id, .storage, "the coordinator cannot read the checkpoint: \(error.reason)")]
    }
    downloads[id] = download
    guard download.sent == size else { return effects }
    guard Self.digest(download.hash) == download.descriptor.sha256 else {
      return refuseDamaged(id, "its bytes are not those that were uploaded")
    }
    downloads[id] = nil
    effects.append(reply(.done, id))
    return effects
  }

  private mutating func refuseDamaged(_ id: TransferID, _ why: String) -> [Effect] {
    guard let download = downloads.removeValue(forKey: id), let checkpoint = download.checkpoint else {
      return []
    }
    return [
      refuse(id, .corrupt, "the coordinator's copy of the checkpoint is damaged: \(why)"),
      .event(.checkpointDamaged(checkpoint, of: download.attempt, why)),
    ]
  }

  private static func digest(_ hash: SHA256) -> String {
    hash.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  private func reply(_ reply: CheckpointReply, _ id: TransferID) -> Effect {
    .reply(CheckpointReplyEnvelope(transfer: id.transfer, reply: reply), to: id.connection)
  }

  private func refuse(_ id: TransferID, _ reason: CheckpointRefusal, _ line: String) -> Effect {
    reply(.refused(reason, line), id)
  }
}
