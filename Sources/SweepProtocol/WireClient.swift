extension WireClientRequest {
  init(_ value: ClientRequest) {
    switch value {
    case .status: status = WireStatusRequest()
    case .shutdown: shutdown = WireShutdownRequest()
    case .retry(let choice): retry = WireRetryRequest(choice)
    case .cancel(let names): cancel = WireTrialNames(names)
    case .pause: pause = true
    case .resume: pause = false
    case .drain(let worker): drain = shortened(worker, to: TextLimit.name)
    case .submit(.sweep(let value)): submitSweep = WireSubmitSweep(value)
    case .submit(.trials(let value)): submitTrials = WireSubmitTrials(value)
    case .submit(.end(let submission)): submitEnd.submission = submission
    }
  }

  func value() throws(WireError) -> ClientRequest {
    switch request {
    case .status: .status
    case .shutdown: .shutdown
    case .retry(let wire): .retry(try wire.value())
    case .cancel(let wire): .cancel(try wire.value())
    case .pause(let pauses): pauses ? .pause : .resume
    case .drain(let worker): .drain(try checked(worker, "drain", upTo: TextLimit.name))
    case .submitSweep(let wire): .submit(.sweep(try wire.value()))
    case .submitTrials(let wire): .submit(.trials(try wire.value()))
    case .submitEnd(let wire):
      .submit(.end(submission: try checkedUUID(wire.submission, "submit.submission")))
    case nil: throw .field("request", "is missing")
    }
  }
}

extension WireRetryRequest {
  init(_ value: RetryChoice) {
    switch value {
    case .trials(let names): trials = WireTrialNames(names)
    case .all: all = true
    case .host(let name): host = shortened(name, to: TextLimit.name)
    }
  }

  func value() throws(WireError) -> RetryChoice {
    switch choice {
    case .trials(let wire): return .trials(try wire.value())
    case .all(let all):
      guard all else { throw .field("retry.all", "is false") }
      return .all
    case .host(let name): return .host(try checked(name, "retry.host", upTo: TextLimit.name))
    case nil: throw .field("retry.choice", "is missing")
    }
  }
}

extension WireTrialNames {
  init(_ names: [String]) { self.names = names.map { shortened($0, to: TextLimit.label) } }

  func value() throws(WireError) -> [String] {
    try checkCount(names.count, "names", upTo: NumberLimit.names)
    for name in names { _ = try checked(name, "names", upTo: TextLimit.label) }
    return names
  }
}

extension WireClientReply {
  init(_ value: ClientReply) {
    switch value {
    case .status(let value): status = WireStatus(value)
    case .shuttingDown: shuttingDown = WireShuttingDown()
    case .refused(let line): refused = shortened(line, to: TextLimit.line)
    case .done(let line): done = shortened(line, to: TextLimit.line)
    case .received(let value): received = WireSubmitReceipt(value)
    }
  }

  func value() throws(WireError) -> ClientReply {
    switch reply {
    case .status(let wire): .status(try wire.value())
    case .shuttingDown: .shuttingDown
    case .refused(let line): .refused(try checked(line, "refused", upTo: TextLimit.line))
    case .done(let line): .done(try checked(line, "done", upTo: TextLimit.line))
    case .received(let wire): .received(try wire.value())
    case nil: throw .field("reply", "is missing")
    }
  }
}

extension WireStatus {
  init(_ value: ClusterStatus) {
    sweep = shortened(value.sweep, to: TextLimit.name)
    pending = UInt64(clamping: value.counts.pending)
    running = UInt64(clamping: value.counts.running)
    completed = UInt64(clamping: value.counts.completed)
    diverged = UInt64(clamping: value.counts.diverged)
    vanished = UInt64(clamping: value.counts.vanished)
    stopped = UInt64(clamping: value.counts.stopped)
    failed = UInt64(clamping: value.counts.failed)
    quarantined = UInt64(clamping: value.counts.quarantined)
    cancelled = UInt64(clamping: value.counts.cancelled)
    elapsed = boundedAmount(value.elapsed)
    imagesPerSecond = boundedAmount(value.imagesPerSecond)
    if let left = value.secondsLeft { secondsLeft = boundedAmount(left) }
    workers = value.workers.map { WireWorkerLine($0) }
    runningTrials = value.running.map { WireRunningLine($0) }
    stopping = value.stopping
    paused = value.paused
    quarantinedHosts = value.quarantinedHosts.map { WireHostLine($0) }
    givenUp = value.givenUp.map { WireGivenUpLine($0) }
  }

