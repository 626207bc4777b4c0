/// A sweep on its way to a coordinator: its header, then its trials in order, then the end. Every part is answered
/// before the next is sent, and committed before it is answered.
public enum SubmitPart: Hashable, Sendable {
  case sweep(SubmittedSweep)
  case trials(SubmittedTrials)
  /// All trials have been sent; what the sweep had before and has no more is taken from it.
  case end(submission: String)
}

public struct SubmittedSweep: Hashable, Sendable {
  /// The client's program version, which must equal the coordinator's: a configuration's identity depends on it.
  public var program: String
  /// UUID in lower case, fresh for every submission.
  public var submission: String
  public var name: String
  public var description: String
  /// The sweep file's text.
  public var source: String
  /// How many trials will come.
  public var trials: Int

  /// Bytes of `source` at most.
  public static let longestSource = TextLimit.source

  public init(
    program: String, submission: String, name: String, description: String, source: String, trials: Int
  ) {
    self.program = program
    self.submission = submission
    self.name = name
    self.description = description
    self.source = source
    self.trials = trials
  }
}

public struct SubmittedTrials: Hashable, Sendable {
  public var submission: String
  /// Position of the first in the sweep.
  public var offset: Int
  public var trials: [SubmittedTrial]

  /// Trials of one part at most, so that committing them keeps no heartbeat waiting …
  public static let most = 256
  /// … and bytes of their configurations.
  public static let mostBytes = 512 << 10

  public init(submission: String, offset: Int, trials: [SubmittedTrial]) {
    self.submission = submission
    self.offset = offset
    self.trials = trials
  }
}

public struct SubmittedTrial: Hashable, Sendable {
  /// SHA-256 of `configuration`, 64 hexadecimal digits.
  public var id: String
  public var label: String
  /// Canonical JSON.
  public var configuration: String

  public init(id: String, label: String, configuration: String) {
    self.id = id
    self.label = label
    self.configuration = configuration
  }
}

public struct SubmitReceipt: Hashable, Sendable {
  /// Trials of the submission that are in the store.
  public var received: Int
  /// Of them, those the store did not have.
  public var added: Int
  /// Those that need no more work: finished, given up or cancelled.
  public var over: Int

  public init(received: Int, added: Int, over: Int) {
    self.received = received
    self.added = added
    self.over = over
  }
}
