internal import GRDB

/// Where a trial stands.
public struct TrialStanding: Hashable, Sendable {
  public var state: TrialState
  /// Why it failed or was stopped.
  public var message: String?
  /// Attempts that ended in an error since it was last put back to pending.
  public var failures: Int

  public init(_ row: TrialRecord) {
    state = row.state
    message = row.message
    failures = row.failures
  }

  fileprivate init(_ state: TrialState, message: String?, failures: Int) {
    self.state = state
    self.message = message
    self.failures = failures
  }
}

extension StoreReader {
  /// Of every trial that is not as it was when it came, by its id.
  public func standings() throws -> [String: TrialStanding] {
    var standings: [String: TrialStanding] = [:]
    let layout = TableLayout("trial", ["id", "state", "message", "failures"])
    let rest = "WHERE state <> 'pending' OR message IS NOT NULL OR failures <> 0"
    for (id, standing) in try rows(
      layout, rest, [],
      { row in
        (
          try row.text(),
          TrialStanding(
            try row.word(TrialState.self), message: row.optionalText(), failures: try row.integer())
        )
      })
    {
      standings[id] = standing
    }
    return standings
  }
}
