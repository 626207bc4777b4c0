internal import Foundation
internal import GRDB
internal import Sweeps

/// Queries on one consistent state of a store (`Store.read`). They throw `StoreError`.
public final class StoreReader {
  let db: Database
  let path: String
  private let configurations = ConfigurationDecoder()

  init(_ db: Database, path: String) {
    self.db = db
    self.path = path
  }

  /// All rows a layout's selection gives, each made by `make`.
  func rows<T>(
    _ layout: TableLayout, _ rest: String, _ arguments: StatementArguments = [],
    _ make: (inout RowReader) throws -> T
  ) throws -> [T] {
    let statement = try db.cachedStatement(sql: layout.selection(rest))
    let cursor = try Row.fetchCursor(statement, arguments: arguments)
    var result: [T] = []
    while let row = try cursor.next() {
      var reader = RowReader(row, layout, path: path)
      result.append(try make(&reader))
    }
    return result
  }

  public func sweeps() throws -> [SweepRecord] {
    try rows(Layouts.sweep, "ORDER BY created, name") { row in
      SweepRecord(
        name: try row.text(), description: try row.text(), source: try row.text(), created: try row.date(),
        isSubmitted: try row.integer() != 0)
    }
  }

  /// All trials, by label and seed; or a sweep's, in its order and under its labels.
  public func trials(sweep: String? = nil) throws -> [TrialRecord] {
    if let sweep {
      try rows(
        Layouts.trial.labelled(bySweep: "id"), "WHERE sweep = ? ORDER BY position, label, seed, id", [sweep],
        trial)
    } else {
      try rows(Layouts.trial, "ORDER BY label, seed, id", [], trial)
    }
  }

  public func trial(_ id: String) throws -> TrialRecord? {
    try rows(Layouts.trial, "WHERE id = ?", [id], trial).first
  }

  private func trial(_ row: inout RowReader) throws -> TrialRecord {
    let id = try row.text()
    let label = try row.text()
    let network = try row.text()
    row.skip(7)
    let macs = try row.integer()
    let parameters = try row.integer()
    let json = try row.text()
    return TrialRecord(
      id: id, label: label, network: network, json: json,
      configuration: try .decoded(json, trial: id, path: path, by: configurations), convolutionMACs: macs,
      parameters: parameters,
      state: try row.word(TrialState.self), message: row.optionalText(), weightsSHA256: row.optionalText(),
      seconds: row.optionalNumber(), failures: try row.integer())
  }

  /// Trials in each state, of a sweep or of all.
  public func counts(sweep: String? = nil) throws -> [TrialState: Int] {
    let rest =
      sweep == nil
      ? "GROUP BY state" : "WHERE id IN (SELECT trial FROM sweep_trial WHERE sweep = ?) GROUP BY state"
    let found = try Row.fetchAll(
      db, sql: "SELECT state, count(*) FROM trial \(rest)", arguments: sweep.map { [$0] } ?? [])
    return Dictionary(
      uniqueKeysWithValues: found.compactMap { row in TrialState(rawValue: row[0]).map { ($0, row[1]) } })
  }

  /// Attempts by trial and number; of one trial, or all.
  public func attempts(trial: String? = nil) throws -> [AttemptRecord] {
    let rest = (trial == nil ? "" : "WHERE trial = ? ") + "ORDER BY trial, number"
    return try rows(Layouts.attempt, rest, trial.map { [$0] } ?? []) { row in
      AttemptRecord(
        trial: try row.text(), number: try row.integer(), worker: try row.text(), host: try row.text(),
        instructionSet: try row.text(), threads: try row.integer(), started: try row.date(),
        resumedEpoch: row.optionalInteger(), resumedStep: row.optionalInteger(),
        ended: try row.optionalDate(),
        ending: try row.optionalWord(AttemptEnding.self), message: row.optionalText(),
        detail: row.optionalText(), seconds: row.optionalNumber(), algorithms: row.optionalText())
    }
  }

  public func workers() throws -> [WorkerRecord] {
    try rows(Layouts.worker, "ORDER BY first_seen, id") { row in
      var worker = WorkerRecord(
        id: try row.text(), name: try row.text(), host: try row.text(), pid: try row.integer(),
        instructionSet: try row.text(), threads: try row.integer(), version: try row.text(),
        firstSeen: try row.date(), lastSeen: try row.date())
      worker.left = try row.optionalDate()
      worker.acknowledged = UInt64(try row.integer())
      return worker
    }
  }

  /// By name.
  public func quarantinedHosts() throws -> [QuarantinedHostRecord] {
    try rows(Layouts.quarantinedHost, "ORDER BY host") { row in
      QuarantinedHostRecord(host: try row.text(), since: try row.date(), message: try row.text())
    }
  }

  /// The last checkpoint of every trial that has one, or of one trial, by trial.
  public func checkpoints(trial: String? = nil) throws -> [CheckpointRecord] {
    let rest = (trial == nil ? "" : "WHERE trial = ? ") + "ORDER BY trial"
    return try rows(Layouts.checkpoint, rest, trial.map { [$0] } ?? []) { row in
      CheckpointRecord(
        trial: try row.text(), epoch: try row.integer(), step: try row.integer(), attempt: try row.integer(),
        size: try row.integer(), sha256: try row.text(), file: try row.text())
    }
  }

  /// Fingerprints by data set.
  public func datasets() throws -> [String: String] {
    let found = try Row.fetchAll(db, sql: "SELECT name, fingerprint FROM dataset")
    return Dictionary(uniqueKeysWithValues: found.map { ($0[0], $0[1]) })
  }

  public func setting(_ key: String) throws -> String? {
    try String.fetchOne(db, sql: "SELECT value FROM setting WHERE key = ?", arguments: [key])
  }
}
