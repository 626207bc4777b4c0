internal import Crypto
internal import Dispatch
internal import Foundation
internal import SweepProtocol
internal import Synchronization

/// A transfer's file: the transfer's number, fresh for each, and the trial whose checkpoint it is.
struct CheckpointFileID: Hashable, Sendable {
  var number: UInt64
  var trial: String
}

/// What a transfer asks of its file.
enum CheckpointTask: Hashable, Sendable {
  /// Begins a file for an upload.
  case create(StoredCheckpoint)
  /// Its next bytes. Answered by `written`.
  case append(ArraySlice<UInt8>)
  /// All bytes are here: makes them durable, and gives the file its name, if they have the hash announced. Answered by
  /// `published` or `mismatched`.
  case publish
  /// Opens a published file for a download.
  case open(StoredCheckpoint)
  /// Reads on, to this offset at most. Answered by `read`s, and `readWhole` after the last byte.
  case read(upTo: Int)
  /// Lets go of the file; one that is not published is gone then.
  case close
  /// Takes a published file away.
  case delete(StoredCheckpoint)
}

/// What has become of a transfer's file.
struct CheckpointReport: Hashable, Sendable {
  enum Outcome: Hashable, Sendable {
    /// So many bytes in all are hashed and written.
    case written(Int)
    /// The file is durable under its own name.
    case published
    /// The bytes have another SHA-256 than was announced.
    case mismatched(String)
    case read(offset: Int, bytes: [UInt8])
    /// All has been read, and is what was uploaded.
    case readWhole
    case failed(CheckpointDirectory.Failure)
  }
  var file: CheckpointFileID
  var outcome: Outcome
}

/// Queues that hash, write, sync and read the files of transfers, so that nothing else of a coordinator waits for a
/// disk. All of a trial's files are one queue's, which does what it is asked in order.
final class CheckpointFiles: Sendable {
  /// A queue that waits for the disk leaves the cores to the others.
  private static let queues = max(4, min(16, ProcessInfo.processInfo.activeProcessorCount))

  private let queues: [CheckpointQueue]

  /// - Parameter report: called on any thread.
  init(directory: CheckpointDirectory, report: @escaping @Sendable ([CheckpointReport]) -> Void) {
    queues = (0..<Self.queues).map { _ in CheckpointQueue(directory, report) }
  }

  func post(_ task: CheckpointTask, of file: CheckpointFileID) {
    queues[Int(UInt(bitPattern: file.trial.hashValue) % UInt(queues.count))].post(task, of: file)
  }

  /// Lets go of all files, once what is being done is, and what was to be deleted deleted.
  func stop() {
    for queue in queues { queue.stop() }
  }
}

private final class CheckpointQueue: @unchecked Sendable {
  // @unchecked: `files` is touched on the queue only.
  private enum File {
    case incoming(IncomingFile, StoredCheckpoint)
    case outgoing(OutgoingFile, StoredCheckpoint)
  }

  private let directory: CheckpointDirectory
  private let report: @Sendable ([CheckpointReport]) -> Void
  private let queue = DispatchQueue(label: "checkpoint files")
  private let inbox = Mutex<[(CheckpointTask, CheckpointFileID)]>([])
  private var files: [CheckpointFileID: File] = [:]

  init(_ directory: CheckpointDirectory, _ report: @escaping @Sendable ([CheckpointReport]) -> Void) {
    self.directory = directory
    self.report = report
  }

  func post(_ task: CheckpointTask, of file: CheckpointFileID) {
    let isFirst = inbox.withLock {
      $0.append((task, file))
      return $0.count == 1
    }
    if isFirst { queue.async { self.drain() } }
  }

  func stop() {
    inbox.withLock { inbox in
      inbox.removeAll { task, _ in if case .delete = task { false } else { true } }
    }
    queue.sync { files = [:] }
  }

  private func drain() {
    let tasks = inbox.withLock { inbox in
      defer { inbox = [] }
      return inbox
    }
    var reports: [CheckpointReport] = []
    var whole: [CheckpointFileID] = []
    for (task, file) in tasks {
      do throws(CheckpointDirectory.Failure) {
        if case .publish = task {
          // Together, after the bytes that others wait to have written.
          if case .incoming? = files[file] { whole.append(file) }
        } else {
          reports += try perform(task, file).map { CheckpointReport(file: file, outcome: $0) }
        }
      } catch {
        files[file] = nil
        reports.append(CheckpointReport(file: file, outcome: .failed(error)))
      }
    }
    if !reports.isEmpty { report(reports) }
    let published = publish(whole)
    if !published.isEmpty { report(published) }
  }

  private func perform(
    _ task: CheckpointTask, _ file: CheckpointFileID
  ) throws(CheckpointDirectory.Failure) -> [CheckpointReport.Outcome] {
    switch task {
    case .create(let checkpoint):
      files[file] = .incoming(try directory.create(number: file.number), checkpoint)
    case .append(let bytes):
      guard case .incoming(let incoming, _)? = files[file] else { return [] }
      try incoming.append(bytes)
      return [.written(incoming.count)]
    case .open(let checkpoint):
      files[file] = .outgoing(try directory.read(checkpoint), checkpoint)
    case .read(let end):
      guard case .outgoing(let outgoing, let checkpoint)? = files[file] else { return [] }
      var outcomes: [CheckpointReport.Outcome] = []
      while outgoing.offset < end {
        let offset = outgoing.offset
        outcomes.append(.read(offset: offset, bytes: try outgoing.next(upTo: end)))
      }
      guard outgoing.offset == checkpoint.descriptor.size else { return outcomes }
      guard outgoing.digest == checkpoint.descriptor.sha256 else {
        throw CheckpointDirectory.Failure("its bytes are not those that were uploaded", isDamage: true)
      }
      files[file] = nil
      return outcomes + [.readWhole]
    case .close: files[file] = nil
    case .delete(let checkpoint): directory.delete(checkpoint)
    case .publish: break
    }
    return []
  }

  /// The directory is synced once for all.
  private func publish(_ whole: [CheckpointFileID]) -> [CheckpointReport] {
    var reports: [CheckpointReport] = []
    var named: [CheckpointFileID] = []
    for file in whole {
      guard case .incoming(let incoming, let checkpoint)? = files.removeValue(forKey: file) else { continue }
      let digest = incoming.digest
      guard digest == checkpoint.descriptor.sha256 else {
        reports.append(CheckpointReport(file: file, outcome: .mismatched(digest)))
        continue
      }
      do throws(CheckpointDirectory.Failure) {
        try incoming.sync()
        try directory.name(incoming, as: checkpoint)
        named.append(file)
      } catch {
        reports.append(CheckpointReport(file: file, outcome: .failed(error)))
      }
    }
    guard !named.isEmpty else { return reports }
    let outcome: CheckpointReport.Outcome
    do throws(CheckpointDirectory.Failure) {
      try directory.sync()
      outcome = .published
    } catch {
      outcome = .failed(error)
    }
    return reports + named.map { CheckpointReport(file: $0, outcome: outcome) }
  }
}
