public import Foundation
internal import GRDB
internal import Networks
public import Sweeps

/// The writes of one transaction (`Store.write`). Each may be repeated with the same values and changes
/// nothing then. They throw `StoreError`, or GRDB's error, which `write` turns into one.
public final class StoreBatch {
  let db: Database
  let path: String
  /// Made when the first snapshot comes.
  var snapshots: SnapshotWriter?
  private var last: (date: Date, text: String)?
  private var lastColumns: (network: Architecture, initialization: Initialization, columns: TrialColumns)?

  init(_ db: Database, path: String) {
    self.db = db
    self.path = path
  }

  func execute(_ sql: String, _ arguments: StatementArguments) throws {
    try db.cachedStatement(sql: sql).execute(arguments: arguments)
  }

  /// Runs an update that must meet a row of the trial.
  private func update(trial: String, _ sql: String, _ bind: (inout StatementWriter) throws -> Void) throws {
    var update = try StatementWriter(db, sql)
    try bind(&update)
    try update.run()
    if db.changesCount == 0 { throw StoreError.unknownTrial(trial) }
  }

  /// Made once for the many trials in a row that have the same network.
  private func columns(of configuration: TrialConfiguration) throws -> TrialColumns {
    if let last = lastColumns, last.network == configuration.network,
      last.initialization == configuration.initialization
    {
      return last.columns
    }
    let columns = try TrialColumns(configuration)
    lastColumns = (configuration.network, configuration.initialization, columns)
    return columns
  }

  /// `date` as text; made once for the many rows of a batch that have the same.
  private func text(_ date: Date) -> String {
    if let last, last.date == date { return last.text }
    let text = Timestamp.text(date)
    last = (date, text)
    return text
  }

  // MARK: Sweeps and trials

  /// Adds or renews a sweep, whose trials are these in this order. Trials the store has keep their results.
  public func addSweep(_ sweep: SweepRecord, trials: [NewTrial]) throws {
    try execute(
      """
      INSERT INTO sweep (name, description, source, created) VALUES (?, ?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET description = excluded.description, source = excluded.source
      """, [sweep.name, sweep.description, sweep.source, Timestamp.text(sweep.created)])
    try execute("DELETE FROM sweep_trial WHERE sweep = ?", [sweep.name])
    for (position, trial) in trials.enumerated() {
      try addTrial(trial)
      try execute(
        "INSERT INTO sweep_trial (sweep, position, trial, label) VALUES (?, ?, ?, ?)",
        [sweep.name, position, trial.id, trial.label])
    }
  }

  /// Adds a trial as pending; one the store has stays as it is.
  ///
  /// - Returns: whether it is new.
  @discardableResult
  public func addTrial(_ trial: NewTrial) throws -> Bool {
    let known = try String.fetchOne(
      db.cachedStatement(sql: "SELECT configuration FROM trial WHERE id = ?"), arguments: [trial.id])
    if let known {
      guard known == trial.json else {
        throw StoreError.conflict(
          key: "trial \(trial.id)", column: "configuration", first: known, second: trial.json)
      }
      return false
    }
    let configuration = trial.configuration
    let columns = try columns(of: configuration)
    var row = try RowWriter(db, Layouts.trial)
    try row.add(trial.id)
    try row.add(trial.label)
    try row.add(columns.label)
    try row.add(columns.block)
    try row.add(columns.factorization)
    try row.add(configuration.network.batchNorm ? 1 : 0)
    try row.add(columns.initialization)
    try row.add(configuration.seed)
    try row.add(configuration.data.dataset.rawValue)
    try row.add(configuration.training.epochs)
    try row.add(columns.convolutionMACs)
    try row.add(columns.parameters)
    try row.add(trial.json)
    try row.add(TrialState.pending.rawValue)
    try row.add(nil as String?)
    try row.add(nil as String?)
    try row.add(nil as Double?)
    try row.add(0)
    try row.insert()
    return true
  }

  /// Sets where a trial stands, how many attempts have failed since it was last put back, and why it failed (nil
  /// takes an earlier message away).
  public func setTrialState(_ trial: String, _ state: TrialState, failures: Int, message: String? = nil)
    throws
  {
    try update(trial: trial, "UPDATE trial SET state = ?, failures = ?, message = ? WHERE id = ?") {
      try $0.add(state.rawValue)
      try $0.add(failures)
      try $0.add(message)
      try $0.add(trial)
    }
  }

  /// The trial has its result.
  public func setOutcome(
    _ trial: String, _ outcome: TrialOutcome, weightsSHA256: String, seconds: Double
  ) throws {
    try update(
      trial: trial,
      "UPDATE trial SET state = ?, message = NULL, weights_sha256 = ?, seconds = ? WHERE id = ?"
    ) {
      try $0.add(TrialState(outcome).rawValue)
      try $0.add(weightsSHA256)
      try $0.add(seconds)
      try $0.add(trial)
    }
  }

  // MARK: Attempts and workers

