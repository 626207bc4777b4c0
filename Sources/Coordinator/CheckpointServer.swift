internal import SweepProtocol

/// The checkpoint socket's side of the coordinator: uploads and downloads under way. Which of them may be is the
/// scheduler's to say, and what becomes of their files `CheckpointFiles`'; no sockets and no files here.
struct CheckpointServer {
  enum Effect: Hashable {
    case reply(CheckpointReplyEnvelope, to: ConnectionID)
    case event(Scheduler.Event)
    case file(CheckpointTask, CheckpointFileID)
  }

  private struct Upload {
    enum Stage {
      /// Until the scheduler accepts it.
      case offered
      case receiving
      /// All bytes are here. It goes on without its connection: what is stored is stored.
      case publishing
    }
    let worker: String
    let attempt: AttemptID
    let descriptor: CheckpointDescriptor
    let file: CheckpointFileID
    var stage = Stage.offered
    var received = 0
    var written = 0
    var granted = 0
    var touched: Moment
  }
  private struct Download {
    let attempt: AttemptID
    let descriptor: CheckpointDescriptor
    let file: CheckpointFileID
    /// nil until the scheduler accepts it.
    var checkpoint: StoredCheckpoint?
    /// Bytes asked of the file.
    var asked = 0
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

  private let largest: Int
  private var uploads: [TransferID: Upload] = [:]
  private var downloads: [TransferID: Download] = [:]
  private var transferOf: [CheckpointFileID: TransferID] = [:]
  private var files: UInt64 = 0

  /// - Parameter largest: bytes of the longest checkpoint taken.
  init(largest: Int) { self.largest = largest }

  var count: Int { uploads.count + downloads.count }

  mutating func handle(
    _ envelope: CheckpointRequestEnvelope, from connection: ConnectionID, at now: Moment
  ) -> [Effect] {
    let id = TransferID(connection: connection, transfer: envelope.transfer)
    switch envelope.request {
    case .upload(let attempt, let descriptor):
      let closing = closeUpload(id)
      if uploads[id] != nil { return [refuse(id, .disordered, "this upload is whole already")] }
      if let refusal = refusal(of: descriptor, id) { return closing + [refusal] }
      uploads[id] = Upload(
        worker: envelope.worker, attempt: attempt, descriptor: descriptor, file: file(of: attempt, for: id),
        touched: now)
      return closing + [.event(.uploadOffered(attempt, descriptor, worker: envelope.worker, transfer: id))]
    case .chunk(let offset, let bytes):
      return receive(bytes, at: offset, id, now)
    case .download(let attempt, let descriptor, let credit):
      let closing = closeDownload(id)
      if let refusal = refusal(of: descriptor, id) { return closing + [refusal] }
      downloads[id] = Download(
        attempt: attempt, descriptor: descriptor, file: file(of: attempt, for: id), granted: credit,
        touched: now)
      return closing
        + [.event(.downloadRequested(attempt, descriptor, worker: envelope.worker, transfer: id))]
    case .credit(let offset):
      guard downloads[id] != nil else { return [] }
      downloads[id]?.granted = offset
      downloads[id]?.touched = now
      return read(id)
    case .cancel:
      return closeUpload(id) + closeDownload(id)
    }
  }

  mutating func answer(_ answer: Scheduler.UploadAnswer, _ id: TransferID, at now: Moment) -> [Effect] {
    guard let upload = uploads[id] else { return [] }
    switch answer {
    case .accept:
      guard upload.stage == .offered else { return [] }
      uploads[id]?.stage = .receiving
      let checkpoint = StoredCheckpoint(attempt: upload.attempt, descriptor: upload.descriptor)
      return [.file(.create(checkpoint), upload.file)] + grant(id, now)
    case .stored:
      forgetUpload(id)
      return [reply(.stored, id)]
    case .refuse(let reason, let line):
      forgetUpload(id)
      return [refuse(id, reason, line)]
    }
  }

  mutating func answer(_ answer: Scheduler.DownloadAnswer, _ id: TransferID, at now: Moment) -> [Effect] {
    switch answer {
    case .accept(let checkpoint):
      guard let download = downloads[id], download.checkpoint == nil,
        download.descriptor == checkpoint.descriptor
      else { return [] }
      downloads[id]?.checkpoint = checkpoint
      return [.file(.open(checkpoint), download.file)] + read(id)
    case .refuse(let reason, let line):
      return closeDownload(id) + [refuse(id, reason, line)]
    }
  }

  /// Takes note of what has become of a file. A report on one that has been let go of says nothing any more.
  mutating func handle(_ report: CheckpointReport, at now: Moment) -> [Effect] {
    guard let id = transferOf[report.file] else { return [] }
    switch report.outcome {
    case .written(let count):
      uploads[id]?.written = count
      uploads[id]?.touched = now
      return grant(id, now)
    case .published:
      guard let upload = uploads[id] else { return [] }
      return [.event(.uploadReceived(upload.attempt, upload.descriptor, worker: upload.worker, transfer: id))]
    case .mismatched(let digest):
      guard let upload = forgetUpload(id) else { return [] }
      let line =
        "the bytes received have SHA-256 \(digest.prefix(12)), "
        + "not the \(upload.descriptor.sha256.prefix(12)) announced"
      return [refuse(id, .corrupt, line)]
    case .read(let offset, let bytes):
      downloads[id]?.sent = offset + bytes.count
      return [reply(.chunk(offset: offset, bytes: bytes), id)]
    case .readWhole:
      forgetDownload(id)
      return [reply(.done, id)]
    case .failed(let failure): return fail(id, report.file, failure)
    }
  }

