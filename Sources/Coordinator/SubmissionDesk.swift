internal import Networks
internal import ResultStore
internal import SweepProtocol
internal import Sweeps

/// Takes in a sweep that is submitted in parts: each is checked, as a stranger may have sent it, and stored.
struct SubmissionDesk {
  /// What became of a part.
  struct Taken {
    var reply: ClientReply
    /// Trials for the scheduler, of this sweep.
    var rows: [SchedulerRestoration.Trial] = []
    var sweep = ""
    /// The sweep is whole.
    var ended: EndedSubmission?
  }

  fileprivate struct Submission {
    let sweep: SubmittedSweep
    var receipt = SubmitReceipt(received: 0, added: 0, over: 0)
    var ids: Set<String> = []
    var touched: Moment
    let decoder = ConfigurationDecoder()
    var forms = CanonicalForms()
    /// The network of the last trial.
    var network: Architecture?
  }
  fileprivate struct Refusal: Error {
    let line: String
    init(_ line: String) { self.line = line }
  }

  /// Trials of a sweep at most.
  private static let mostTrials = 1_000_000
  /// A submission that has not gone on for this long makes way for another.
  private static let patience = Duration.seconds(10)

  private var current: Submission?

  /// - Throws: what the store throws. A part that is refused is answered so.
  mutating func take(_ part: SubmitPart, into store: any RecordStore, at now: Moment) throws -> Taken {
    do {
      switch part {
      case .sweep(let sweep): return try begin(sweep, into: store, at: now)
      case .trials(let trials): return try add(trials, into: store, at: now)
      case .end(let submission): return try end(submission, into: store)
      }
    } catch let refusal as Refusal {
      return Taken(reply: .refused(refusal.line))
    }
  }

  private mutating func begin(
    _ sweep: SubmittedSweep, into store: any RecordStore, at now: Moment
  ) throws -> Taken {
    guard sweep.program == ProgramVersion.current else {
      throw Refusal(
        "strata \(sweep.program) submits \(sweep.name), and the coordinator is \(ProgramVersion.current); "
          + "use the same version")
    }
    guard 1...Self.mostTrials ~= sweep.trials else {
      throw Refusal("\(sweep.name) has \(sweep.trials) trials; 1 to \(Self.mostTrials) can be submitted")
    }
    if let current, current.touched.duration(to: now) < Self.patience,
      current.sweep.submission != sweep.submission
    {
      throw Refusal("\(current.sweep.name) is being submitted; try again when that is done")
    }
    try store.beginSubmission(sweep)
    current = Submission(sweep: sweep, touched: now)
    return Taken(reply: .received(current!.receipt))
  }

  private mutating func add(
    _ part: SubmittedTrials, into store: any RecordStore, at now: Moment
  ) throws -> Taken {
    guard var submission = current, submission.sweep.submission == part.submission else {
      throw Refusal(
        "the coordinator knows of no such submission, it was restarted perhaps; submit the sweep again")
    }
    let received = submission.receipt.received
    guard part.offset == received, received + part.trials.count <= submission.sweep.trials else {
      throw Refusal(
        "trials \(part.offset)..<\(part.offset + part.trials.count) do not follow the \(received) that are here, "
          + "or are more than the \(submission.sweep.trials) announced")
    }
    var trials: [NewTrial] = []
    for trial in part.trials {
      trials.append(try submission.check(trial))
      guard submission.ids.insert(trial.id).inserted else {
        throw Refusal("trial \(trial.id.prefix(12)) (\(trial.label)) comes twice")
      }
    }
    let (added, rows) = try store.submit(trials, to: submission.sweep.name, at: part.offset)
    submission.receipt.received += trials.count
    submission.receipt.added += added
    submission.receipt.over += rows.count { $0.state.isOver }
    submission.touched = now
    current = submission
    return Taken(reply: .received(submission.receipt), rows: rows, sweep: submission.sweep.name)
  }

  private mutating func end(_ id: String, into store: any RecordStore) throws -> Taken {
    guard let submission = current, submission.sweep.submission == id else {
      throw Refusal("the coordinator knows of no such submission; submit the sweep again")
    }
    let (received, announced) = (submission.receipt.received, submission.sweep.trials)
    guard received == announced else {
      throw Refusal("\(received) of the \(announced) trials announced have come")
    }
    let ended = try store.endSubmission(of: submission.sweep.name)
    current = nil
    return Taken(reply: .received(submission.receipt), sweep: submission.sweep.name, ended: ended)
  }
}

extension SubmissionDesk.Submission {
  /// The trial, if it can be run and its id is its configuration's.
  mutating func check(_ trial: SubmittedTrial) throws(SubmissionDesk.Refusal) -> NewTrial {
    guard !trial.label.isEmpty, !trial.label.contains(where: \.isNewline) else {
      throw .init("trial \(trial.id.prefix(12)): a label is one line, and not empty")
    }
    func refusal(_ why: String) -> SubmissionDesk.Refusal {
      .init("trial \(trial.id.prefix(12)) (\(trial.label.prefix(100))): \(why)")
    }
    guard TrialConfiguration.identity(ofJSON: trial.configuration) == trial.id else {
      throw refusal("its id is not that of its configuration")
    }
    guard let configuration = try? decoder.decode(trial.configuration) else {
      throw refusal("its configuration cannot be read")
    }
    do throws(ConfigurationError) {
      try configuration.validate(known: network)
      network = configuration.network
    } catch {
      throw refusal("\(error)")
    }
    guard configuration == configuration.normalized, forms.json(configuration) == trial.configuration else {
      throw refusal("its configuration is not in canonical form")
    }
    return NewTrial(
      id: trial.id, label: trial.label, json: trial.configuration, configuration: configuration)
  }
}
