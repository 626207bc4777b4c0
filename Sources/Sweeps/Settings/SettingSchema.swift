/// Which settings there are: the tree of the default configuration. A sweep file's `base`, its axes, its trials
/// and the overrides are all maps of some of these settings, laid over one another.
enum SettingSchema {
  static let defaults: SettingNode = {
    do {
      return try SettingEncoder.encode(TrialConfiguration())
    } catch {
      preconditionFailure("the default configuration does not encode: \(error)")
    }
  }()

  /// `base` with the settings of `user`, a map whose dotted keys are nested already, in their places. Sections are
  /// merged key by key; everything else, `{uniform: 4}` too, is replaced as a whole. Throws at the first key there
  /// is no setting for.
  static func overlay(_ user: SettingNode, on base: SettingNode) throws(SweepError) -> SettingNode {
    try overlay(user, on: base, shape: defaults, path: [])
  }

  private static func overlay(
    _ user: SettingNode, on base: SettingNode, shape: SettingNode, path: [String]
  ) throws(SweepError) -> SettingNode {
    guard let shapes = shape.entries else {
      try checkElements(of: user, shape: shape, path: path)
      return user
    }
    if user.content == .null { return base }
    guard let settings = user.entries, var merged = base.entries else {
      throw SettingDecoder(node: user, path: path).error("must be a map of settings")
    }
    for entry in settings {
      let path = path + [entry.key]
      guard let index = merged.firstIndex(where: { $0.key == entry.key }), let shape = shape[entry.key] else {
        throw unknown(path, entry.keyPlace ?? entry.value.place, siblings: shapes.map(\.key))
      }
      merged[index].value = try overlay(entry.value, on: merged[index].value, shape: shape, path: path)
    }
    return SettingNode(.map(merged), at: user.place ?? base.place)
  }

  /// Maps within a list (stages) have the keys of the default list's maps.
  private static func checkElements(
    of user: SettingNode, shape: SettingNode, path: [String]
  ) throws(SweepError) {
    guard case .list(let shapes) = shape.content, let keys = shapes.first?.entries?.map(\.key),
      case .list(let nodes) = user.content
    else { return }
    for (index, node) in nodes.enumerated() {
      for entry in node.entries ?? [] where !keys.contains(entry.key) {
        throw unknown(path + ["\(index)", entry.key], entry.keyPlace, siblings: keys)
      }
    }
  }

  static func unknown(_ path: [String], _ place: Place?, siblings: [String]) -> SweepError {
    let word = path.last ?? ""
    let section = path.dropLast()
    if let sibling = Suggestion.nearest(to: word, among: siblings) {
      let right = (section + [sibling]).joined(separator: ".")
      return SweepError(place, path, "no such setting; did you mean \(right)?")
    }
    if let right = elsewhere(word) {
      return SweepError(place, path, "no such setting; did you mean \(right)?")
    }
    let list = siblings.joined(separator: ", ")
    let owner = section.isEmpty ? "a configuration" : section.joined(separator: ".")
    return SweepError(place, path, "no such setting; \(owner) has \(list)")
  }

  /// The key path of a setting of another section whose last key is (nearly) `word`.
  static func elsewhere(_ word: String) -> String? {
    let paths = paths(of: defaults, [])
    let last = Suggestion.nearest(to: word, among: paths.compactMap(\.last))
    return paths.first { $0.last == last }?.joined(separator: ".")
  }

  private static func paths(of shape: SettingNode, _ path: [String]) -> [[String]] {
    (shape.entries ?? []).flatMap { entry in
      [path + [entry.key]] + paths(of: entry.value, path + [entry.key])
    }
  }

  /// Key paths of the settings a map sets: down to the sections' settings, not into their values.
  static func paths(setBy user: SettingNode, shape: SettingNode = defaults, path: [String] = []) -> [[String]]
  {
    guard shape.entries != nil, let entries = user.entries else { return [path] }
    return entries.flatMap { entry -> [[String]] in
      guard let shape = shape[entry.key] else { return [] }
      return paths(setBy: entry.value, shape: shape, path: path + [entry.key])
    }
  }
}

extension SettingNode {
  /// The same map with every dotted key, `training.epochs: 3`, as nested maps. Throws where a setting is given
  /// twice, dotted and nested.
  func nestingDots(path: [String] = []) throws(SweepError) -> SettingNode {
    guard let entries else { return self }
    var nested: [SettingEntry] = []
    for entry in entries {
      let keys = entry.key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      let value = try entry.value.nestingDots(path: path + keys)
      let steps = keys.dropFirst().map { SettingEntry.Step(key: $0, place: entry.keyPlace) }
      try Self.insert(
        SettingEntry(key: keys[0], keyPlace: entry.keyPlace, value: value.nested(under: Array(steps))),
        into: &nested, path: path)
    }
    return SettingNode(.map(nested), at: place)
  }

  private static func insert(
    _ entry: SettingEntry, into entries: inout [SettingEntry], path: [String]
  ) throws(SweepError) {
    guard let index = entries.firstIndex(where: { $0.key == entry.key }) else {
      entries.append(entry)
      return
    }
    let path = path + [entry.key]
    guard var merged = entries[index].value.entries, let added = entry.value.entries else {
      throw SweepError(entry.keyPlace, path, "given twice")
    }
    for entry in added { try insert(entry, into: &merged, path: path) }
    entries[index].value.content = .map(merged)
  }
}
