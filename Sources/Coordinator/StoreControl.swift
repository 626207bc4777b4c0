internal import Foundation
public import ResultStore
public import SweepProtocol

/// Answers requests on a store that no coordinator serves, as one would: what it changes, the next coordinator finds.
public final class StoreControl {
  private let store: Store
  private var desk = SubmissionDesk()
  private let origin = ContinuousClock.now

  /// - Parameter store: open for writing.
  public init(_ store: Store) { self.store = store }

  /// - Throws: what the store throws.
  public func answer(_ request: ClientRequest) throws -> ClientReply {
    let now = Moment(ContinuousClock.now - origin)
    if case .submit(let part) = request { return try desk.take(part, into: store, at: now).reply }
    let settings = SchedulerSettings(
      coordinator: UUID().uuidString.lowercased(), program: ProgramVersion.current)
    var scheduler = Scheduler(settings, restoring: try store.restoration(sweep: nil), at: now)
    let commands = scheduler.handle(.request(request, from: ConnectionID([])), at: now)
    let records = commands.compactMap { if case .persist(let record) = $0 { record } else { nil } }
    if !records.isEmpty { try store.commit(records) }
    for case .reply(let reply, _) in commands { return reply }
    return .refused("this needs a coordinator that runs")
  }
}
