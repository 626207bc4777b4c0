internal import Sweeps

extension WireWorkerEnvelope {
  private static let reasons = EnumerationMap<ReleaseReason, WireReleased.Reason>([
    .preempted: .preempted, .stopping: .stopping, .drained: .drained,
    .unusableCheckpoint: .unusableCheckpoint,
  ])

  init(_ envelope: WorkerEnvelope) {
    worker = envelope.worker
    sequence = envelope.sequence
    switch envelope.message {
    case .hello(let value): hello = WireHello(value)
    case .heartbeat(let value): heartbeat = WireHeartbeat(value)
    case .snapshot(let attempt, let value):
      snapshot.attempt = WireAttempt(attempt)
      snapshot.snapshot = WireSnapshot(value)
    case .finished(let report): finished = WireFinished(report)
    case .released(let attempt, let reason):
      released.attempt = WireAttempt(attempt)
      released.reason = Self.reasons.encode(reason)
    case .goodbye: goodbye = WireGoodbye()
    }
  }

  func value() throws(WireError) -> WorkerEnvelope {
    let worker = try checkedUUID(self.worker, "worker")
    let value = try content()
    let sequence = try checkedCounter(self.sequence, "sequence")
    guard value.isDelivery == (sequence != 0) else {
      throw .field("sequence", value.isDelivery ? "is 0 in a delivery" : "is not 0 in no delivery")
    }
    return WorkerEnvelope(worker: worker, sequence: sequence, message: value)
  }

  private func content() throws(WireError) -> WorkerMessage {
    switch message {
    case .hello(let wire): .hello(try wire.value())
    case .heartbeat(let wire): .heartbeat(try wire.value())
    case .snapshot(let wire): .snapshot(try wire.attempt.value(), try wire.snapshot.value())
    case .finished(let wire): .finished(try wire.value())
    case .released(let wire):
      .released(try wire.attempt.value(), try Self.reasons.decode(wire.reason, "released.reason"))
    case .goodbye: .goodbye
    case nil: throw .field("message", "is missing")
    }
  }
}

extension WireHello {
  init(_ value: WorkerHello) {
    program = shortened(value.program, to: TextLimit.name)
    name = shortened(value.name, to: TextLimit.name)
    host = shortened(value.host, to: TextLimit.name)
    pid = UInt64(clamping: value.pid)
    instructionSet = shortened(value.instructionSet, to: TextLimit.name)
    threads = UInt32(clamping: value.threads)
    datasets = value.datasets
    beat = value.beat
    acknowledged = value.acknowledged
    held = value.held.map { WireHeld($0) }
    if let clock = value.clock { clockMilliseconds = clock }
  }

  func value() throws(WireError) -> WorkerHello {
    var value = WorkerHello()
    value.program = try checked(program, "hello.program", upTo: TextLimit.name)
    value.name = try checked(name, "hello.name", upTo: TextLimit.name)
    value.host = try checked(host, "hello.host", upTo: TextLimit.name)
    value.pid = try checked(pid, "hello.pid", upTo: Int.max)
    value.instructionSet = try checked(instructionSet, "hello.instruction_set", upTo: TextLimit.name)
    value.threads = try checked(threads, "hello.threads", upTo: NumberLimit.threads)
    try checkCount(datasets.count, "hello.datasets", upTo: NumberLimit.held)
    for (name, fingerprint) in datasets {
      let name = try checked(name, "hello.datasets", upTo: TextLimit.name)
      value.datasets[name] = try checkedDigest(fingerprint, "hello.datasets")
    }
    value.beat = try checkedCounter(beat, "hello.beat")
    value.acknowledged = try checkedCounter(acknowledged, "hello.acknowledged")
    value.held = try heldAttempts(held)
    value.clock = hasClockMilliseconds ? clockMilliseconds : nil
    return value
  }
}

extension WireHeartbeat {
  init(_ value: WorkerHeartbeat) {
    beat = value.beat
    held = value.held.map { WireHeld($0) }
    wantsTrial = value.wantsTrial
  }

  func value() throws(WireError) -> WorkerHeartbeat {
    var value = WorkerHeartbeat()
    value.beat = try checkedCounter(beat, "heartbeat.beat")
    value.held = try heldAttempts(held)
    value.wantsTrial = wantsTrial
    return value
  }
}

extension WireFinished {
  private static let outcomes = EnumerationMap<TrialOutcome, WireOutcome>([
    .completed: .completed, .diverged: .diverged, .vanished: .vanished,
  ])

  init(_ value: AttemptReport) {
    attempt = WireAttempt(value.attempt)
    switch value.ending {
    case .result(let outcome, let weights):
      result.outcome = Self.outcomes.encode(outcome)
      result.weightsSha256 = weights
    case .failure(let line):
      failure = shortened(line, to: TextLimit.line)
    }
    seconds = value.seconds
    detail = shortened(value.detail, to: TextLimit.detail)
    algorithms = value.algorithms.map { item in
      var wire = WireAlgorithm()
      wire.index = UInt32(clamping: item.index)
      wire.layer = shortened(item.layer, to: TextLimit.name)
      wire.algorithm = shortened(item.algorithm, to: TextLimit.name)
      return wire
    }
  }

  func value() throws(WireError) -> AttemptReport {
    var value = AttemptReport(try attempt.value(), try endingValue())
    value.seconds = seconds
    value.detail = try checked(detail, "finished.detail", upTo: TextLimit.detail)
    try checkCount(algorithms.count, "finished.algorithms", upTo: NumberLimit.layers)
    for wire in algorithms {
      value.algorithms.append(
        LayerAlgorithm(
          index: try checked(wire.index, "algorithm.index", upTo: NumberLimit.layers),
          layer: try checked(wire.layer, "algorithm.layer", upTo: TextLimit.name),
          algorithm: try checked(wire.algorithm, "algorithm.algorithm", upTo: TextLimit.name)))
    }
    return value
  }

  private func endingValue() throws(WireError) -> AttemptReport.Ending {
    switch ending {
    case .result(let wire):
      .result(
        try Self.outcomes.decode(wire.outcome, "result.outcome"),
        weightsSHA256: try checkedDigest(wire.weightsSha256, "result.weights_sha256"))
    case .failure(let line): .failure(try checked(line, "finished.failure", upTo: TextLimit.line))
    case nil: throw .field("finished.ending", "is missing")
    }
  }
}
