import Networks
public import Sweeps

/// Where a trial stands, as the report tells it.
public enum ReportStatus: String, Codable, Hashable, Sendable, CaseIterable {
  case completed, diverged, vanished, stopped, failed, quarantined, cancelled, running, pending

  /// Errors stopped it.
  public var isGivenUp: Bool { self == .failed || self == .quarantined }

  /// What the word means, for a reader who meets it first.
  public var explanation: String {
    switch self {
    case .completed: "trained to its last epoch"
    case .diverged: "the loss stopped being a finite number; statistics up to then are kept"
    case .vanished: "never left chance accuracy; statistics are kept"
    case .stopped:
      "among the worst under quantization at the sweep's early-stopping epoch; results up to then"
    case .failed: "an error stopped it; no result"
    case .quarantined: "the same error on two hosts stopped it; no result"
    case .cancelled: "taken back before its end"
    case .running: "a worker is training it"
    case .pending: "not begun"
    }
  }
}

/// One trial as the report needs it: what was asked, what came of it.
public struct ReportTrial: Hashable, Sendable {
  /// SHA-256 of the canonical configuration, hexadecimal.
  public var identity: String
  /// The configuration's name in its sweep, the same for all seeds.
  public var label: String
  public var configuration: TrialConfiguration
  public var status: ReportStatus
  /// Why it failed or was stopped, where it did.
  public var failure: String?
  /// The error in full, and where the trial was; several lines.
  public var failureDetail: String?
  /// In order of epochs.
  public var snapshots: [Snapshot]
  public var provenance: Provenance?

  /// On what the trial's counted attempt ran.
  public struct Provenance: Codable, Hashable, Sendable {
    public var worker = ""
    public var host = ""
    public var instructionSet = ""
    public var program = ""
    public var dataFingerprint = ""
    public var attempt = 1

    public init() {}
  }

  public init(
    identity: String, label: String, configuration: TrialConfiguration, status: ReportStatus,
    failure: String? = nil, failureDetail: String? = nil,
    snapshots: [Snapshot] = [], provenance: Provenance? = nil
  ) {
    self.identity = identity
    self.label = label
    self.configuration = configuration
    self.status = status
    self.failure = failure
    self.failureDetail = failureDetail
    self.snapshots = snapshots
    self.provenance = provenance
  }
}

/// Convolution MACs and all parameters of a network.
public struct ReportCost: Codable, Hashable, Sendable {
  public var convolutionMACs: Int
  public var parameters: Int
}

extension ReportCost {
  /// Costs of SPEC A4; nil for an architecture that cannot be built.
  init?(_ architecture: Architecture) {
    guard let network = try? Network(architecture) else { return nil }
    convolutionMACs = network.convolutionCost.macs
    parameters = network.cost.parameters
  }
}
