internal import SweepProtocol

// An attempt's way through the worker.

extension WorkerSession {
  struct Job: Sendable {
    enum Stage: Hashable, Sendable {
      /// In the queue.
      case waiting
      /// Its checkpoint is being downloaded; nil: to be asked for again from then on.
      case fetching(retry: Moment?)
      case running
      /// The runner is done; the report waits for the last checkpoint to be stored.
      case reporting(AttemptReport)
      /// The runner stopped; the same.
      case returning(ReleaseReason)
      /// The last word is in the spool under this sequence number.
      case delivered(UInt64)
    }
    var assignment: Assignment
    var stage = Stage.waiting
    /// Revoked: it counts for nothing, and is forgotten when the runner stops.
    var dropped = false
    /// What the runner was stopped for: the attempt's end, whatever the runner says.
    var failure: AttemptReport?
    var progress = TrialProgress()
    /// Its last delivery.
    var lastSequence: UInt64 = 0
    /// The newest checkpoint not yet stored, and the delivery that must be acknowledged before it: a takeover
    /// from a checkpoint never takes again the snapshots before it.
    var checkpoint: (descriptor: CheckpointDescriptor, after: UInt64)?
    var uploading: CheckpointDescriptor?
    /// No upload is begun before.
    var retry: Moment?
    var failedUploads = 0
    var failedDownloads = 0

    /// As hello and heartbeats tell it.
    var told: TrialProgress {
      var told = progress
      switch stage {
      case .waiting, .fetching: told.phase = .preparing
      case .running: break
      case .reporting, .returning, .delivered: told.phase = .finishing
      }
      return told
    }
  }

  var heldAttempts: [HeldAttempt] {
    jobs.filter { !$0.value.dropped }.sorted { $0.key < $1.key }
      .map { HeldAttempt($0.key, progress: $0.value.told) }
  }

  mutating func accept(_ assignment: Assignment, at now: Moment) {
    let attempt = assignment.attempt
    guard attempt.number > seen[attempt.trial, default: 0] else { return }
    seen[attempt.trial] = attempt.number
    for old in jobs.keys.sorted() where old.trial == attempt.trial { drop(old, at: now) }
    jobs[attempt] = Job(assignment: assignment)
    if stopping == nil {
      queue.append(attempt)
      startNext(at: now)
    } else {
      giveBack(attempt, at: now)
    }
  }

  /// Starts the next attempt if the runner is free; with none to start, says at once that the worker is idle.
  private mutating func startNext(at now: Moment) {
    guard occupant == nil else { return }
    guard !queue.isEmpty else {
      sendHeartbeat(at: now)
      return
    }
    let attempt = queue.removeFirst()
    occupant = attempt
    if let checkpoint = jobs[attempt]!.assignment.checkpoint {
      jobs[attempt]!.stage = .fetching(retry: nil)
      output.append(.downloadCheckpoint(attempt, checkpoint))
    } else {
      start(attempt)
    }
  }

  private mutating func start(_ attempt: AttemptID) {
    jobs[attempt]!.stage = .running
    jobs[attempt]!.progress.checkpoint = jobs[attempt]!.assignment.checkpoint?.position
    output.append(.startTrial(jobs[attempt]!.assignment))
  }

  mutating func endDownload(of attempt: AttemptID, _ end: TransferEnd, at now: Moment) {
    guard let job = jobs[attempt], case .fetching(retry: nil) = job.stage else { return }
    switch end {
    case .done: start(attempt)
    case .refused(.superseded, _): drop(attempt, at: now)
    case .refused(.storage, let line) where job.failedDownloads < settings.transferRetries:
      // It may be one transfer too many for the moment; to begin anew would cost all that was trained.
      log(.warning, "the checkpoint of \(attempt) is asked for again: \(line)")
      jobs[attempt]!.failedDownloads += 1
      jobs[attempt]!.stage = .fetching(retry: now + settings.longestWait)
    case .refused(_, let line):
      log(.warning, "\(attempt) begins anew, its checkpoint cannot be had: \(line)")
      jobs[attempt]!.assignment.checkpoint = nil
      start(attempt)
    case .interrupted: jobs[attempt]!.stage = .fetching(retry: now + settings.firstWait)
    }
  }

