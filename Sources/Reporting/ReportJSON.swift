import Sweeps

import Foundation

/// The results table for scripts. A metric that was not measured has no key; accuracies are percent.
public struct ReportJSON: Codable, Hashable, Sendable {
  public struct Row: Codable, Hashable, Sendable {
    public var configuration: String
    public var seeds: [Int]
    /// Identities of the trials, one for each seed.
    public var trials: [String]
    /// How many seeds are completed, diverged, vanished, …
    public var outcomes: [String: Int]
    public var epochs: Int?
    public var fp32Accuracy: Measure?
    public var quantizedAccuracy: Measure?
    public var percentDecrease: Measure?
    public var signedPercentDecrease: Measure?
    public var qmse: Measure?
    public var qce: Measure?
    public var qkl: Measure?
    public var convolutionMACs: Int?
    public var parameters: Int?
    public var published: PublishedResult?
  }

  public var sweep: String
  public var epoch: Int?
  public var rows: [Row]

  public init(_ model: ReportModel) {
    sweep = model.title
    epoch = model.epoch
    rows = model.configurations.map { configuration in
      Row(
        configuration: configuration.label, seeds: configuration.trials.map(\.configuration.seed),
        trials: configuration.trials.map(\.identity),
        outcomes: Dictionary(
          configuration.statusCounts.map { ($0.status.rawValue, $0.count) }, uniquingKeysWith: +),
        epochs: configuration.epoch, fp32Accuracy: configuration.fp32Accuracy,
        quantizedAccuracy: configuration.quantizedAccuracy, percentDecrease: configuration.percentDecrease,
        signedPercentDecrease: configuration.signedPercentDecrease, qmse: configuration.qmse,
        qce: configuration.qce, qkl: configuration.qkl, convolutionMACs: configuration.cost?.convolutionMACs,
        parameters: configuration.cost?.parameters, published: configuration.published)
    }
  }

  /// Indented JSON with sorted keys, ended by a line break.
  public var text: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self) + "\n"
    }
  }
}