  func value() throws(WireError) -> ClusterStatus {
    var value = ClusterStatus()
    value.sweep = try checked(sweep, "status.sweep", upTo: TextLimit.name)
    value.counts.pending = try checked(pending, "status.pending", upTo: NumberLimit.trials)
    value.counts.running = try checked(running, "status.running", upTo: NumberLimit.trials)
    value.counts.completed = try checked(completed, "status.completed", upTo: NumberLimit.trials)
    value.counts.diverged = try checked(diverged, "status.diverged", upTo: NumberLimit.trials)
    value.counts.vanished = try checked(vanished, "status.vanished", upTo: NumberLimit.trials)
    value.counts.stopped = try checked(stopped, "status.stopped", upTo: NumberLimit.trials)
    value.counts.failed = try checked(failed, "status.failed", upTo: NumberLimit.trials)
    value.counts.quarantined = try checked(
      quarantined, "status.quarantined", upTo: NumberLimit.trials)
    value.counts.cancelled = try checked(cancelled, "status.cancelled", upTo: NumberLimit.trials)
    value.elapsed = try checkedAmount(elapsed, "status.elapsed")
    value.imagesPerSecond = try checkedAmount(imagesPerSecond, "status.images_per_second")
    value.secondsLeft = hasSecondsLeft ? try checkedAmount(secondsLeft, "status.seconds_left") : nil
    for line in workers { value.workers.append(try line.value()) }
    for line in runningTrials { value.running.append(try line.value()) }
    value.stopping = stopping
    value.paused = paused
    for line in quarantinedHosts { value.quarantinedHosts.append(try line.value()) }
    for line in givenUp { value.givenUp.append(try line.value()) }
    return value
  }
}

extension WireHostLine {
  init(_ value: QuarantinedHost) {
    host = shortened(value.host, to: TextLimit.name)
    reason = shortened(value.reason, to: TextLimit.line)
  }

  func value() throws(WireError) -> QuarantinedHost {
    QuarantinedHost(
      host: try checked(host, "host.host", upTo: TextLimit.name),
      reason: try checked(reason, "host.reason", upTo: TextLimit.line))
  }
}

extension WireGivenUpLine {
  init(_ value: GivenUpTrial) {
    trial = value.trial
    label = shortened(value.label, to: TextLimit.label)
    quarantined = value.isQuarantined
    line = shortened(value.line, to: TextLimit.line)
    detail = shortened(value.detail, to: TextLimit.detail)
  }

  func value() throws(WireError) -> GivenUpTrial {
    GivenUpTrial(
      trial: try checkedDigest(trial, "given_up.trial"),
      label: try checked(label, "given_up.label", upTo: TextLimit.label), isQuarantined: quarantined,
      line: try checked(line, "given_up.line", upTo: TextLimit.line),
      detail: try checked(detail, "given_up.detail", upTo: TextLimit.detail))
  }
}

extension WireWorkerLine {
  init(_ value: WorkerStatus) {
    id = value.id
    name = shortened(value.name, to: TextLimit.name)
    host = shortened(value.host, to: TextLimit.name)
    pid = UInt64(clamping: value.pid)
    instructionSet = shortened(value.instructionSet, to: TextLimit.name)
    threads = UInt32(clamping: value.threads)
    silence = boundedAmount(value.silence)
    connected = value.connected
    if let id = value.attempt { attempt = WireAttempt(id) }
    results = UInt64(clamping: value.results)
  }

  func value() throws(WireError) -> WorkerStatus {
    var value = WorkerStatus()
    value.id = try checkedUUID(id, "worker.id")
    value.name = try checked(name, "worker.name", upTo: TextLimit.name)
    value.host = try checked(host, "worker.host", upTo: TextLimit.name)
    value.pid = try checked(pid, "worker.pid", upTo: Int.max)
    value.instructionSet = try checked(instructionSet, "worker.instruction_set", upTo: TextLimit.name)
    value.threads = try checked(threads, "worker.threads", upTo: NumberLimit.threads)
    value.silence = try checkedAmount(silence, "worker.silence")
    value.connected = connected
    value.attempt = hasAttempt ? try attempt.value() : nil
    value.results = try checked(results, "worker.results", upTo: Int.max)
    return value
  }
}

extension WireRunningLine {
  init(_ value: RunningTrial) {
    attempt = WireAttempt(value.attempt)
    label = shortened(value.label, to: TextLimit.label)
    worker = shortened(value.worker, to: TextLimit.name)
    progress = WireProgress(value.progress)
  }

  func value() throws(WireError) -> RunningTrial {
    RunningTrial(
      attempt: try attempt.value(), label: try checked(label, "running.label", upTo: TextLimit.label),
      worker: try checked(worker, "running.worker", upTo: TextLimit.name), progress: try progress.value())
  }
}
