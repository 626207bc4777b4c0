extension WireClientRequest {
  private static let kinds = EnumerationMap<ClientRequest, Kind>([.status: .status, .shutdown: .shutdown])

  init(_ value: ClientRequest) { kind = Self.kinds.encode(value) }

  func value() throws(WireError) -> ClientRequest { try Self.kinds.decode(kind, "kind") }
}

extension WireClientReply {
  init(_ value: ClientReply) {
    switch value {
    case .status(let value): status = WireStatus(value)
    case .shuttingDown: shuttingDown = WireShuttingDown()
    case .refused(let line): refused = shortened(line, to: TextLimit.line)
    }
  }

  func value() throws(WireError) -> ClientReply {
    switch reply {
    case .status(let wire): .status(try wire.value())
    case .shuttingDown: .shuttingDown
    case .refused(let line): .refused(try checked(line, "refused", upTo: TextLimit.line))
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
    elapsed = value.elapsed
    imagesPerSecond = value.imagesPerSecond
    if let left = value.secondsLeft { secondsLeft = left }
    workers = value.workers.map { WireWorkerLine($0) }
    runningTrials = value.running.map { WireRunningLine($0) }
    stopping = value.stopping
  }

  func value() throws(WireError) -> ClusterStatus {
    var value = ClusterStatus()
    value.sweep = try checked(sweep, "status.sweep", upTo: TextLimit.name)
    value.counts.pending = try checked(pending, "status.pending", upTo: Self.most)
    value.counts.running = try checked(running, "status.running", upTo: Self.most)
    value.counts.completed = try checked(completed, "status.completed", upTo: Self.most)
    value.counts.diverged = try checked(diverged, "status.diverged", upTo: Self.most)
    value.counts.vanished = try checked(vanished, "status.vanished", upTo: Self.most)
    value.counts.stopped = try checked(stopped, "status.stopped", upTo: Self.most)
    value.counts.failed = try checked(failed, "status.failed", upTo: Self.most)
    value.elapsed = elapsed
    value.imagesPerSecond = imagesPerSecond
    value.secondsLeft = hasSecondsLeft ? secondsLeft : nil
    for line in workers { value.workers.append(try line.value()) }
    for line in runningTrials { value.running.append(try line.value()) }
    value.stopping = stopping
    return value
  }

  /// Trials a sweep has at most, so that sums of counts cannot overflow.
  private static let most = 1 << 40
}

extension WireWorkerLine {
  init(_ value: WorkerStatus) {
    id = value.id
    name = shortened(value.name, to: TextLimit.name)
    host = shortened(value.host, to: TextLimit.name)
    pid = UInt64(clamping: value.pid)
    instructionSet = shortened(value.instructionSet, to: TextLimit.name)
    threads = UInt32(clamping: value.threads)
    silence = value.silence
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
    value.silence = silence
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