  /// Adds an attempt by a worker that `saveWorker` has made known; resumed from: the checkpoint it goes on from.
  public func attemptStarted(
    trial: String, number: Int, worker: String, resumedEpoch: Int? = nil, resumedStep: Int? = nil,
    at started: Date
  ) throws {
    // Of values, not of the worker's row: where a statement may insert several rows, SQLite keeps a copy of every page
    // it changes.
    var row = try StatementWriter(
      db,
      """
      INSERT INTO attempt (trial, number, worker, host, instruction_set, threads, started, resumed_epoch,
        resumed_step) VALUES (?1, ?2, ?3, (SELECT host FROM worker WHERE id = ?3),
          (SELECT instruction_set FROM worker WHERE id = ?3),
          coalesce((SELECT json_extract(configuration, '$.training.threads') FROM trial WHERE id = ?1),
            (SELECT threads FROM worker WHERE id = ?3)), ?4, ?5, ?6)
      ON CONFLICT (trial, number) DO UPDATE SET worker = excluded.worker, host = excluded.host,
        instruction_set = excluded.instruction_set, threads = excluded.threads,
        resumed_epoch = excluded.resumed_epoch, resumed_step = excluded.resumed_step
      """)
    try row.add(trial)
    try row.add(number)
    try row.add(worker)
    try row.add(text(started))
    try row.add(resumedEpoch)
    try row.add(resumedStep)
    do {
      try row.run()
    } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_CONSTRAINT_NOTNULL {
      // Only what its worker lacks can be missing.
      throw StoreError.unknownWorker(worker)
    }
  }

  /// An attempt taken for lost goes on after all.
  public func attemptReattached(trial: String, number: Int) throws {
    try update(
      trial: trial,
      "UPDATE attempt SET ending = NULL, ended = NULL, message = NULL, detail = NULL WHERE trial = ? AND number = ?"
    ) {
      try $0.add(trial)
      try $0.add(number)
    }
  }

  /// `algorithms`: JSON of the implementation that computed each layer.
  public func attemptEnded(
    trial: String, number: Int, _ ending: AttemptEnding, at ended: Date, message: String? = nil,
    detail: String? = nil, seconds: Double? = nil, algorithms: String? = nil
  ) throws {
    try update(
      trial: trial,
      """
      UPDATE attempt SET ending = ?, ended = ?, message = ?, detail = ?, seconds = ?, algorithms = ?
      WHERE trial = ? AND number = ?
      """
    ) {
      try $0.add(ending.rawValue)
      try $0.add(text(ended))
      try $0.add(message)
      try $0.add(detail)
      try $0.add(seconds)
      try $0.add(algorithms)
      try $0.add(trial)
      try $0.add(number)
    }
  }

  /// Adds a worker or renews what is known of it; the time it was first seen stays.
  public func saveWorker(_ worker: WorkerRecord) throws {
    try execute(
      """
      INSERT INTO worker (id, name, host, pid, instruction_set, threads, version, first_seen, last_seen,
        acknowledged) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET name = excluded.name, host = excluded.host, pid = excluded.pid,
        instruction_set = excluded.instruction_set, threads = excluded.threads, version = excluded.version,
        last_seen = excluded.last_seen, left_at = NULL, acknowledged = max(acknowledged, excluded.acknowledged)
      """,
      [
        worker.id, worker.name, worker.host, worker.pid, worker.instructionSet, worker.threads,
        worker.version, text(worker.firstSeen), text(worker.lastSeen), Int64(worker.acknowledged),
      ])
  }

  public func workerLeft(_ worker: String, at time: Date) throws {
    try execute("UPDATE worker SET left_at = ? WHERE id = ?", [Timestamp.text(time), worker])
  }

  /// The worker's deliveries up to this number are in the store. Never goes back.
  public func setAcknowledged(worker: String, _ sequence: UInt64, at time: Date) throws {
    var update = try StatementWriter(
      db, "UPDATE worker SET acknowledged = max(acknowledged, ?), last_seen = ? WHERE id = ?")
    try update.add(Int(clamping: sequence))
    try update.add(text(time))
    try update.add(worker)
    try update.run()
  }

  // MARK: Checkpoints, data sets, settings

  /// Says where the trial would go on from, in place of an earlier checkpoint.
  public func saveCheckpoint(_ checkpoint: CheckpointRecord) throws {
    try execute(
      """
      INSERT INTO checkpoint (trial, epoch, step, attempt, size, sha256, file) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (trial) DO UPDATE SET epoch = excluded.epoch, step = excluded.step, attempt = excluded.attempt,
        size = excluded.size, sha256 = excluded.sha256, file = excluded.file
      """,
      [
        checkpoint.trial, checkpoint.epoch, checkpoint.step, checkpoint.attempt, checkpoint.size,
        checkpoint.sha256, checkpoint.file,
      ])
  }

  /// Takes a trial's checkpoint away, if it is this file; the attempt that was to go on from it, if there is one, began
  /// anew.
  public func dropCheckpoint(trial: String, file: String, attempt: Int? = nil) throws {
    try execute("DELETE FROM checkpoint WHERE trial = ? AND file = ?", [trial, file])
    guard let attempt else { return }
    try execute(
      "UPDATE attempt SET resumed_epoch = NULL, resumed_step = NULL WHERE trial = ? AND number = ?",
      [trial, attempt])
  }

  /// Says which data the store's results are of. Throws `StoreError.differentDataset` if they are of other data.
  public func saveDataset(name: String, fingerprint: String) throws {
    let known = try String.fetchOne(
      db, sql: "SELECT fingerprint FROM dataset WHERE name = ?", arguments: [name])
    if let known {
      guard known == fingerprint else {
        throw StoreError.differentDataset(name: name, known: known, found: fingerprint)
      }
      return
    }
    try execute("INSERT INTO dataset (name, fingerprint) VALUES (?, ?)", [name, fingerprint])
  }

  /// nil takes the setting away.
  public func setSetting(_ key: String, _ value: String?) throws {
    guard let value else { return try execute("DELETE FROM setting WHERE key = ?", [key]) }
    try execute(
      "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      [key, value])
  }
}

extension TrialState {
  public init(_ outcome: TrialOutcome) {
    switch outcome {
    case .completed: self = .completed
    case .diverged: self = .diverged
    case .vanished: self = .vanished
    }
  }
}
