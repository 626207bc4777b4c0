extension WireCoordinatorEnvelope {
  init(_ envelope: CoordinatorEnvelope) {
    coordinator = envelope.coordinator
    worker = envelope.worker
    switch envelope.message {
    case .welcome(let value): welcome = WireWelcome(value)
    case .identify: identify = WireIdentify()
    case .refused(let reason, let line):
      refused.reason = WireRefused.reasons.encode(reason)
      refused.line = shortened(line, to: TextLimit.line)
    case .assign(let value): assign = WireAssign(value)
    case .acknowledge(let sequence): acknowledge = sequence
    case .revoke(let attempt, let reason):
      revoke.attempt = WireAttempt(attempt)
      revoke.reason = WireRevoke.reasons.encode(reason)
    case .drain: drain = WireDrain()
    }
  }

  func value() throws(WireError) -> CoordinatorEnvelope {
    CoordinatorEnvelope(
      coordinator: try checkedUUID(coordinator, "coordinator"),
      worker: worker.isEmpty ? "" : try checkedUUID(worker, "worker"),
      message: try content())
  }

  private func content() throws(WireError) -> CoordinatorMessage {
    switch message {
    case .welcome(let wire): .welcome(try wire.value())
    case .identify: .identify
    case .refused(let wire):
      .refused(
        try WireRefused.reasons.decode(wire.reason, "refused.reason"),
        try checked(wire.line, "refused.line", upTo: TextLimit.line))
    case .assign(let wire): .assign(try wire.value())
    case .acknowledge(let sequence): .acknowledge(sequence)
    case .revoke(let wire):
      .revoke(try wire.attempt.value(), try WireRevoke.reasons.decode(wire.reason, "revoke.reason"))
    case .drain: .drain
    case nil: throw .field("message", "is missing")
    }
  }
}

extension WireRefused {
  static let reasons = EnumerationMap<RefusalReason, Reason>([
    .protocolVersion: .protocolVersion, .programVersion: .programVersion, .dataset: .dataset,
    .malformed: .malformed, .keyNotAllowed: .keyNotAllowed, .identity: .identity, .clock: .clock,
  ])
}

extension WireRevoke {
  static let reasons = EnumerationMap<RevokeReason, Reason>([
    .superseded: .superseded, .unknown: .unknown, .hung: .hung, .cancelled: .cancelled,
    .stopped: .stopped,
  ])
}

extension WireWelcome {
  init(_ value: Welcome) {
    leaseMilliseconds = milliseconds(value.lease)
    heartbeatMilliseconds = milliseconds(value.heartbeat)
    checkpointPort = UInt32(clamping: value.checkpointPort)
    acknowledged = value.acknowledged
  }

  func value() throws(WireError) -> Welcome {
    let lease = try checked(leaseMilliseconds, "welcome.lease_milliseconds", upTo: NumberLimit.milliseconds)
    let heartbeat = try checked(
      heartbeatMilliseconds, "welcome.heartbeat_milliseconds", upTo: NumberLimit.milliseconds)
    guard heartbeat > 0 else { throw .field("welcome.heartbeat_milliseconds", "is 0") }
    return Welcome(
      lease: .milliseconds(lease), heartbeat: .milliseconds(heartbeat),
      checkpointPort: try checked(checkpointPort, "welcome.checkpoint_port", upTo: 65_535),
      acknowledged: acknowledged)
  }
}

/// Whole milliseconds, rounded down.
private func milliseconds(_ duration: Duration) -> UInt64 {
  let (seconds, attoseconds) = duration.components
  return UInt64(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000)
}

extension WireAssign {
  init(_ value: Assignment) {
    attempt = WireAttempt(value.attempt)
    label = shortened(value.label, to: TextLimit.label)
    configuration = value.configuration
    if let descriptor = value.checkpoint { checkpoint = WireCheckpoint(descriptor) }
  }

  func value() throws(WireError) -> Assignment {
    Assignment(
      attempt: try attempt.value(),
      label: try checked(label, "assign.label", upTo: TextLimit.label),
      configuration: try checked(configuration, "assign.configuration", upTo: TextLimit.configuration),
      checkpoint: hasCheckpoint ? try checkpoint.value() : nil)
  }
}
