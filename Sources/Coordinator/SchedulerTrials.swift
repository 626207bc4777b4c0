internal import SweepProtocol
internal import Sweeps

// A trial's way: pending → running → over, and back.

extension Scheduler {
  mutating func restore(_ row: SchedulerRestoration.Trial, at now: Moment) {
    guard positions[row.plan.id] == nil else { return }
    var entry = TrialEntry(plan: row.plan)
    entry.state = row.state
    entry.attempts = row.attempts
    entry.worker = row.worker
    entry.lost = row.lost
    entry.origin = row.origin
    entry.losses = row.losses
    entry.failures = row.failures
    entry.error = row.error
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
    switch row.state {
    case .pending: pending.insert(position, row.plan, work: entry.workLeft)
    case .running:
      // Nobody knows how its worker fared while there was no coordinator.
      entry.isExcused = true
      entry.tenure = Tenure(leaseEnds: now + settings.lease, confirmed: now, worked: now)
      running.insert(position)
      if let worker = row.worker { workers[worker, default: WorkerEntry()].held.insert(entry.attempt) }
    case .completed, .diverged, .vanished, .stopped, .failed: break
    }
    trials.append(entry)
  }

  mutating func add(_ plans: [PlannedTrial]) {
    for plan in plans where positions[plan.id] == nil {
      positions[plan.id] = trials.count
      pending.insert(trials.count, plan, work: plan.work.total)
      counts.count(.pending)
      trials.append(TrialEntry(plan: plan))
    }
  }

  mutating func retry(_ ids: [String]) {
    for id in ids {
      guard let position = positions[id], [.failed, .stopped].contains(trials[position].state) else {
        continue
      }
      trials[position].failures = 0
      makePending(position)
    }
  }

  /// Gives the longest pending trial that an idle worker has the data for to the fastest of those, and so on.
  mutating func assignTrials(at now: Moment) {
    guard !pending.isEmpty, !idle.isEmpty, shutdownDeadline == nil else { return }
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
  private mutating func assign(_ position: Int, to worker: String, at now: Moment) {
    trials[position].losses = trials[position].lost ? trials[position].lossesInARow : 0
    trials[position].origin = trials[position].checkpoint?.descriptor.position
    trials[position].isExcused = false
    trials[position].attempts += 1
    trials[position].worker = worker
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
    log(.info, "\(name(worker)) takes \(trial.attempt), \(trial.plan.label)")
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
    pending.remove(position)
    begin(position, at: now)
    persist(.attemptReattached(attempt))
    persist(.trialState(trial: attempt.trial, .running, failures: trial.failures, error: nil))
    log(.notice, "\(name(worker)) goes on with \(attempt)")
    updateIdle(worker)
    return position
  }

  func revocation(of attempt: AttemptID) -> RevokeReason {
    positions[attempt.trial] == nil ? .unknown : .superseded
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
    workers[trials[position].worker!]!.results += 1
    persist(.result(report))
    persist(.attemptEnded(attempt, .result(outcome)))
    persist(
      .trialState(
        trial: attempt.trial, TrialState(outcome), failures: trials[position].failures, error: nil))
    log(.info, "\(trials[position].plan.label): \(outcome.rawValue)")
    noteIfOver()
  }

  mutating func noteIfOver() {
    if pending.isEmpty, running.isEmpty { log(.notice, "all \(trials.count) trials are over") }
  }

  /// - Parameter final: whether the trial is given up however few its failures are.
  mutating func fail(_ position: Int, _ line: String, final: Bool = false) {
    let attempt = trials[position].attempt
    persist(.attemptEnded(attempt, .failed(line)))
    trials[position].failures += 1
    let failures = trials[position].failures
    log(.warning, "\(attempt) failed on \(name(trials[position].worker!)): \(line)")
    trials[position].error = line
    if failures <= settings.retries, !final {
      makePending(position)
    } else {
      end(position)
      move(position, to: .failed)
      persist(.trialState(trial: attempt.trial, .failed, failures: failures, error: line))
      log(.warning, "\(trials[position].plan.label) is given up: \(line)")
    }
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
    trials[position].lost = true
  }

  mutating func makePending(_ position: Int) {
    end(position)
    move(position, to: .pending)
    pending.insert(position, trials[position].plan, work: trials[position].workLeft)
    persist(
      .trialState(
        trial: trials[position].plan.id, .pending, failures: trials[position].failures, error: nil))
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
    let isIdle =
      entry.introduced && !entry.left && entry.connection != nil && entry.wantsTrial && entry.held.isEmpty
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
