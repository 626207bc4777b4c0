import Fleet
import Foundation
import ResultStore
import SweepProtocol
import Sweeps
import Worker

/// What a coordinator does with results, without the coordinator: the same rows written to a store of their own, as
/// durably, by one thread. More than that no coordinator can store.
enum StoreAlone {
  /// Results in a transaction, about as many as a coordinator under load has.
  private static let batch = 256

  /// - Parameters:
  ///   - sweep: whose trials get results.
  ///   - path: the store's file, which is made.
  /// - Returns: results a second, and processor seconds of each.
  static func resultsPerSecond(_ sweep: Sweep, store path: String) throws -> (pace: Double, seconds: Double) {
    let store = try Store.open(path)
    let now = Date()
    let worker = WorkerRecord(
      id: "alone", name: "alone", host: "alone", pid: 1, instructionSet: "", threads: 1,
      version: ProgramVersion.current, firstSeen: now, lastSeen: now)
    try store.add(sweep)
    try store.write { try $0.saveWorker(worker) }
    let runner = try NullRunner(statistics: true)
    let began = ContinuousClock.now
    let used = ProcessUsage(pid: getpid())?.processorSeconds ?? 0
    for start in stride(from: 0, to: sweep.trials.count, by: batch) {
      try store.write { batch in
        for trial in sweep.trials[start..<min(start + Self.batch, sweep.trials.count)] {
          try batch.attemptStarted(trial: trial.id, number: 1, worker: "alone", at: now)
          try batch.setTrialState(trial.id, .running, failures: 0)
          let assignment = Assignment(
            attempt: AttemptID(trial: trial.id, number: 1), label: trial.label, configuration: "")
          var snapshots: [Snapshot] = []
          _ = try runner.run(assignment, checkpoint: nil, control: TrialControl()) {
            if case .snapshot(let snapshot) = $0 { snapshots.append(snapshot) }
          }
          for snapshot in snapshots { try batch.saveSnapshot(trial: trial.id, attempt: 1, snapshot) }
          try batch.setOutcome(trial.id, .completed, weightsSHA256: trial.id, seconds: 0)
          try batch.attemptEnded(trial: trial.id, number: 1, .result, at: now, seconds: 0)
        }
      }
    }
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    let processor = (ProcessUsage(pid: getpid())?.processorSeconds ?? 0) - used
    try store.close()
    let count = Double(sweep.trials.count)
    return (count / seconds, processor / count)
  }
}
