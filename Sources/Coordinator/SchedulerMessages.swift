internal import SweepProtocol

// What workers say.

extension Scheduler {
  mutating func receive(_ envelope: WorkerEnvelope, from connection: ConnectionID, at now: Moment) {
    let worker = envelope.worker
    if workers[worker]?.left == true { return }
    if case .hello(let hello) = envelope.message {
      greet(worker, hello, on: connection, at: now)
      return
    }
    guard workers[worker]?.introduced == true else {
      if envelope.message != .goodbye { send(.identify, to: worker, on: connection) }
      return
    }
    switch envelope.message {
    case .hello: break
    case .heartbeat(let heartbeat):
      guard hear(worker, beat: heartbeat.beat, on: connection, at: now) else { return }
      workers[worker]!.wantsTrial = heartbeat.wantsTrial
      review(heartbeat.held, of: worker, on: connection, at: now)
      send(.acknowledge(workers[worker]!.applied), to: worker, on: connection)
      drainIfAsked(worker, on: connection)
      updateIdle(worker)
    case .snapshot, .finished, .released:
      take(envelope, on: connection, at: now)
    case .goodbye:
      bidFarewell(worker, at: now)
    }
  }

  /// Hears a hello: refuses the worker by name, or welcomes it and looks through what it holds.
  private mutating func greet(
    _ worker: String, _ hello: WorkerHello, on connection: ConnectionID, at now: Moment
  ) {
    if let (reason, line) = objection(to: hello) {
      log(.warning, "refused: \(line)")
      send(.refused(reason, line), to: worker, on: connection)
      return
    }
    guard hear(worker, beat: hello.beat, on: connection, at: now) else { return }
    var entry = workers[worker]!
    let record = WorkerRecord(worker, hello)
    if !entry.introduced || entry.record != record {
      persist(.worker(record))
      log(
        .info,
        "\(hello.name) on \(hello.host) joined: \(hello.instructionSet), threads \(hello.threads)")
    }
    if entry.record.name != record.name { roll.remove(worker, name: entry.record.name) }
    roll.insert(worker, name: record.name)
    entry.record = record
    entry.datasets = Set(hello.datasets.keys)
    entry.fingerprints = hello.datasets
    entry.introduced = true
    entry.wantsTrial = false
    if hello.acknowledged > entry.applied {
      entry.applied = hello.acknowledged
      persist(.applied(worker: worker, sequence: entry.applied))
    }
    workers[worker] = entry
    let welcome = Welcome(
      lease: settings.lease, heartbeat: settings.heartbeat, checkpointPort: settings.checkpointPort,
      acknowledged: entry.applied)
    send(.welcome(welcome), to: worker, on: connection)
    review(hello.held, of: worker, on: connection, at: now)
    drainIfAsked(worker, on: connection)
    updateIdle(worker)
  }

  private mutating func drainIfAsked(_ worker: String, on connection: ConnectionID) {
    if shutdownDeadline != nil || workers[worker]!.draining { send(.drain, to: worker, on: connection) }
  }

  /// Why the worker cannot take part, if it cannot.
  private func objection(to hello: WorkerHello) -> (RefusalReason, String)? {
    let who = "\(hello.name) on \(hello.host)"
    if hello.program != settings.program {
      return (
        .programVersion,
        "\(who) runs strata \(hello.program), this coordinator \(settings.program); run the same version"
      )
    }
    for (dataset, fingerprint) in hello.datasets.sorted(by: { $0.key < $1.key }) {
      guard let known = fingerprints[dataset], known != fingerprint else { continue }
      return (.dataset, "\(who) \(Self.objection(to: fingerprint, of: dataset, where: known))")
    }
    return nil
  }

  private static func objection(
    to fingerprint: String, of dataset: String, where known: String
  ) -> String {
    "has another copy of \(dataset) (\(fingerprint.prefix(12))) than this sweep's results are from "
      + "(\(known.prefix(12))); give it the same files"
  }

  /// A result is about to be written. If it is the first on its data set, all others are to be of the same copy, and
  /// workers that have another are let go of. Not sooner: who only says hello decides nothing.
  private mutating func adoptDataset(of position: Int, from worker: String, at now: Moment) {
    let dataset = trials[position].plan.dataset
    guard fingerprints[dataset] == nil, let adopted = workers[worker]!.fingerprints[dataset] else { return }
    fingerprints[dataset] = adopted
    persist(.fingerprint(dataset: dataset, adopted))
    for (other, entry) in workers.sorted(by: { $0.key < $1.key }) where entry.introduced && !entry.left {
      guard let fingerprint = entry.fingerprints[dataset], fingerprint != adopted else { continue }
      let line = "\(name(other)) \(Self.objection(to: fingerprint, of: dataset, where: adopted))"
      dismiss(other, .dataset, line, at: now)
      workers[other]!.introduced = false
      updateIdle(other)
    }
  }

