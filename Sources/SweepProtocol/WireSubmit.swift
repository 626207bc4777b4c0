// Submitted sweeps on the wire.

extension WireSubmitSweep {
  init(_ value: SubmittedSweep) {
    program = value.program
    submission = value.submission
    name = shortened(value.name, to: TextLimit.name)
    description_p = shortened(value.description, to: TextLimit.line)
    source = shortened(value.source, to: TextLimit.source)
    trials = UInt64(clamping: value.trials)
  }

  func value() throws(WireError) -> SubmittedSweep {
    guard !name.isEmpty else { throw .field("submit.name", "is empty") }
    return SubmittedSweep(
      program: try checked(program, "submit.program", upTo: TextLimit.name),
      submission: try checkedUUID(submission, "submit.submission"),
      name: try checked(name, "submit.name", upTo: TextLimit.name),
      description: try checked(description_p, "submit.description", upTo: TextLimit.line),
      source: try checked(source, "submit.source", upTo: TextLimit.source),
      trials: try checked(trials, "submit.trials", upTo: NumberLimit.trials))
  }
}

extension WireSubmitTrials {
  init(_ value: SubmittedTrials) {
    submission = value.submission
    offset = UInt64(clamping: value.offset)
    trials = value.trials.map { WireSubmittedTrial($0) }
  }

  func value() throws(WireError) -> SubmittedTrials {
    try checkCount(trials.count, "submit.trials", upTo: SubmittedTrials.most)
    var value = SubmittedTrials(
      submission: try checkedUUID(submission, "submit.submission"),
      offset: try checked(offset, "submit.offset", upTo: NumberLimit.trials), trials: [])
    for trial in trials { value.trials.append(try trial.value()) }
    return value
  }
}

extension WireSubmittedTrial {
  init(_ value: SubmittedTrial) {
    id = value.id
    label = shortened(value.label, to: TextLimit.label)
    configuration = value.configuration
  }

  func value() throws(WireError) -> SubmittedTrial {
    SubmittedTrial(
      id: try checkedDigest(id, "submit.id"),
      label: try checked(label, "submit.label", upTo: TextLimit.label),
      configuration: try checked(configuration, "submit.configuration", upTo: TextLimit.configuration))
  }
}

extension WireSubmitReceipt {
  init(_ value: SubmitReceipt) {
    received = UInt64(clamping: value.received)
    added = UInt64(clamping: value.added)
    over = UInt64(clamping: value.over)
  }

  func value() throws(WireError) -> SubmitReceipt {
    SubmitReceipt(
      received: try checked(received, "receipt.received", upTo: NumberLimit.trials),
      added: try checked(added, "receipt.added", upTo: NumberLimit.trials),
      over: try checked(over, "receipt.over", upTo: NumberLimit.trials))
  }
}
