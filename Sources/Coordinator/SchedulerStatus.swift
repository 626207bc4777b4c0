public import SweepProtocol

extension Scheduler {
  /// Trials given up that a status tells of at most.
  private static let mostGivenUp = 20

  /// The sweep as it stands: workers by name, running trials in the order of the sweep.
  public func status(at now: Moment) -> ClusterStatus {
    var status = ClusterStatus()
    status.sweep = sweeps.joined(separator: ", ")
    status.counts = counts
    if counts.failed + counts.quarantined > 0 { status.givenUp = givenUp() }
    status.paused = paused
    status.quarantinedHosts = hosts.compactMap { host, entry in
      entry.quarantine.map { QuarantinedHost(host: host, reason: $0) }
    }.sorted { $0.host < $1.host }
    status.elapsed = started.duration(to: now).inSeconds
    status.stopping = shutdownDeadline != nil
    status.workers.reserveCapacity(roll.count)
    for id in roll.ids { status.workers.append(line(id, workers[id]!, at: now)) }
    for position in running.sorted() {
      let trial = trials[position]
      guard let tenure = trial.tenure, let worker = trial.worker else { continue }
      status.running.append(
        RunningTrial(
          attempt: trial.attempt, label: trial.plan.label,
          worker: workers[worker]?.record.name ?? "", progress: tenure.progress))
      status.imagesPerSecond += tenure.progress.imagesPerSecond
    }
    status.secondsLeft = secondsLeft(at: now)
    return status
  }

  /// The status for one of many who ask: all that ask at once are told the same, kept once.
  mutating func tell(at now: Moment) -> ClusterStatus {
    if let told, told.at == now { return told.status }
    let status = status(at: now)
    told = (status, now)
    return status
  }

  private func givenUp() -> [GivenUpTrial] {
    trials.lazy.filter(\.state.isGivenUp).prefix(Self.mostGivenUp).map { trial in
      GivenUpTrial(
        trial: trial.plan.id, label: trial.plan.label, isQuarantined: trial.state == .quarantined,
        line: trial.error ?? "", detail: trial.detail)
    }
  }

  private func line(_ id: String, _ worker: WorkerEntry, at now: Moment) -> WorkerStatus {
    var line = WorkerStatus()
    line.id = id
    line.name = worker.record.name
    line.host = worker.record.host
    line.pid = worker.record.pid
    line.instructionSet = worker.record.instructionSet
    line.threads = worker.record.threads
    line.silence = max(0, worker.heard.duration(to: now).inSeconds)
    line.connected = worker.connection != nil
    line.attempt = worker.held.min()
    line.results = worker.results
    return line
  }
}

extension TrialCounts {
  mutating func count(_ state: TrialState, _ change: Int = 1) {
    switch state {
    case .pending: pending += change
    case .running: running += change
    case .completed: completed += change
    case .diverged: diverged += change
    case .vanished: vanished += change
    case .stopped: stopped += change
    case .failed: failed += change
    case .quarantined: quarantined += change
    case .cancelled: cancelled += change
    }
  }
}

extension Duration {
  fileprivate var inSeconds: Double { self / .seconds(1) }
}
