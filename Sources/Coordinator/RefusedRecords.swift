public import SweepProtocol

/// What a worker said of an attempt is nothing the store can hold.
public struct RefusedRecord: Error, Hashable, Sendable {
  public var attempt: AttemptID
  /// In a few words.
  public var reason: String

  public init(attempt: AttemptID, reason: String) {
    self.attempt = attempt
    self.reason = reason
  }
}

extension Record {
  /// The attempt whose worker chose what the record says, as far as a table could refuse it.
  var told: AttemptID? {
    switch self {
    case .snapshot(let attempt, _): attempt
    case .result(let report): report.attempt
    default: nil
    }
  }

  /// Whether it says what came of the attempt.
  func isOutcome(of attempt: AttemptID) -> Bool {
    switch self {
    case .snapshot(let other, _), .attemptEnded(let other, .result), .attemptEnded(let other, .stopped):
      other == attempt
    case .result(let report): report.attempt == attempt
    case .trialState(let trial, .completed, _, _), .trialState(let trial, .diverged, _, _),
      .trialState(let trial, .vanished, _, _), .trialState(let trial, .stopped, _, _):
      trial == attempt.trial
    default: false
    }
  }
}

extension RecordStore {
  /// Commits the records but for the outcomes of attempts of which the store refuses something: one worker's numbers
  /// must not stop the others' from being stored.
  ///
  /// - Returns: what the scheduler is to be told.
  /// - Throws: as `commit`, where the cause is the store's own: a full disk, for instance.
  func commitAccepted(_ records: [Record]) throws -> [Scheduler.Event] {
    var records = records
    var events: [Scheduler.Event] = []
    while !records.isEmpty {
      do {
        try commit(records)
        break
      } catch let refused as RefusedRecord {
        let count = records.count
        records.removeAll { $0.isOutcome(of: refused.attempt) }
        guard records.count < count else { throw refused }
        events.append(.recordsRefused(refused.attempt, refused.reason))
      }
    }
    return events
  }
}

extension Scheduler {
  /// The attempt has failed, whatever it came to in the batch that could not be stored.
  mutating func refuseRecords(of attempt: AttemptID, _ why: String, at now: Moment) {
    guard let position = positions[attempt.trial] else { return }
    let line = "its measurements cannot be stored: \(why)"
    guard trials[position].attempts == attempt.number, let worker = trials[position].worker else {
      log(.warning, "\(attempt): \(line)")
      return persist(.attemptEnded(attempt, .failed(line, detail: "")))
    }
    switch trials[position].state {
    case .running: break
    case .completed, .diverged, .vanished, .stopped:
      workers[worker]?.results -= 1
      reopen(position, at: now)
    case .pending:
      // It is not among those counted.
      if trials[position].isWithdrawn { counts.count(.pending) }
      reopen(position, at: now)
    case .failed, .quarantined, .cancelled: return
    }
    fail(position, line)
    if let connection = workers[worker]?.connection {
      send(.revoke(attempt, .superseded), to: worker, on: connection)
    }
  }
}
