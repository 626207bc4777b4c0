/// Labels of a sweep's configurations: the trial's name or the network's, and where several configurations of
/// one network differ otherwise, the differing settings: `Regular_Conv_No_BN_HeUni[learningRate=0.1]`.
struct SweepLabels {
  let source: String

  /// One label per item. Equal configurations are an error that names both, or are reduced to the first.
  func labels(of items: inout [SweepExpansion.Item], mergesDuplicates: Bool) throws(SweepError) -> [String] {
    try removeDuplicates(in: &items, merges: mergesDuplicates)
    var labels = items.map { $0.name ?? $0.configuration.label }
    let groups = Dictionary(grouping: items.indices) { labels[$0] }
    var keys: [[String]]?
    for group in groups.values where group.count > 1 {
      let generated = group.filter { items[$0].name == nil }
      guard generated.count > 1 else { continue }
      let used = keys ?? usedKeys(items)
      keys = used
      let suffixes = suffixes(of: generated.map { items[$0].configuration.tree }, keys: used)
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
  private func usedKeys(_ items: [SweepExpansion.Item]) -> [[String]] {
    var parts: Set<SettingNode> = []
    for item in items { parts.formUnion(item.parts) }
    let used = Set(parts.flatMap { SettingSchema.paths(setBy: $0) }).subtracting([["seed"]])
    return SettingSchema.paths(setBy: SettingSchema.defaults).filter(used.contains)
  }

  private func suffixes(of trees: [SettingNode], keys: [[String]]) -> [String] {
    let differing = keys.filter { key in Set(trees.map { $0.node(at: key) }).count > 1 }
    if differing.isEmpty { return trees.map { _ in "" } }
    return trees.map { tree in
      let settings = differing.map { key in
        let isUnique = differing.filter { $0.last == key.last }.count == 1
        let name = isUnique ? key.last! : key.joined(separator: ".")
        return "\(name)=\(tree.node(at: key)?.text ?? "null")"
      }
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
