public import SweepProtocol

extension Scheduler {
  mutating func answer(_ request: ClientRequest, to connection: ConnectionID, at now: Moment) {
    switch request {
    case .status:
      output.append(.reply(.status(status(at: now)), to: connection))
    case .shutdown:
      output.append(.reply(.shuttingDown, to: connection))
      shutDown(at: now)
    }
  }

  /// The sweep as it stands: workers by name, running trials in the order of the sweep.
  public func status(at now: Moment) -> ClusterStatus {
    var status = ClusterStatus()
    status.sweep = settings.sweep
    status.counts = counts
    status.elapsed = started.duration(to: now).inSeconds
    status.stopping = shutdownDeadline != nil
    for (id, worker) in workers where worker.introduced && !worker.left {
      status.workers.append(line(id, worker, at: now))
    }
    status.workers.sort { ($0.name, $0.id) < ($1.name, $1.id) }
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
    }
  }
}

extension Duration {
  fileprivate var inSeconds: Double { self / .seconds(1) }
}
