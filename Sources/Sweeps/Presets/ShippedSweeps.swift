/// The sweeps that come with the program. They are text in the binary, which so needs no files beside it.
public struct ShippedSweep: Hashable, Sendable {
  public let name: String
  /// The sweep file, to be shown, copied and changed.
  public let yaml: String

  public func sweep(overrides: [SettingOverride] = []) throws(SweepError) -> Sweep {
    try SweepFile.parse(yaml, source: name, overrides: overrides)
  }
}

public enum ShippedSweeps {
  public static let all = [
    ShippedSweep(name: "quickstart", yaml: quickstart),
    ShippedSweep(name: "weight-initialization", yaml: weightInitialization),
    ShippedSweep(name: "training-evolution", yaml: trainingEvolution),
    ShippedSweep(name: "progressive-factorization", yaml: progressiveFactorization),
  ]

  static var names: String { all.map(\.name).joined(separator: ", ") }
}
