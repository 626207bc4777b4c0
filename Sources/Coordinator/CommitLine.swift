internal import Dispatch
internal import Synchronization

/// Transactions one after another on a thread of their own. While one is under way, what is to follow gathers for the
/// next, which begins as soon as that has ended.
///
/// All but the transactions themselves is one thread's to call.
final class CommitLine: Sendable {
  /// How much led to what is committed together.
  struct Weight {
    var messages = 0
    var bytes = 0

    /// Enough to share a transaction, little enough to be answered soon.
    static let most = Weight(messages: 2048, bytes: 4 << 20)

    var isFull: Bool { messages >= Self.most.messages || bytes >= Self.most.bytes }
  }

  /// What has become of transactions.
  struct Ended {
    /// What the scheduler is to be told first, see `commitAccepted`.
    var events: [Scheduler.Event] = []
    /// What may be done now, in its order.
    var commands: [Scheduler.Command] = []
  }

  private struct Batch {
    var records: [Record] = []
    /// What may be done once the records are durable.
    var commands: [Scheduler.Command] = []
    var weight = Weight()
    let end = DispatchSemaphore(value: 0)
  }

  private struct State {
    var gathering = Batch()
    var committing: Batch?
    var ended = Ended()
    var failure: (any Error)?

    /// What gathered is committed next, or may be done at once if it changes nothing.
    mutating func begin() {
      guard committing == nil, failure == nil else { return }
      let batch = gathering
      gathering = Batch()
      if batch.records.isEmpty {
        ended.commands += batch.commands
      } else {
        committing = batch
      }
    }

    mutating func end(_ result: Result<[Scheduler.Event], any Error>) {
      guard let batch = committing else { return }
      committing = nil
      switch result {
      case .success(let events):
        ended.commands += batch.commands
        ended.events += events
        gathering.records.removeAll(where: isRefused)
        begin()
      case .failure(let error): failure = error
      }
      batch.end.signal()
    }

    /// Whether it is an outcome of an attempt of which the store refused something that the scheduler does not know of.
    func isRefused(_ record: Record) -> Bool {
      ended.events.contains {
        if case .recordsRefused(let attempt, _) = $0 { record.isOutcome(of: attempt) } else { false }
      }
    }
  }

  private let state = Mutex(State())
  private let store: any RecordStore
  private let queue = DispatchQueue(label: "commits")
  private let whenEnded: @Sendable () -> Void

  /// - Parameter whenEnded: called after each transaction, on its thread.
  init(_ store: any RecordStore, whenEnded: @escaping @Sendable () -> Void) {
    self.store = store
    self.whenEnded = whenEnded
  }

  /// Takes what the scheduler asks for. Nothing is done before all is durable that was to be committed up to there.
  ///
  /// - Parameter weight: of what led to it.
  func add(_ commands: [Scheduler.Command], _ weight: Weight) {
    let begins = state.withLock { state in
      for command in commands {
        guard case .persist(let record) = command else {
          state.gathering.commands.append(command)
          continue
        }
        if !state.isRefused(record) { state.gathering.records.append(record) }
      }
      state.gathering.weight.messages += weight.messages
      state.gathering.weight.bytes += weight.bytes
      guard state.committing == nil else { return false }
      state.begin()
      return state.committing != nil
    }
    if begins { queue.async { [self] in commitAll() } }
  }

  /// What has become possible since the last call.
  ///
  /// - Throws: what the store threw. Nothing is committed after that.
  func takeEnded() throws -> Ended {
    try state.withLock { state in
      if let failure = state.failure { throw failure }
      defer { state.ended = Ended() }
      return state.ended
    }
  }

  /// As much gathers as should be committed together.
  var isFull: Bool { state.withLock { $0.gathering.weight.isFull } }

  /// Nothing is under way, and nothing has become possible that was not taken.
  var isIdle: Bool {
    state.withLock {
      $0.committing == nil && $0.failure == nil && $0.ended.commands.isEmpty && $0.ended.events.isEmpty
    }
  }

  /// Blocks until the transaction under way has ended.
  ///
  /// - Returns: false if there is none.
  @discardableResult
  func wait() -> Bool {
    guard let end = state.withLock({ $0.committing?.end }) else { return false }
    end.wait()
    end.signal()
    return true
  }

  private func commitAll() {
    while let records = state.withLock({ $0.committing?.records }) {
      let result = Result { try store.commitAccepted(records) }
      state.withLock { $0.end(result) }
      whenEnded()
    }
  }
}