  /// Notes a sign of life. False: it was overtaken by a later one, and is to be ignored.
  private mutating func hear(
    _ worker: String, beat: UInt64, on connection: ConnectionID, at now: Moment
  ) -> Bool {
    var entry = workers[worker] ?? WorkerEntry()
    guard beat > entry.beat else { return false }
    entry.beat = beat
    entry.heard = now
    if entry.connection != connection {
      if let old = entry.connection { workerOfConnection[old] = nil }
      entry.connection = connection
      workerOfConnection[connection] = worker
    }
    workers[worker] = entry
    return true
  }

  /// A delivery: applied if it is the next one, acknowledged in any case.
  private mutating func take(_ envelope: WorkerEnvelope, on connection: ConnectionID, at now: Moment) {
    let worker = envelope.worker
    workers[worker]!.heard = max(workers[worker]!.heard, now)
    if envelope.sequence == workers[worker]!.applied + 1 {
      apply(envelope.message, of: worker, on: connection, at: now)
      workers[worker]!.applied = envelope.sequence
      persist(.applied(worker: worker, sequence: envelope.sequence))
    }
    send(.acknowledge(workers[worker]!.applied), to: worker, on: connection)
  }

  private mutating func apply(
    _ message: WorkerMessage, of worker: String, on connection: ConnectionID, at now: Moment
  ) {
    let attempt: AttemptID
    switch message {
    case .snapshot(let id, _), .released(let id, _): attempt = id
    case .finished(let report): attempt = report.attempt
    case .hello, .heartbeat, .goodbye: return
    }
    guard let position = current(attempt, of: worker, at: now) else {
      send(.revoke(attempt, revocation(of: attempt)), to: worker, on: connection)
      return
    }
    switch message {
    case .snapshot(_, let snapshot):
      adoptDataset(of: position, from: worker, at: now)
      trials[position].tenure?.leaseEnds = now + settings.lease
      persist(.snapshot(attempt, snapshot))
      judge(position, snapshot, on: connection, at: now)
    case .released(_, let reason):
      persist(.attemptEnded(attempt, .released(reason)))
      log(.info, "\(name(worker)) gave back \(attempt): \(reason.rawValue)")
      if reason == .unusableCheckpoint { dropCheckpoint(of: position, "\(attempt) cannot go on from it") }
      makePending(position)
    case .finished(let report):
      switch report.ending {
      case .result(let outcome, _):
        adoptDataset(of: position, from: worker, at: now)
        complete(position, report, outcome, at: now)
      case .failure(let line): fail(position, line, detail: report.detail)
      }
    case .hello, .heartbeat, .goodbye: break
    }
  }

  private mutating func bidFarewell(_ worker: String, at now: Moment) {
    log(.info, "\(name(worker)) left")
    for attempt in workers[worker]!.held.sorted() {
      if let position = positions[attempt.trial] { lose(position, "its worker left", excused: true) }
    }
    workers[worker]!.left = true
    roll.remove(worker, name: workers[worker]!.record.name)
    workers[worker]!.wantsTrial = false
    if let connection = workers[worker]!.connection { lose(connection, at: now) }
    persist(.workerLeft(worker))
  }

  /// Takes back at once what the workers hold whose ids begin with `prefix`, and lets go of them.
  mutating func expel(_ prefix: String, _ line: String, at now: Moment) {
    for worker in workers.keys.filter({ $0.hasPrefix(prefix) }).sorted() where !workers[worker]!.left {
      dismiss(worker, .keyNotAllowed, line, at: now)
    }
  }

  /// Takes back at once what the worker holds, and lets go of it.
  private mutating func dismiss(_ worker: String, _ reason: RefusalReason, _ line: String, at now: Moment) {
    log(.warning, "\(name(worker)) is refused: \(line)")
    for attempt in workers[worker]!.held.sorted() {
      if let position = positions[attempt.trial] { lose(position, line, excused: true) }
    }
    workers[worker]!.wantsTrial = false
    guard let connection = workers[worker]!.connection else { return }
    send(.refused(reason, line), to: worker, on: connection)
    lose(connection, at: now)
  }

  /// The connection is gone; what its worker holds stays its own for a grace, in which it may come back.
  mutating func lose(_ connection: ConnectionID, at now: Moment) {
    guard let worker = workerOfConnection.removeValue(forKey: connection) else { return }
    workers[worker]!.connection = nil
    for attempt in workers[worker]!.held {
      guard let position = positions[attempt.trial], let tenure = trials[position].tenure else { continue }
      trials[position].tenure!.leaseEnds = min(tenure.leaseEnds, now + settings.grace)
    }
    updateIdle(worker)
  }
}

extension WorkerRecord {
  init(_ worker: String, _ hello: WorkerHello) {
    id = worker
    name = hello.name
    host = hello.host
    pid = hello.pid
    program = hello.program
    instructionSet = hello.instructionSet
    threads = hello.threads
  }
}
