internal import GRDB

/// A sweep that comes in parts, each a transaction of its own. What is interrupted leaves a sweep that has all its
/// former trials and some of the new ones; submitting it again completes it.
extension StoreBatch {
  /// Adds or renews the sweep, for every coordinator of the store to run. Until `endSubmission`, the trials it had
  /// stay its own.
  public func beginSubmission(_ sweep: SweepRecord) throws {
    try execute(
      """
      INSERT INTO sweep (name, description, source, created, submitted) VALUES (?, ?, ?, ?, 1)
      ON CONFLICT (name) DO UPDATE SET description = excluded.description, source = excluded.source, submitted = 1
      """, [sweep.name, sweep.description, sweep.source, Timestamp.text(sweep.created)])
    // Positions below zero: not seen again yet.
    try execute(
      "UPDATE sweep_trial SET position = -1 - position WHERE sweep = ? AND position >= 0", [sweep.name])
  }

  /// The sweep's trials from position `offset` on. Trials the store has keep their results.
  ///
  /// - Returns: ids of the trials that are new.
  public func submit(_ trials: [NewTrial], to sweep: String, at offset: Int) throws -> Set<String> {
    var added: Set<String> = []
    for (position, trial) in trials.enumerated() {
      if try addTrial(trial) { added.insert(trial.id) }
      try execute(
        """
        INSERT INTO sweep_trial (sweep, position, trial, label) VALUES (?, ?, ?, ?)
        ON CONFLICT (sweep, trial) DO UPDATE SET position = excluded.position, label = excluded.label
        """, [sweep, offset + position, trial.id, trial.label])
    }
    return added
  }

  /// All trials are here; those the sweep has no more are taken from it, but stay in the store.
  ///
  /// - Returns: ids of those that no sweep has now, in their former order.
  @discardableResult
  public func endSubmission(of sweep: String) throws -> [String] {
    let withdrawn = try String.fetchAll(
      db,
      sql: """
        SELECT trial FROM sweep_trial WHERE sweep = ?1 AND position < 0
          AND trial NOT IN (SELECT trial FROM sweep_trial WHERE sweep <> ?1) ORDER BY position DESC
        """, arguments: [sweep])
    try execute("DELETE FROM sweep_trial WHERE sweep = ? AND position < 0", [sweep])
    return withdrawn
  }

  public func quarantineHost(_ host: QuarantinedHostRecord) throws {
    try execute(
      """
      INSERT INTO quarantined_host (host, since, message) VALUES (?, ?, ?)
      ON CONFLICT (host) DO UPDATE SET message = excluded.message
      """, [host.host, Timestamp.text(host.since), host.message])
  }

  public func releaseHost(_ host: String) throws {
    try execute("DELETE FROM quarantined_host WHERE host = ?", [host])
  }
}
