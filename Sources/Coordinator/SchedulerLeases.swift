internal import SweepProtocol
internal import Sweeps

// Time: leases, hung trials, assignments that never arrived, the coordinator's own stalls.

extension Scheduler {
  /// Goes through the attempts a worker says it holds: renews their leases, revokes those that are not its own,
  /// and sends again what it should hold but has not heard of.
  mutating func review(
    _ held: [HeldAttempt], of worker: String, on connection: ConnectionID, at now: Moment
  ) {
    var listed: Set<AttemptID> = []
    for item in held {
      listed.insert(item.attempt)
      guard let position = current(item.attempt, of: worker, at: now) else {
        if !isEnding(item, of: worker) {
          send(.revoke(item.attempt, revocation(of: item.attempt)), to: worker, on: connection)
        }
        continue
      }
      renew(position, item.progress, on: connection, at: now)
    }
    for attempt in workers[worker]!.held.subtracting(listed).sorted() {
      redeliver(attempt, at: now)
    }
  }

  /// The worker's own last word on the attempt has been applied, and its acknowledgement is under way.
  private func isEnding(_ item: HeldAttempt, of worker: String) -> Bool {
    guard item.progress.phase == .finishing, let position = positions[item.attempt.trial] else {
      return false
    }
    return trials[position].attempt == item.attempt && trials[position].worker == worker
  }

  /// Part of a trial between two measurements of its speed.
  private static let measuredPart = 0.02

  private mutating func renew(
    _ position: Int, _ progress: TrialProgress, on connection: ConnectionID, at now: Moment
  ) {
    var tenure = trials[position].tenure!
    if progress.work != tenure.progress.work || progress.phase == .finishing { tenure.worked = now }
    tenure.progress = progress
    tenure.leaseEnds = now + settings.lease
    tenure.confirmed = now
    tenure.redeliveries = 0
    trials[position].tenure = tenure
    trials[position].isExcused = false
    let done = trials[position].workDone
    // Steps of a trial taken too soon would measure the heartbeat rather than the worker.
    if trials[position].measured == nil
      || done - trials[position].measuredWork >= trials[position].plan.work.total * Self.measuredPart
    {
      measure(position, done, at: now)
    }
    guard tenure.worked.duration(to: now) > settings.hang else { return }
    let attempt = trials[position].attempt
    let seconds = settings.hang.components.seconds
    let worker = trials[position].worker!
    fail(
      position, "no progress for \(seconds) s; the trial hangs",
      detail: "while \(progress.phase.rawValue), epoch \(progress.epoch) of \(progress.epochs), step "
        + "\(progress.step) of \(progress.stepsPerEpoch)\n\(attempt), \(trials[position].plan.label), on \(name(worker))"
    )
    send(.revoke(attempt, .hung), to: worker, on: connection)
  }

  private mutating func redeliver(_ attempt: AttemptID, at now: Moment) {
    guard let position = positions[attempt.trial], let tenure = trials[position].tenure,
      tenure.confirmed.duration(to: now) >= settings.redelivery
    else { return }
    guard tenure.redeliveries < settings.redeliveries else {
      lose(position, "its worker does not take it up", excused: true)
      return
    }
    trials[position].tenure!.redeliveries += 1
    trials[position].tenure!.confirmed = now
    trials[position].tenure!.leaseEnds = now + settings.lease
    sendAssignment(position)
  }

  /// Extends leases when ticks have failed to come. Before anything else is done at that time: what a message renews
  /// is counted from now, and stands in no need of it.
  mutating func noticeStall(at now: Moment) {
    let gap = lastTick.duration(to: now)
    guard gap > settings.tick * 2 else { return }
    lastTick = now
    extend(by: gap - settings.tick)
  }

  mutating func tick(at now: Moment) {
    lastTick = now
    for position in running.sorted() {
      guard let tenure = trials[position].tenure, tenure.leaseEnds < now else { continue }
      let worker = trials[position].worker.map(name) ?? "its worker"
      lose(position, "\(worker) was not heard of for a lease")
    }
    noteStranded(at: now)
    let silence = min(settings.lease, max(settings.silence, settings.heartbeat * 2.5))
    for (worker, entry) in workers where entry.connection != nil {
      guard entry.heard + silence < now else { continue }
      workerOfConnection[entry.connection!] = nil
      workers[worker]!.connection = nil
      workers[worker]!.wantsTrial = false
      updateIdle(worker)
    }
  }

  /// The coordinator itself stood still: nobody's silence counts.
  private mutating func extend(by stall: Duration) {
    for position in running {
      guard var tenure = trials[position].tenure else { continue }
      tenure.leaseEnds = tenure.leaseEnds + stall
      tenure.worked = tenure.worked + stall
      tenure.confirmed = tenure.confirmed + stall
      trials[position].tenure = tenure
    }
    for worker in workers.keys { workers[worker]!.heard = workers[worker]!.heard + stall }
    log(.notice, "the coordinator stood still for \(stall.components.seconds) s; leases are extended")
  }

  mutating func shutDown(at now: Moment) {
    guard shutdownDeadline == nil else { return }
    shutdownDeadline = now + settings.shutdown
    log(.notice, "shutting down")
    for (worker, entry) in workers.sorted(by: { $0.key < $1.key }) where entry.introduced {
      if let connection = entry.connection { send(.drain, to: worker, on: connection) }
    }
  }

  mutating func endIfDone(at now: Moment) {
    guard let deadline = shutdownDeadline, !ended else { return }
    guard workerOfConnection.isEmpty || now >= deadline else { return }
    ended = true
    output.append(.end)
  }
}
