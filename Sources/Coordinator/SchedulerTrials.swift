internal import SweepProtocol
internal import Sweeps

// A trial's way: pending → running → over, and back.

extension Scheduler {
  mutating func restore(_ row: SchedulerRestoration.Trial, at now: Moment) {
    if let known = positions[row.plan.id] { return readmit(known) }
    var entry = TrialEntry(plan: row.plan)
    entry.state = row.state
    entry.attempts = row.attempts
    entry.worker = row.worker
    entry.host = row.host
    entry.lost = row.lost
    entry.origin = row.origin
    entry.losses = row.losses
    entry.failures = row.failures
    entry.failed = row.failed.suffix(row.failures)
    entry.error = row.error
    entry.detail = row.detail
    entry.checkpoint = row.checkpoint
    let position = trials.count
    positions[row.plan.id] = position
    counts.count(row.state)
    if row.attempts > 0 { costs.begin(row.plan.work.total, family: row.plan.work.family) }
    if let attempt = row.measured {
      costs.observe(
        entry.workLeft(from: attempt.origin), took: attempt.seconds, family: row.plan.work.family,
        worker: attempt.worker)
    }
    trials.append(entry)
    switch row.state {
    case .pending: enqueue(position)
    case .running:
      // Nobody knows how its worker fared while there was no coordinator.
      trials[position].isExcused = true
      trials[position].tenure = Tenure(leaseEnds: now + settings.lease, confirmed: now, worked: now)
      running.insert(position)
      if let worker = row.worker { workers[worker, default: WorkerEntry()].held.insert(entry.attempt) }
    case .completed, .diverged, .vanished, .stopped, .failed, .quarantined, .cancelled: break
    }
    suspectHosts(of: position)
  }

  mutating func add(_ plans: [PlannedTrial]) {
    for plan in plans where positions[plan.id] == nil {
      positions[plan.id] = trials.count
      pending.insert(trials.count, plan, work: plan.work.total)
      counts.count(.pending)
      trials.append(TrialEntry(plan: plan))
    }
  }

  /// Gives the longest pending trial that an idle worker has the data for to the fastest of those, and so on; trials
  /// that failed before go first.
  mutating func assignTrials(at now: Moment) {
    guard !idle.isEmpty, !paused, shutdownDeadline == nil else { return }
    assignRetries(at: now)
    while let (position, worker) = idle.match(pending, by: costs) {
      pending.remove(position)
      assign(position, to: worker, at: now)
    }
    guard !idle.isEmpty else { return }
    for dataset in pending.datasets where missingDatasets.insert(dataset).inserted {
      log(.notice, "workers are idle, but none of them has \(dataset): start one with --data")
    }
  }

  /// Begins the next attempt at a trial that is neither pending nor running any more.
  mutating func assign(_ position: Int, to worker: String, at now: Moment) {
    trials[position].losses = trials[position].lost ? trials[position].lossesInARow : 0
    trials[position].origin = trials[position].checkpoint?.descriptor.position
    trials[position].isExcused = false
    trials[position].attempts += 1
    trials[position].worker = worker
    trials[position].host = workers[worker]!.record.host
    begin(position, at: now)
    trials[position].measuredWork = trials[position].workDone
    trials[position].measured = now
    let trial = trials[position]
    if trial.attempts == 1 { costs.begin(trial.plan.work.total, family: trial.plan.work.family) }
    persist(
      .attemptStarted(trial.attempt, worker: worker, resumedFrom: trial.checkpoint?.descriptor.position))
    persist(.trialState(trial: trial.plan.id, .running, failures: trial.failures, error: nil))
    workers[worker]!.wantsTrial = false
    updateIdle(worker)
    sendAssignment(position)
    if settings.logsTrials { log(.info, "\(name(worker)) takes \(trial.attempt), \(trial.plan.label)") }
  }

  /// Makes the trial's last attempt the current one, held by its worker.
  private mutating func begin(_ position: Int, at now: Moment) {
    move(position, to: .running)
    trials[position].lost = false
    trials[position].measured = nil
    trials[position].tenure = Tenure(leaseEnds: now + settings.lease, confirmed: now, worked: now)
    running.insert(position)
    workers[trials[position].worker!]!.held.insert(trials[position].attempt)
  }

