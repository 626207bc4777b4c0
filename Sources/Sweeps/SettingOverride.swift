public import Networks

/// One `--set key.path=value` of the command line; the value is YAML: `training.epochs=3`,
/// `network.factorization={uniform: 4}`, and `seeds=5` or `seeds=[1, 7]` for the sweep's seeds.
public struct SettingOverride: Hashable, Sendable {
  let flag: String
  let path: [String]
  let value: SettingNode

  /// With a section (`network`) the key is one within it, and the flag is called by its name: `--network head=[]`.
  /// Throws where the text is not `key=value`, the value not YAML, or there is no such setting.
  public init(_ text: String, in section: String? = nil) throws(SweepError) {
    flag = "--\(section ?? "set") \(text)"
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
      throw SweepError(flag, "write it as key.path=value, as in training.epochs=3")
    }
    let key = text[..<equals].filter { $0 != " " }
    path =
      [section].compactMap { $0 }
      + key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    value = try SettingReader.readValue(String(text[text.index(after: equals)...]), flag: flag)
    if !setsSeeds { _ = try SettingSchema.overlay(tree, on: SettingSchema.defaults) }
  }

  var setsSeeds: Bool { path == ["seeds"] }

  /// The value as a map of settings.
  var tree: SettingNode {
    value.nested(under: path.map { SettingEntry.Step(key: $0, place: Place(source: flag)) })
  }
}

extension TrialConfiguration {
  /// This configuration with overrides applied, validated. `seeds` cannot be set here: a configuration has one.
  public func applying(_ overrides: [SettingOverride]) throws(SweepError) -> TrialConfiguration {
    var tree = tree
    for override in overrides { tree = try SettingSchema.overlay(override.tree, on: tree) }
    return try ConfigurationBuilder(source: "settings", overrides: overrides).build(tree)
  }
}

extension Architecture {
  /// This architecture with the overrides' network settings; whether it is possible, `Network.init` says.
  public func applying(_ overrides: [SettingOverride]) throws(SweepError) -> Architecture {
    var configuration = TrialConfiguration()
    configuration.network = self
    var tree = configuration.tree
    for override in overrides { tree = try SettingSchema.overlay(override.tree, on: tree) }
    return try TrialConfiguration.decode(tree, source: "network").network
  }
}
