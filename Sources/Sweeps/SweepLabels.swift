internal import Networks

/// Labels of a sweep's configurations: the trial's name or the network's, and where several configurations of
/// one network differ otherwise, the differing settings: `Regular_Conv_No_BN_HeUni[learningRate=0.1]`.
struct SweepLabels {
  private let source: String
  /// What axes and trials lay over the base.
  private let parts: [SettingNode]

  init(_ document: SweepDocument) {
    source = document.source
    parts = document.axes.flatMap(\.points) + document.trials.map(\.settings)
  }

  /// One label per item. Equal configurations are an error that names both, or are reduced to the first.
  func labels(of items: inout [SweepExpansion.Item], mergesDuplicates: Bool) throws(SweepError) -> [String] {
    try removeDuplicates(in: &items, merges: mergesDuplicates)
    var last: (network: Architecture, initialization: Initialization, label: String)?
    var labels = items.map { item in
      if let name = item.name { return name }
      let (network, initialization) = (item.configuration.network, item.configuration.initialization)
      if let last, last.network == network, last.initialization == initialization { return last.label }
      last = (network, initialization, item.configuration.label)
      return last!.label
    }
    let groups = Dictionary(grouping: items.indices) { labels[$0] }
    let keys = usedKeys()
    let sections = Set(keys.compactMap(\.first))
    for group in groups.values where group.count > 1 {
      let generated = group.filter { items[$0].name == nil }
      guard generated.count > 1 else { continue }
      let suffixes = suffixes(of: generated.map { items[$0].configuration.tree(of: sections) }, keys: keys)
      for (index, suffix) in zip(generated, suffixes) { labels[index] += suffix }
    }
    try checkDistinct(labels, items)
    return labels
  }

  private func removeDuplicates(in items: inout [SweepExpansion.Item], merges: Bool) throws(SweepError) {
    var first: [TrialConfiguration: Int] = [:]
    first.reserveCapacity(items.count)
    var kept: [SweepExpansion.Item] = []
    kept.reserveCapacity(items.count)
    for item in items {
      if let earlier = first[item.configuration] {
        if merges { continue }
        throw SweepError(
          item.place?.description ?? source,
          "\(item.origin) is the same configuration as \(kept[earlier].origin)")
      }
      first[item.configuration] = kept.count
      kept.append(item)
    }
    items = kept
  }

  /// Key paths of all settings but the seed that axes and trials set, in order of the schema.
  private func usedKeys() -> [[String]] {
    let used = Set(parts.flatMap { SettingSchema.paths(setBy: $0) }).subtracting([["seed"]])
    return SettingSchema.paths(setBy: SettingSchema.defaults).filter(used.contains)
  }

  private func suffixes(of trees: [SettingNode], keys: [[String]]) -> [String] {
    let differing = keys.filter { key in
      let first = trees.first?.node(at: key)
      return trees.contains { $0.node(at: key) != first }
    }
    if differing.isEmpty { return trees.map { _ in "" } }
    let names = differing.map { key in
      let isUnique = differing.filter { $0.last == key.last }.count == 1
      return isUnique ? key.last! : key.joined(separator: ".")
    }
    return trees.map { tree in
      let settings = zip(names, differing).map { "\($0)=\(tree.node(at: $1)?.text ?? "null")" }
      return "[" + settings.joined(separator: ",") + "]"
    }
  }

  private func checkDistinct(_ labels: [String], _ items: [SweepExpansion.Item]) throws(SweepError) {
    var first: [String: Int] = [:]
    first.reserveCapacity(labels.count)
    for (index, label) in labels.enumerated() {
      guard let earlier = first.updateValue(index, forKey: label) else { continue }
      // Items that differ in their seed alone share a label.
      var a = items[earlier].configuration
      a.seed = items[index].configuration.seed
      if a == items[index].configuration { continue }
      throw SweepError(
        items[index].place?.description ?? source,
        "\(items[earlier].origin) and \(items[index].origin) would both be called \(label): name one otherwise"
      )
    }
  }
}

extension TrialConfiguration {
  /// Of the tree, these sections.
  fileprivate func tree(of sections: Set<String>) -> SettingNode {
    SettingNode(
      .map(sections.compactMap { name in section(name).map { SettingEntry(key: name, value: $0) } }))
  }

  private func section(_ name: String) -> SettingNode? {
    switch name {
    case "analysis": Self.tree(of: analysis)
    case "data": Self.tree(of: data)
    case "initialization": Self.tree(of: initialization)
    case "network": Self.tree(of: network)
    case "quantization": Self.tree(of: quantization)
    case "training": Self.tree(of: training)
    default: nil
    }
  }
}
