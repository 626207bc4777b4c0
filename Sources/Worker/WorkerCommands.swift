internal import Logging
internal import SweepProtocol
internal import Sweeps
internal import ZeroMQ

extension WorkerService {
  func carryOut(_ command: WorkerSession.Command) {
    switch command {
    case .connect: open(.messages, at: options.endpoint)
    case .disconnect:
      isJoined = false
      close(.messages)
    case .send(var envelope):
      if case .hello(var hello) = envelope.message {
        hello.clock = options.clock()
        envelope.message = .hello(hello)
      }
      send(SplitFrame(head: Wire.encode(envelope)), by: .messages)
    case .startTrial(let assignment): start(assignment)
    case .cancelTrial(let attempt): ask(.cancel, of: attempt)
    case .stopAndCheckpoint(let attempt): ask(.checkpointAndStop, of: attempt)
    case .uploadCheckpoint(let attempt, let descriptor):
      guard let bytes = files[attempt]?[descriptor] else {
        return handle(.uploadEnded(attempt, descriptor, .refused(.storage, "the worker has it no more")))
      }
      apply(transfers.upload(attempt, descriptor, bytes, at: now))
    case .downloadCheckpoint(let attempt, let descriptor):
      apply(transfers.download(attempt, descriptor, at: now))
    case .discard(let attempt):
      files[attempt] = nil
      downloads[attempt] = nil
      apply(transfers.discard(attempt))
    case .exit(let status, let line):
      finish(WorkerEnding(status: isRefused ? WorkerEnding.refused : status, line: line))
    case .log(let level, let line): log(level, line)
    }
  }

  /// For reports of failures.
  private var place: String {
    let who = options.settings.introduction
    return "\(who.host), worker \(who.name), process \(who.pid)"
  }

  private func start(_ assignment: Assignment) {
    logger.info("\(assignment.attempt) begins: \(assignment.label)")
    let bytes = assignment.checkpoint == nil ? nil : downloads.removeValue(forKey: assignment.attempt)
    if options.runner.isInstant {
      TrialThread.run(assignment, checkpoint: bytes, runner: options.runner, place: place) {
        [weak self] report in
        self?.assumeIsolated { $0.take(report) }
      }
      return
    }
    trial = TrialThread.start(assignment, checkpoint: bytes, runner: options.runner, place: place) {
      [weak self, loop] report in
      loop.post { [weak self] in self?.assumeIsolated { $0.take(report) } }
    }
  }

  private func ask(_ request: TrialControl.Request, of attempt: AttemptID) {
    if let trial, trial.attempt == attempt { trial.control.ask(request) }
  }

  private func take(_ report: TrialThread.Report) {
    switch report.event {
    case .checkpoint(let attempt, let descriptor):
      // Only the newest is ever offered; one being uploaded is held by its transfer.
      files[attempt] = report.bytes.map { [descriptor: $0] }
    case .finished(let ended):
      trial = nil
      switch ended.ending {
      case .result(let outcome, _): logger.info("\(ended.attempt) ends: \(outcome.rawValue)")
      case .failure(let line): logger.error("\(ended.attempt) failed: \(line)")
      }
    case .stopped(let attempt):
      trial = nil
      logger.info("\(attempt) is stopped")
    case .checkpointUnusable: trial = nil
    case .progress, .snapshot: break
    }
    handle(.runner(report.event))
  }

  /// Sends what the transfers ask for, and tells the session which of them ended.
  func apply(_ outcome: CheckpointTransfers.Outcome) {
    for request in outcome.requests {
      let (head, bytes) = Wire.encodeSplit(request)
      send(SplitFrame(head: head, body: bytes), by: .checkpoints)
    }
    for ended in outcome.ended {
      if let bytes = ended.downloaded { downloads[ended.attempt] = bytes }
      if case .uploadEnded(let attempt, let descriptor, .done) = ended.event {
        files[attempt]?[descriptor] = nil
      }
      handle(ended.event)
    }
  }

  private func log(_ level: WorkerSession.LogLevel, _ line: String) {
    switch level {
    case .info: logger.info("\(line)")
    case .notice: logger.notice("\(line)")
    case .warning: logger.warning("\(line)")
    }
  }
}