  /// Makes the trial's last attempt, which has ended, the current one again.
  mutating func reopen(_ position: Int, at now: Moment) {
    if trials[position].state == .pending { dequeue(position) }
    begin(position, at: now)
  }

  mutating func sendAssignment(_ position: Int) {
    let trial = trials[position]
    guard let worker = trial.worker, let connection = workers[worker]?.connection else { return }
    let assignment = Assignment(
      attempt: trial.attempt, label: trial.plan.label, configuration: trial.plan.configuration,
      checkpoint: trial.checkpoint?.descriptor)
    send(.assign(assignment), to: worker, on: connection)
  }

  /// The attempt's position if it is its trial's current one and the worker's own. A lost one that no other has
  /// followed becomes current again.
  mutating func current(_ attempt: AttemptID, of worker: String, at now: Moment) -> Int? {
    guard let position = positions[attempt.trial] else { return nil }
    let trial = trials[position]
    guard trial.attempts == attempt.number, trial.worker == worker else { return nil }
    if trial.state == .running { return position }
    guard trial.state == .pending, trial.lost, workers[worker] != nil else { return nil }
    dequeue(position)
    begin(position, at: now)
    persist(.attemptReattached(attempt))
    persist(.trialState(trial: attempt.trial, .running, failures: trial.failures, error: nil))
    log(.notice, "\(name(worker)) goes on with \(attempt)")
    updateIdle(worker)
    return position
  }

  func revocation(of attempt: AttemptID) -> RevokeReason {
    guard let position = positions[attempt.trial] else { return .unknown }
    return trials[position].state == .cancelled ? .cancelled : .superseded
  }

  mutating func complete(
    _ position: Int, _ report: AttemptReport, _ outcome: TrialOutcome, at now: Moment
  ) {
    let attempt = trials[position].attempt
    let work = trials[position].plan.work
    if outcome == .diverged {
      costs.spare(work.total - trials[position].workDone, family: work.family)
    } else {
      measure(position, work.total, at: now)
    }
    end(position)
    move(position, to: TrialState(outcome))
    noteEnd(of: position, failed: false)
    workers[trials[position].worker!]!.results += 1
    persist(.result(report))
    persist(.attemptEnded(attempt, .result(outcome)))
    persist(
      .trialState(
        trial: attempt.trial, TrialState(outcome), failures: trials[position].failures, error: nil))
    if settings.logsTrials { log(.info, "\(trials[position].plan.label): \(outcome.rawValue)") }
    noteIfOver()
  }

  mutating func noteIfOver() {
    if pending.isEmpty, retries.isEmpty, running.isEmpty {
      log(.notice, "all \(counts.total) trials are over")
    }
  }

  /// The current attempt failed. Its trial is tried again, but for an error that came on another host before.
  ///
  /// - Parameters:
  ///   - detail: the error in full.
  ///   - final: whether the trial is given up however few its failures are.
  mutating func fail(_ position: Int, _ line: String, detail: String = "", final: Bool = false) {
    let attempt = trials[position].attempt
    persist(.attemptEnded(attempt, .failed(line, detail: detail)))
    log(.warning, "\(attempt) failed on \(name(trials[position].worker!)): \(line)")
    let failure = FailedAttempt(host: trials[position].host, line: line)
    let isPoison = trials[position].failed.contains { $0.cause == failure.cause && $0.host != failure.host }
    trials[position].failures += 1
    trials[position].failed.append(failure)
    trials[position].error = line
    trials[position].detail = detail
    if isPoison {
      giveUp(position, .quarantined)
    } else if trials[position].failures <= settings.retries, !final {
      makePending(position)
    } else {
      giveUp(position, .failed)
    }
    noteEnd(of: position, failed: true)
  }

  private mutating func giveUp(_ position: Int, _ state: TrialState) {
    end(position)
    move(position, to: state)
    let trial = trials[position]
    persist(.trialState(trial: trial.plan.id, state, failures: trial.failures, error: trial.error))
    let how = state == .quarantined ? "quarantined, the same error came on two hosts" : "given up"
    log(.warning, "\(trial.plan.label) is \(how): \(trial.error ?? "")")
  }