  mutating func take(_ event: RunnerEvent, at now: Moment) {
    switch event {
    case .progress(let attempt, let progress):
      guard isRunning(attempt) else { return }
      let previous = jobs[attempt]!.progress
      jobs[attempt]!.progress = progress
      jobs[attempt]!.progress.checkpoint = previous.checkpoint
      // So that whoever looks on sees the trial's turns as they happen.
      if (progress.phase, progress.epoch) != (previous.phase, previous.epoch) { sendHeartbeat(at: now) }
    case .snapshot(let attempt, let snapshot):
      guard isRunning(attempt) else { return }
      if let line = Wire.objection(to: snapshot) {
        // Sent, it would end the connection, again and again.
        jobs[attempt]!.failure = AttemptReport(attempt, .failure(line))
        output.append(.cancelTrial(attempt))
        return
      }
      jobs[attempt]!.lastSequence = deliver(.snapshot(attempt, snapshot), at: now)
    case .checkpoint(let attempt, let descriptor):
      guard isRunning(attempt) else { return }
      jobs[attempt]!.checkpoint = (descriptor, jobs[attempt]!.lastSequence)
      settle(attempt, at: now)
    case .finished(let report):
      endRun(of: report.attempt, .reporting(report), at: now)
    case .stopped(let attempt):
      endRun(of: attempt, .returning(stopping?.reason ?? .preempted), at: now)
    case .checkpointUnusable(let attempt, let line):
      log(.warning, "\(attempt) is given back: \(line)")
      endRun(of: attempt, .returning(.unusableCheckpoint), at: now)
    }
  }

  private func isRunning(_ attempt: AttemptID) -> Bool {
    jobs[attempt].map { $0.stage == .running && !$0.dropped && $0.failure == nil } ?? false
  }

  private mutating func endRun(of attempt: AttemptID, _ stage: Job.Stage, at now: Moment) {
    guard occupant == attempt, let job = jobs[attempt], job.stage == .running else { return }
    occupant = nil
    if job.dropped {
      forget(attempt)
    } else {
      jobs[attempt]!.stage = job.failure.map { .reporting($0) } ?? stage
      settle(attempt, at: now)
    }
    startNext(at: now)
  }

  /// Drops an attempt that is not the worker's any more. Its deliveries stay in the spool, to be acknowledged
  /// like all others, so that the sequence has no gap.
  mutating func drop(_ attempt: AttemptID, at now: Moment) {
    seen[attempt.trial] = max(seen[attempt.trial, default: 0], attempt.number)
    guard let job = jobs[attempt], !job.dropped else { return }
    queue.removeAll { $0 == attempt }
    if job.stage == .running {
      jobs[attempt]!.dropped = true
      output.append(.cancelTrial(attempt))
      return
    }
    forget(attempt)
    if occupant == attempt {
      occupant = nil
      startNext(at: now)
    }
  }

  private mutating func forget(_ attempt: AttemptID) {
    jobs[attempt] = nil
    output.append(.discard(attempt))
  }

  /// Gives an attempt back that the runner does not work on.
  mutating func giveBack(_ attempt: AttemptID, at now: Moment) {
    jobs[attempt]!.stage = .returning(stopping?.reason ?? .stopping)
    settle(attempt, at: now)
  }

  mutating func settleAll(at now: Moment) {
    for attempt in jobs.keys.sorted() { settle(attempt, at: now) }
  }

  /// Does what has become possible for the attempt: fetch, upload, last word, forgetting it.
  mutating func settle(_ attempt: AttemptID, at now: Moment) {
    guard let job = jobs[attempt], !job.dropped else { return }
    if case .fetching(let retry?) = job.stage, link == .joined, now >= retry,
      let checkpoint = job.assignment.checkpoint
    {
      jobs[attempt]!.stage = .fetching(retry: nil)
      output.append(.downloadCheckpoint(attempt, checkpoint))
    }
    beginUpload(attempt, at: now)
    sendLastWord(attempt, at: now)
    if case .delivered(let sequence) = jobs[attempt]!.stage, sequence <= acknowledged { forget(attempt) }
  }

  private mutating func sendLastWord(_ attempt: AttemptID, at now: Moment) {
    let job = jobs[attempt]!
    let saved = job.checkpoint == nil && job.uploading == nil
    switch job.stage {
    case .reporting(let report):
      if case .result = report.ending, !saved { return }
      jobs[attempt]!.stage = .delivered(deliver(.finished(report), at: now))
    case .returning(let reason):
      guard saved else { return }
      jobs[attempt]!.stage = .delivered(deliver(.released(attempt, reason), at: now))
    case .waiting, .fetching, .running, .delivered: break
    }
  }
}
