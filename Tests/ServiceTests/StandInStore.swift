import Coordinator
import ResultStore
import SweepProtocol

/// A store whose commits are a test's to make.
struct StandInStore: RecordStore {
  let store: Store
  let committing: @Sendable (_ records: [Record], _ store: Store) throws -> Void

  var path: String { store.path }
  func commit(_ records: [Record]) throws { try committing(records, store) }
  func restoration(sweep: String?, planned: [PlannedTrial]) throws -> SchedulerRestoration {
    try store.restoration(sweep: sweep, planned: planned)
  }
  func checkpointFiles() throws -> Set<String> { try store.checkpointFiles() }
  func ports() throws -> RecordedPorts? { try store.ports() }
  func record(_ ports: RecordedPorts) throws { try store.record(ports) }
  func beginSubmission(_ sweep: SubmittedSweep) throws { try store.beginSubmission(sweep) }
  func submit(
    _ trials: [NewTrial], to sweep: String, at offset: Int
  ) throws -> (added: Int, rows: [SchedulerRestoration.Trial]) {
    try store.submit(trials, to: sweep, at: offset)
  }
  func endSubmission(of sweep: String) throws -> EndedSubmission { try store.endSubmission(of: sweep) }
}
