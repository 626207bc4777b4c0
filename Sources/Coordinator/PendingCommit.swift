internal import Dispatch
internal import Synchronization

/// One transaction under way on a thread of its own, and what is to be done once it is durable.
final class PendingCommit: Sendable {
  /// Without the records.
  let commands: [Scheduler.Command]
  private let records: [Record]
  private let ended = DispatchSemaphore(value: 0)
  private let result = Mutex<Result<[Scheduler.Event], any Error>?>(nil)

  /// - Parameters:
  ///   - queue: serial; the transaction's thread.
  ///   - then: called there when the transaction has ended, well or not.
  init(
    _ records: [Record], in store: any RecordStore, on queue: DispatchQueue,
    before commands: [Scheduler.Command],
    then: @escaping @Sendable () -> Void
  ) {
    self.commands = commands
    self.records = records
    queue.async { [self] in
      let committed = Result { try store.commitAccepted(self.records) }
      result.withLock { $0 = committed }
      ended.signal()
      then()
    }
  }

  var hasEnded: Bool { result.withLock { $0 != nil } }

  /// Blocks until the transaction has ended; once.
  ///
  /// - Returns: what the scheduler is to be told first, see `commitAccepted`.
  /// - Throws: what the store threw.
  func wait() throws -> [Scheduler.Event] {
    ended.wait()
    return try result.withLock { $0 }?.get() ?? []
  }
}