  /// Takes a trial back from its worker, or from those that wait.
  mutating func cancel(_ position: Int) {
    readmit(position)
    let trial = trials[position]
    if trial.state == .running {
      persist(.attemptEnded(trial.attempt, .cancelled))
      if let worker = trial.worker, let connection = workers[worker]?.connection {
        send(.revoke(trial.attempt, .cancelled), to: worker, on: connection)
      }
    } else {
      dequeue(position)
    }
    end(position)
    move(position, to: .cancelled)
    persist(.trialState(trial: trial.plan.id, .cancelled, failures: trial.failures, error: nil))
  }

  /// The current attempt is lost; its worker may take it up again until another begins. The last loss a trial may
  /// have ends its attempt as a failure instead, so that the rows show where a count after `retry` starts.
  ///
  /// - Parameter excused: it is no sign that the trial killed its worker.
  mutating func lose(_ position: Int, _ why: String, excused: Bool = false) {
    let attempt = trials[position].attempt
    if excused { trials[position].isExcused = true }
    if !trials[position].isExcused, trials[position].lossesInARow >= settings.losses {
      log(.notice, "\(attempt) is lost: \(why)")
      fail(position, "its worker died \(settings.losses) times without progress", final: true)
      return
    }
    persist(.attemptEnded(attempt, .lost))
    log(.notice, "\(attempt) is lost: \(why)")
    if let worker = trials[position].worker { workers[worker]!.wantsTrial = false }
    makePending(position)
    trials[position].lost = !trials[position].isWithdrawn
  }

  mutating func makePending(_ position: Int) {
    end(position)
    move(position, to: .pending)
    if trials[position].isWithdrawn { shelve(position) } else { enqueue(position) }
    persist(
      .trialState(
        trial: trials[position].plan.id, .pending, failures: trials[position].failures, error: nil))
  }

  /// Lets a trial wait for a worker.
  mutating func enqueue(_ position: Int) {
    if trials[position].failed.isEmpty {
      pending.insert(position, trials[position].plan, work: trials[position].workLeft)
    } else {
      retries.insert(position)
    }
  }

  mutating func dequeue(_ position: Int) {
    if retries.remove(position) == nil { pending.remove(position) }
  }

  mutating func move(_ position: Int, to state: TrialState) {
    counts.count(trials[position].state, -1)
    trials[position].state = state
    counts.count(state)
  }

  /// The running trial's work has come so far: what was done since it was last measured says how fast its worker is.
  mutating func measure(_ position: Int, _ done: Double, at now: Moment) {
    let trial = trials[position]
    if let since = trial.measured, let worker = trial.worker {
      costs.observe(
        done - trial.measuredWork, took: since.duration(to: now) / .seconds(1),
        family: trial.plan.work.family,
        worker: worker)
    }
    trials[position].measured = now
    trials[position].measuredWork = done
  }

  /// Takes the trial from its worker.
  mutating func end(_ position: Int) {
    running.remove(position)
    trials[position].tenure = nil
    trials[position].lost = false
    guard let worker = trials[position].worker else { return }
    workers[worker]?.held.remove(trials[position].attempt)
    updateIdle(worker)
  }

  /// Keeps `idle` true to the worker's state; called whenever that changes.
  mutating func updateIdle(_ worker: String) {
    guard let entry = workers[worker] else { return }
    updatePresence(of: worker)
    let isIdle =
      entry.introduced && !entry.left && entry.connection != nil && entry.wantsTrial && entry.held.isEmpty
      && !entry.draining && hosts[entry.record.host]?.quarantine == nil
    if isIdle {
      idle.insert(worker, datasets: entry.datasets, slowness: costs.slowness(of: worker))
    } else {
      idle.remove(worker)
    }
  }
}

extension TrialState {
  init(_ outcome: TrialOutcome) {
    self =
      switch outcome {
      case .completed: .completed
      case .diverged: .diverged
      case .vanished: .vanished
      }
  }
}