  private mutating func fail(
    _ id: TransferID, _ file: CheckpointFileID, _ failure: CheckpointDirectory.Failure
  ) -> [Effect] {
    if uploads[id]?.file == file {
      forgetUpload(id)
      return [refuse(id, .storage, "the coordinator cannot write the checkpoint: \(failure.reason)")]
    }
    guard let download = forgetDownload(id) else { return [] }
    guard failure.isDamage, let checkpoint = download.checkpoint else {
      return [refuse(id, .storage, "the coordinator cannot read the checkpoint: \(failure.reason)")]
    }
    return [
      refuse(id, .corrupt, "the coordinator's copy of the checkpoint is damaged: \(failure.reason)"),
      .event(.checkpointDamaged(checkpoint, of: download.attempt, failure.reason)),
    ]
  }

  mutating func forget(_ connection: ConnectionID) -> [Effect] {
    close { id, _ in id.connection == connection }
  }

  mutating func expire(at now: Moment) -> [Effect] {
    close { _, touched in touched.duration(to: now) >= Self.patience }
  }

  private mutating func close(where isOver: (TransferID, Moment) -> Bool) -> [Effect] {
    uploads.filter { isOver($0.key, $0.value.touched) }.keys.flatMap { closeUpload($0) }
      + downloads.filter { isOver($0.key, $0.value.touched) }.keys.flatMap { closeDownload($0) }
  }

  private func refusal(of descriptor: CheckpointDescriptor, _ id: TransferID) -> Effect? {
    if descriptor.size == 0 { return refuse(id, .corrupt, "a checkpoint without bytes") }
    if descriptor.size > largest {
      return refuse(
        id, .tooLarge, "a checkpoint of \(descriptor.size) bytes is larger than the \(largest) allowed")
    }
    return count < Self.limit ? nil : refuse(id, .storage, "\(Self.limit) transfers are under way; try again")
  }

  private mutating func file(of attempt: AttemptID, for id: TransferID) -> CheckpointFileID {
    files += 1
    let file = CheckpointFileID(number: files, trial: attempt.trial)
    transferOf[file] = id
    return file
  }

  @discardableResult
  private mutating func forgetUpload(_ id: TransferID) -> Upload? {
    guard let upload = uploads.removeValue(forKey: id) else { return nil }
    transferOf[upload.file] = nil
    return upload
  }

  @discardableResult
  private mutating func forgetDownload(_ id: TransferID) -> Download? {
    guard let download = downloads.removeValue(forKey: id) else { return nil }
    transferOf[download.file] = nil
    return download
  }

  /// Gives up an upload, unless it is whole.
  private mutating func closeUpload(_ id: TransferID) -> [Effect] {
    guard let upload = uploads[id], upload.stage != .publishing else { return [] }
    forgetUpload(id)
    return [.file(.close, upload.file)]
  }

  private mutating func closeDownload(_ id: TransferID) -> [Effect] {
    forgetDownload(id).map { [.file(.close, $0.file)] } ?? []
  }

  private mutating func receive(
    _ bytes: ArraySlice<UInt8>, at offset: Int, _ id: TransferID, _ now: Moment
  ) -> [Effect] {
    guard let upload = uploads[id], upload.stage == .receiving else {
      return closeUpload(id) + [refuse(id, .disordered, "no upload of this number is under way")]
    }
    let end = offset + bytes.count
    guard offset == upload.received, end <= upload.granted else {
      let line = "bytes \(offset)..<\(end) are not next, or beyond the credit of \(upload.granted)"
      return closeUpload(id) + [refuse(id, .disordered, line)]
    }
    uploads[id]?.received = end
    uploads[id]?.touched = now
    guard end == upload.descriptor.size else { return [.file(.append(bytes), upload.file)] }
    uploads[id]?.stage = .publishing
    return [.file(.append(bytes), upload.file), .file(.publish, upload.file)]
  }

  private mutating func grant(_ id: TransferID, _ now: Moment) -> [Effect] {
    guard let upload = uploads[id], upload.stage == .receiving else { return [] }
    let size = upload.descriptor.size
    guard upload.granted < size, upload.granted - upload.written <= Self.window / 2 else { return [] }
    let granted = min(size, upload.written + Self.window)
    uploads[id]?.granted = granted
    uploads[id]?.touched = now
    return [reply(.credit(granted), id)]
  }

  /// Has the file read as far as the worker's credit goes.
  private mutating func read(_ id: TransferID) -> [Effect] {
    guard let download = downloads[id], download.checkpoint != nil else { return [] }
    let end = min(download.descriptor.size, download.granted, download.sent + Self.window)
    guard end > download.asked else { return [] }
    downloads[id]?.asked = end
    return [.file(.read(upTo: end), download.file)]
  }

  private func reply(_ reply: CheckpointReply, _ id: TransferID) -> Effect {
    .reply(CheckpointReplyEnvelope(transfer: id.transfer, reply: reply), to: id.connection)
  }

  private func refuse(_ id: TransferID, _ reason: CheckpointRefusal, _ line: String) -> Effect {
    reply(.refused(reason, line), id)
  }
}
