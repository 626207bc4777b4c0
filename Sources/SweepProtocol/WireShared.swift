// Attempts, checkpoints and progress on the wire.

extension WireAttempt {
  init(_ value: AttemptID) {
    trial = value.trial
    number = UInt32(clamping: value.number)
  }

  func value() throws(WireError) -> AttemptID {
    let number = try checked(self.number, "attempt.number", upTo: NumberLimit.attempts)
    guard number > 0 else { throw .field("attempt.number", "is 0; attempts count from 1") }
    return AttemptID(trial: try checkedDigest(trial, "attempt.trial"), number: number)
  }
}

extension WirePosition {
  init(_ value: CheckpointPosition) {
    epoch = UInt32(clamping: value.epoch)
    step = UInt64(clamping: value.step)
  }

  func value() throws(WireError) -> CheckpointPosition {
    CheckpointPosition(
      epoch: try checked(epoch, "position.epoch", upTo: NumberLimit.epoch),
      step: try checked(step, "position.step", upTo: NumberLimit.step))
  }
}

extension WireCheckpoint {
  init(_ value: CheckpointDescriptor) {
    position = WirePosition(value.position)
    size = UInt64(clamping: value.size)
    sha256 = value.sha256
  }

  func value() throws(WireError) -> CheckpointDescriptor {
    CheckpointDescriptor(
      position: try position.value(),
      size: try checked(size, "checkpoint.size", upTo: CheckpointLimits.size),
      sha256: try checkedDigest(sha256, "checkpoint.sha256"))
  }
}

extension WireProgress {
  private static let phases = EnumerationMap<TrialPhase, Phase>([
    .preparing: .preparing, .training: .training, .measuring: .measuring, .finishing: .finishing,
  ])

  init(_ value: TrialProgress) {
    phase = Self.phases.encode(value.phase)
    epoch = UInt32(clamping: value.epoch)
    step = UInt64(clamping: value.step)
    stepsPerEpoch = UInt64(clamping: value.stepsPerEpoch)
    epochs = UInt32(clamping: value.epochs)
    loss = value.loss
    accuracy = value.accuracy
    imagesPerSecond = boundedAmount(value.imagesPerSecond)
    if let left = value.secondsLeft { secondsLeft = boundedAmount(left) }
    work = value.work
    if let position = value.checkpoint { checkpoint = WirePosition(position) }
  }

  func value() throws(WireError) -> TrialProgress {
    var value = TrialProgress()
    value.phase = try Self.phases.decode(phase, "progress.phase")
    value.epoch = try checked(epoch, "progress.epoch", upTo: NumberLimit.epoch)
    value.step = try checked(step, "progress.step", upTo: NumberLimit.step)
    value.stepsPerEpoch = try checked(stepsPerEpoch, "progress.steps_per_epoch", upTo: NumberLimit.step)
    value.epochs = try checked(epochs, "progress.epochs", upTo: NumberLimit.epoch)
    value.loss = loss
    value.accuracy = accuracy
    value.imagesPerSecond = try checkedAmount(imagesPerSecond, "progress.images_per_second")
    value.secondsLeft = hasSecondsLeft ? try checkedAmount(secondsLeft, "progress.seconds_left") : nil
    value.work = work
    value.checkpoint = hasCheckpoint ? try checkpoint.value() : nil
    return value
  }
}

extension WireHeld {
  init(_ value: HeldAttempt) {
    attempt = WireAttempt(value.attempt)
    progress = WireProgress(value.progress)
  }

  func value() throws(WireError) -> HeldAttempt {
    HeldAttempt(try attempt.value(), progress: try progress.value())
  }
}

/// At most `NumberLimit.held` attempts.
func heldAttempts(_ wire: [WireHeld]) throws(WireError) -> [HeldAttempt] {
  try checkCount(wire.count, "held", upTo: NumberLimit.held)
  var held: [HeldAttempt] = []
  for item in wire { held.append(try item.value()) }
  return held
}
