public import ResultStore
import Sweeps

extension ReportModel {
  /// The report of a store: of one sweep, or of all its trials in the order of their sweeps.
  ///
  /// Running and pending trials are told as such, with what snapshots they have. Throws `StoreError`, and
  /// `ReportError` for a sweep that the store does not hold.
  public init(store: Store, sweep: String? = nil, epoch: Int? = nil) throws {
    self = try store.read { try ReportModel(reader: $0, sweep: sweep, epoch: epoch) }
  }

  private init(reader: StoreReader, sweep: String?, epoch: Int?) throws {
    let names = try reader.sweeps().map(\.name)
    if let sweep, !names.contains(sweep) { throw ReportError.unknownSweep(sweep, known: names) }
    let chosen = sweep.map { [$0] } ?? names
    var records = try chosen.flatMap { try reader.trials(sweep: $0) }
    if sweep == nil { records += try reader.trials() }
    var seen: Set<String> = []
    records = records.filter { seen.insert($0.id).inserted }

    let attempts = Dictionary(grouping: try reader.attempts(), by: \.trial)
    let workers = Dictionary(
      try reader.workers().map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let fingerprints = try reader.datasets()
    let trials = try records.map { record in
      ReportTrial(
        identity: record.id, label: record.label, configuration: record.configuration,
        status: ReportStatus(record.state), failure: record.message,
        failureDetail: record.state.isGivenUp
          ? attempts[record.id]?.last { $0.ending == .failed }?.detail : nil,
        snapshots: try reader.snapshots(trial: record.id, distributions: false),
        provenance: Self.provenance(
          attempts[record.id] ?? [], workers, fingerprints[record.configuration.data.dataset.rawValue]))
    }
    self.init(
      title: chosen.isEmpty ? "Results" : chosen.joined(separator: ", "), trials: trials, epoch: epoch)
  }

  /// The attempt that gave the result, or the latest.
  private static func provenance(
    _ attempts: [AttemptRecord], _ workers: [String: WorkerRecord], _ fingerprint: String?
  ) -> ReportTrial.Provenance? {
    guard let attempt = attempts.last(where: { $0.ending == .result }) ?? attempts.last else { return nil }
    var provenance = ReportTrial.Provenance()
    provenance.worker = workers[attempt.worker]?.name ?? attempt.worker
    provenance.program = workers[attempt.worker]?.version ?? ""
    provenance.host = attempt.host
    provenance.instructionSet = attempt.instructionSet
    provenance.dataFingerprint = fingerprint ?? ""
    provenance.attempt = attempt.number
    return provenance
  }
}

extension ReportStatus {
  init(_ state: TrialState) {
    switch state {
    case .pending: self = .pending
    case .running: self = .running
    case .completed: self = .completed
    case .diverged: self = .diverged
    case .vanished: self = .vanished
    case .stopped: self = .stopped
    case .failed: self = .failed
    case .quarantined: self = .quarantined
    case .cancelled: self = .cancelled
    }
  }
}

/// Why a report could not be made or written.
public enum ReportError: Error, Hashable, Sendable, CustomStringConvertible {
  case unknownSweep(String, known: [String])
  case unwritable(path: String, reason: String)

  public var description: String {
    switch self {
    case .unknownSweep(let name, let known):
      known.isEmpty
        ? "the store holds no sweep, so none is named \(name)"
        : "the store holds no sweep named \(name); it holds \(known.joined(separator: ", "))"
    case .unwritable(let path, let reason): "cannot write \(path): \(reason)"
    }
  }
}
