/// A named set of trials.
public struct Sweep: Codable, Hashable, Sendable {
  public let name: String
  public let description: String
  /// The sweep file's text, without overrides.
  public let source: String
  /// What the trials start from: the file's `base` over the defaults, overrides applied.
  public let settings: TrialConfiguration
  public let earlyStopping: EarlyStopping?
  /// In the file's order; of one configuration's seeds, one after another.
  public let trials: [Trial]
}

extension Sweep {
  /// A setting as a key path with its value as one line of YAML.
  public struct Setting: Codable, Hashable, Sendable {
    public let key: String
    public let value: String
  }

  /// The settings all trials share, and those that differ with every value they take, in order of first use.
  public var settingTable: (common: [Setting], varying: [(key: String, values: [String])]) {
    let keys = SettingSchema.paths(setBy: SettingSchema.defaults)
    let trees = trials.map(\.configuration.tree)
    var common: [Setting] = []
    var varying: [(key: String, values: [String])] = []
    for path in keys {
      var seen: Set<SettingNode> = []
      let values = trees.compactMap { $0.node(at: path) }.filter { seen.insert($0).inserted }.map(\.text)
      let key = path.joined(separator: ".")
      if values.count == 1 { common.append(Setting(key: key, value: values[0])) }
      if values.count > 1 { varying.append((key, values)) }
    }
    return (common, varying)
  }
}
