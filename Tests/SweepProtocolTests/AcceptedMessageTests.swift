import Coordinator
import Foundation
import Reporting
import ResultStore
import Sweeps
import SweepProtocol
import Testing

@testable import strata

/// What the decoder takes goes on: through the scheduler into the store, and from both to whoever looks.
@Suite(.serialized) struct AcceptedMessageTests {
  /// Inputs of every seed below.
  private static let rounds = 40_000

  /// Mutated messages, each followed by what an honest worker says next: none ends the process, none is refused by the
  /// store, and nothing that is shown of it breaks a line. A seed that fails, fails again.
  @Test(arguments: [0xace, 0xf1e1d] as [UInt64]) func whatIsTakenHarmsNobody(seed: UInt64) throws {
    let mill = try Mill()
    let frames = Samples.frames.filter { $0[4] == 1 || $0[4] == 3 }
    var mutations = FrameMutations(seed: seed, frames: frames)
    var taken = 0
    for round in 0..<Self.rounds {
      guard let message = try? Wire.decodeInbound(mutations.next(round % frames.count)) else { continue }
      taken += 1
      do {
        try mill.grind(message, renumbered: round % 2 == 0)
        if taken % 100 == 0 { try mill.commit() }
        if taken % 1000 == 0 { try mill.show() }
      } catch {
        Issue.record("seed \(seed), round \(round) or one of the hundred before: \(error)")
        return
      }
    }
    try mill.commit()
    try mill.show()
    #expect(taken > Self.rounds / 20)
    #expect(mill.stored > taken / 2, "\(mill.stored) records of \(taken) messages")
  }

  @Test func statusesOfAnyCoordinatorAreShown() throws {
    let frames = Samples.frames.filter { $0[4] == 4 }
    var mutations = FrameMutations(seed: 0x57a7, frames: frames)
    var shown = 0
    for round in 0..<Self.rounds {
      let bytes = mutations.next(round % frames.count)
      guard case .status(let status)? = try? Wire.decodeClientReply(bytes) else { continue }
      try Mill.show(status)
      shown += 1
    }
    #expect(shown > Self.rounds / 100)
  }
}

/// A coordinator's scheduler and store, without sockets, whose one worker holds attempt 3 of `Samples.trial`.
private final class Mill {
  private struct Broken: Error, CustomStringConvertible { let description: String }

  private let folder: URL
  private let store: Store
  private let settings: SchedulerSettings
  private let start: Scheduler
  private let connection = ConnectionID([1])
  private let now = Moment(.seconds(10))
  /// Deliveries of the worker that `start` has applied.
  private var applied: UInt64
  private var records: [Record] = []
  private(set) var stored = 0

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("strata-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    store = try Store.open(folder.appendingPathComponent("test.store").path)
    let configuration = TrialConfiguration()
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let trial = NewTrial(
      id: Samples.trial, label: "DWS",
      json: String(decoding: try encoder.encode(configuration), as: UTF8.self),
      configuration: configuration)
    try store.write {
      try $0.addSweep(SweepRecord(name: "test", source: "", created: Date()), trials: [trial])
    }
    var settings = SchedulerSettings(coordinator: Samples.worker, program: Samples.hello.program)
    settings.sweep = "test"
    self.settings = settings
    var scheduler = Scheduler(settings, restoring: try store.restoration(sweep: nil), at: now)
    var hello = Samples.hello
    (hello.beat, hello.held) = (1, [])
    applied = hello.acknowledged
    var messages = [WorkerMessage.hello(hello)]
    for number in 1...3 {
      var idle = WorkerHeartbeat()
      (idle.beat, idle.wantsTrial) = (UInt64(number) + 1, true)
      messages.append(.heartbeat(idle))
      if number < 3 {
        messages.append(.released(AttemptID(trial: Samples.trial, number: number), .preempted))
      }
    }
    for message in messages {
      if message.isDelivery { applied += 1 }
      let envelope = WorkerEnvelope(
        worker: Samples.worker, sequence: message.isDelivery ? applied : 0, message: message)
      records += Self.records(of: scheduler.handle(.message(envelope, from: connection), at: now))
    }
    start = scheduler
    #expect(start.status(at: now).running.map(\.attempt) == [Samples.attempt])
    try commit()
  }

  deinit {
    try? store.close()
    try? FileManager.default.removeItem(at: folder)
  }

  /// Begins anew, takes the message, and what an honest worker says after it.
  ///
  /// - Parameter renumbered: a delivery has the number it would be applied by.
  func grind(_ message: InboundMessage, renumbered: Bool) throws {
    var scheduler = start
    var next = applied + 1
    switch message {
    case .client(let request): take(.request(request, from: ConnectionID([2])), by: &scheduler)
    case .worker(var envelope):
      if envelope.message.isDelivery, renumbered {
        (envelope.worker, envelope.sequence) = (Samples.worker, next)
        next += 1
      }
      take(.message(envelope, from: connection), by: &scheduler)
    }
    var heartbeat = Samples.heartbeat
    heartbeat.held = []
    let result = AttemptReport.Ending.result(.completed, weightsSHA256: Samples.digest)
    for message: WorkerMessage in [
      .snapshot(Samples.attempt, Samples.snapshot), .finished(Samples.report(result)), .heartbeat(heartbeat),
    ] {
      let envelope = WorkerEnvelope(
        worker: Samples.worker, sequence: message.isDelivery ? next : 0, message: message)
      if message.isDelivery { next += 1 }
      take(.message(envelope, from: connection), by: &scheduler)
      try Self.show(scheduler.status(at: now))
    }
    take(.tick, by: &scheduler)
  }

  private func take(_ event: Scheduler.Event, by scheduler: inout Scheduler) {
    records += Self.records(of: scheduler.handle(event, at: now + .milliseconds(100)))
  }

  /// Data sets aside: one that a message made up in one round would be another's in the next.
  private static func records(of commands: [Scheduler.Command]) -> [Record] {
    commands.compactMap { command in
      guard case .persist(let record) = command else { return nil }
      if case .fingerprint = record { return nil }
      return record
    }
  }

  func commit() throws {
    try store.commit(records)
    stored += records.count
    records = []
  }

  /// What the store holds, as reports and the next coordinator have it.
  func show() throws {
    let model = try ReportModel(store: store)
    try Self.check(ReportText.text(model))
    _ = try ReportJSON(model).text
    _ = ReportPage.html(model)
    let scheduler = Scheduler(settings, restoring: try store.restoration(sweep: nil), at: now)
    try Self.show(scheduler.status(at: now))
  }

  static func show(_ status: ClusterStatus) throws {
    guard case .status(let told) = try Wire.decodeClientReply(Wire.encode(ClientReply.status(status))) else {
      throw Broken(description: "a status becomes something else")
    }
    let lines = LiveView.lines(told, width: 120)
    guard lines.count == told.running.count + 1 else { throw Broken(description: "\(lines)") }
    for line in lines { try check(line) }
    try check(Status.table(of: told.workers))
    for trial in told.givenUp {
      try check(ReportText.failure(trial.label, "failed", trial.line, trial.detail))
    }
    _ = try StatusJSON.text(told)
  }

  private static func check(_ text: String) throws {
    if text.unicodeScalars.contains(where: { $0 != "\n" && $0.properties.generalCategory == .control }) {
      throw Broken(description: "a control character is shown: \(text.debugDescription)")
    }
  }
}
