import Coordinator
import SweepProtocol
import Sweeps

/// What workers have seen acknowledged as stored: from then on the store must have it, whatever happens.
struct SimulatedLedger {
  private struct Entry {
    var snapshots: [Int: Snapshot] = [:]
    var report: AttemptReport?
  }
  private var entries: [String: Entry] = [:]
  private(set) var count = 0

  /// A worker learns that its delivery is acknowledged. It is in the store then, or its attempt no longer counted;
  /// what is wrong otherwise.
  mutating func acknowledge(_ message: WorkerMessage, _ store: SimulatedStore) -> String? {
    switch message {
    case .snapshot(let attempt, let snapshot):
      if store.trials[attempt.trial]!.snapshots[snapshot.epoch]?.measured == snapshot.measured {
        entries[attempt.trial, default: Entry()].snapshots[snapshot.epoch] = snapshot.measured
        count += 1
      } else if !store.isFenced(attempt) {
        return "\(attempt) has snapshot \(snapshot.epoch) acknowledged, but it is not stored"
      }
    case .finished(let report):
      if store.trials[report.attempt.trial]!.report == report {
        entries[report.attempt.trial, default: Entry()].report = report
        count += 1
      } else if !store.isFenced(report.attempt) {
        return "\(report.attempt) has its report acknowledged, but it is not stored"
      }
    case .released(let attempt, _):
      if !store.isFenced(attempt) { return "\(attempt) has its release acknowledged, but it is not stored" }
    case .hello, .heartbeat, .goodbye: break
    }
    return nil
  }

  /// What of the trial was acknowledged and is not in its row any more; nil: nothing.
  func loss(of trial: String, _ row: SimulatedStore.TrialRow) -> String? {
    guard let entry = entries[trial] else { return nil }
    if let report = entry.report, row.report != report { return "\(report.attempt) has lost its report" }
    for (epoch, snapshot) in entry.snapshots where row.snapshots[epoch]?.measured != snapshot {
      return "\(row.plan.label) has lost its acknowledged snapshot of epoch \(epoch)"
    }
    return nil
  }
}
