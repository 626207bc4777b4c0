internal import SweepProtocol
internal import Sweeps

// What people ask for.

extension Scheduler {
  /// Submissions are not for here: they need the store.
  mutating func answer(_ request: ClientRequest, to connection: ConnectionID, at now: Moment) {
    let reply: ClientReply
    do throws(TrialNameError) {
      switch request {
      case .status: reply = .status(tell(at: now))
      case .shutdown:
        output.append(.reply(.shuttingDown, to: connection))
        return shutDown(at: now)
      case .retry(let choice): reply = try retry(choice)
      case .cancel(let names): reply = try cancel(names)
      case .pause: reply = setPaused(true)
      case .resume: reply = setPaused(false)
      case .drain(let name): reply = drain(name)
      case .submit: reply = .refused("a sweep is submitted to a coordinator's store")
      }
    } catch {
      reply = .refused(error.description)
    }
    output.append(.reply(reply, to: connection))
  }

  private func find(_ names: [String]) throws(TrialNameError) -> [Int] {
    try TrialNames.positions(
      of: names, among: trials.map { TrialNames.Named(id: $0.plan.id, label: $0.plan.label) },
      in: sweeps.isEmpty ? "this coordinator" : sweeps.joined(separator: ", "))
  }

  /// For messages: `3 trials`.
  private func count(_ number: Int) -> String { number == 1 ? "1 trial" : "\(number) trials" }

  private func title(_ position: Int) -> String {
    "\(trials[position].plan.label) (\(trials[position].plan.id.prefix(12)))"
  }

  // MARK: - Retry

  private mutating func retry(_ choice: RetryChoice) throws(TrialNameError) -> ClientReply {
    var released = ""
    let chosen: [Int]
    switch choice {
    case .trials(let names):
      chosen = try find(names)
      if let other = chosen.first(where: { !isRetriable(trials[$0].state) }) {
        return .refused(
          "\(title(other)) is \(trials[other].state.rawValue): only failed, quarantined, cancelled and early stopped "
            + "trials are put back")
      }
    case .all: chosen = trials.indices.filter { isRetried($0) }
    case .host(let host):
      guard let entry = hosts[host] else {
        let known = hosts.keys.sorted().prefix(8).joined(separator: ", ")
        return .refused("no host is named \(host)" + (known.isEmpty ? "" : "; there are \(known)"))
      }
      chosen = trials.indices.filter { position in
        isRetried(position) && trials[position].failed.contains { $0.host == host }
      }
      if entry.quarantine != nil { released = "; host \(host) gets trials again" }
      release(host)
    }
    for position in chosen { putBack(position) }
    let line = "put \(count(chosen.count)) back\(released)"
    log(.notice, line)
    return .done(line)
  }

  /// Whether it is meant by those who name no trial.
  private func isRetried(_ position: Int) -> Bool {
    trials[position].state.isGivenUp && !trials[position].isWithdrawn
  }

  private func isRetriable(_ state: TrialState) -> Bool {
    state.isGivenUp || [.cancelled, .stopped].contains(state)
  }

  /// Its failures are forgotten, those that spoke against a host too.
  private mutating func putBack(_ position: Int) {
    // What it went on from in vain may be what is wrong.
    if trials[position].state.isGivenUp { dropCheckpoint(of: position, "the last attempt came no further") }
    for host in Set(trials[position].failed.map(\.host)) { hosts[host]?.suspects.remove(position) }
    trials[position].isWithdrawn = false
    trials[position].failed = []
    trials[position].failures = 0
    trials[position].error = nil
    trials[position].detail = ""
    makePending(position)
  }

  // MARK: - Cancel, pause, drain

  private mutating func cancel(_ names: [String]) throws(TrialNameError) -> ClientReply {
    let chosen = try find(names)
    if let over = chosen.first(where: { trials[$0].state.isOver && trials[$0].state != .cancelled }) {
      return .refused(
        "\(title(over)) is \(trials[over].state.rawValue): only pending and running trials are cancelled")
    }
    let open = chosen.filter { trials[$0].state != .cancelled }
    let running = open.count { trials[$0].state == .running }
    for position in open { cancel(position) }
    let line = "cancelled \(count(open.count))" + (running > 0 ? ", \(running) of them running" : "")
    log(.notice, line)
    return .done(line)
  }

  private mutating func setPaused(_ pauses: Bool) -> ClientReply {
    if paused != pauses {
      paused = pauses
      persist(.paused(pauses))
      log(.notice, pauses ? "paused" : "resumed")
    }
    let going = running.count
    return .done(
      !pauses
        ? "trials are handed out"
        : "no trials are handed out"
          + (going > 0 ? "; \(count(going)) running \(going == 1 ? "goes" : "go") on" : ""))
  }

  private mutating func drain(_ wanted: String) -> ClientReply {
    let present = workers.filter { $0.value.introduced && !$0.value.left }
    let named = present.filter { $0.value.record.name == wanted }
    // Of one that died and was started again under its name, the living is meant.
    let living = named.filter { $0.value.connection != nil || !$0.value.held.isEmpty }
    let found =
      named.isEmpty
      ? present.filter { !wanted.isEmpty && $0.key.hasPrefix(wanted.lowercased()) }
      : living.isEmpty ? named : living
    guard found.count == 1, let (worker, entry) = found.first else {
      let choices = (found.isEmpty ? present : found).sorted { $0.key < $1.key }
        .map { "\($0.key.prefix(8)) (\($0.value.record.name) on \($0.value.record.host))" }
      let listed = choices.prefix(8).joined(separator: ", ") + (choices.count > 8 ? ", …" : "")
      return .refused(
        found.isEmpty
          ? "no worker has the name \(wanted), or an id beginning so"
            + (listed.isEmpty ? "" : "; there are \(listed)")
          : "\(found.count) workers are \(wanted): name one by its id: \(listed)")
    }
    workers[worker]!.draining = true
    updateIdle(worker)
    log(.notice, "\(name(worker)) is asked to leave")
    guard let connection = entry.connection else {
      return .done(
        "\(name(worker)) is not connected; it is asked to leave when it comes back, unless this coordinator is started "
          + "again before")
    }
    send(.drain, to: worker, on: connection)
    return .done(
      "\(name(worker)) \(entry.held.isEmpty ? "leaves" : "gives its trial back with a checkpoint and leaves")"
    )
  }
}
