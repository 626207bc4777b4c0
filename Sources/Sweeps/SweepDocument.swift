/// A sweep file's parts, checked each for itself, before they are combined.
struct SweepDocument {
  /// The values one setting, or several in step, take: each a map of settings.
  struct Axis {
    var points: [SettingNode]
  }

  struct ExplicitTrial {
    var name: String?
    var place: Place?
    var settings: SettingNode
  }

  let source: String
  let name: String
  let description: String
  let base: SettingNode
  /// Grid axes in the file's order, then the zip as one axis.
  let axes: [Axis]
  let trials: [ExplicitTrial]
  let seeds: [Int]?
  let earlyStopping: EarlyStopping?
  let earlyStoppingPlace: Place?

  static let keys = ["name", "description", "base", "grid", "zip", "trials", "seeds", EarlyStopping.key]
  private static let settingKeys = ["name"] + (SettingSchema.defaults.entries ?? []).map(\.key)
  static let emptySettings = SettingNode.emptyMap

  init(_ root: SettingNode, source: String) throws(SweepError) {
    guard let entries = root.entries else {
      throw SweepError(root.place, [], "a sweep file is a map with name, base, grid, zip, trials and seeds")
    }
    for entry in entries where !Self.keys.contains(entry.key) { throw Self.unknown(entry) }
    self.source = source
    name = try Self.name(root)
    description =
      try root["description"].map { node throws(SweepError) in
        try Self.text(node, "description")
      } ?? ""
    base = try Self.settings(root["base"], ["base"])
    var axes = try Self.axes(root["grid"], "grid")
    if let zipped = try Self.zipped(root["zip"]) { axes.append(zipped) }
    self.axes = axes
    trials = try Self.trials(root["trials"])
    seeds = try root["seeds"].map { node throws(SweepError) in try Self.seeds(node) }
    earlyStopping = try EarlyStopping(root)
    earlyStoppingPlace = root[EarlyStopping.key]?.place
    if seeds != nil,
      let entry = Self.settingPlace("seed", in: [base] + axes.flatMap(\.points) + trials.map(\.settings))
    {
      throw SweepError(entry, ["seed"], "given along with seeds: give one or the other")
    }
  }

  private static func unknown(_ entry: SettingEntry) -> SweepError {
    let section = entry.key.split(separator: ".").first.map(String.init) ?? entry.key
    if SettingSchema.defaults[section] != nil {
      return SweepError(
        entry.keyPlace, [entry.key], "no such key of a sweep file; did you mean base.\(entry.key)?")
    }
    if let near = Suggestion.nearest(to: entry.key, among: keys) {
      return SweepError(entry.keyPlace, [entry.key], "no such key of a sweep file; did you mean \(near)?")
    }
    if let setting = SettingSchema.elsewhere(entry.key) {
      return SweepError(
        entry.keyPlace, [entry.key], "no such key of a sweep file; did you mean base.\(setting)?")
    }
    return SweepError(
      entry.keyPlace, [entry.key], "no such key of a sweep file, which has \(keys.joined(separator: ", "))")
  }

  private static func text(_ node: SettingNode, _ key: String) throws(SweepError) -> String {
    guard case .text(let text) = node.content else {
      throw SettingDecoder(node: node, path: [key]).error("must be text")
    }
    return text
  }

  private static func name(_ root: SettingNode) throws(SweepError) -> String {
    guard let node = root["name"] else {
      throw SweepError(root.place, ["name"], "missing: give the sweep a name")
    }
    let name = try text(node, "name")
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isPlain, !name.isEmpty, !name.hasPrefix("."), !name.hasPrefix("-"), name.utf8.count <= 100 else {
      throw SettingDecoder(node: node, path: ["name"]).error("must be letters, digits, - _ and . only")
    }
    return name
  }

  /// A map of settings with its dots nested, every key of which exists.
  private static func settings(_ node: SettingNode?, _ path: [String]) throws(SweepError) -> SettingNode {
    guard let node, node.content != .null else { return emptySettings }
    guard node.entries != nil else {
      throw SettingDecoder(node: node, path: path).error("must be a map of settings")
    }
    let nested = try node.nestingDots()
    _ = try SettingSchema.overlay(nested, on: SettingSchema.defaults)
    return nested
  }

  /// One axis for every list under `node`; maps on the way to a list are key paths as dots are.
  private static func axes(_ node: SettingNode?, _ section: String) throws(SweepError) -> [Axis] {
    guard let node, node.content != .null else { return [] }
    guard node.entries != nil else {
      throw SettingDecoder(node: node, path: [section]).error("must be a map of key paths to lists of values")
    }
    var axes: [Axis] = []
    var seen: Set<[String]> = []
    for (steps, value) in lists(node, under: []) {
      let path = steps.map(\.key)
      if !seen.insert(path).inserted {
        throw SweepError(steps.last?.place, [section] + path, "given twice")
      }
      guard case .list(let values) = value.content else {
        throw SettingDecoder(node: value, path: [section] + path).error("must be a list of values")
      }
      if values.isEmpty {
        throw SweepError(value.place, [section] + path, "the list is empty: give at least one value")
      }
      var axis = Axis(points: [])
      for value in values {
        let point = try value.nestingDots().nested(under: steps)
        _ = try SettingSchema.overlay(point, on: SettingSchema.defaults)
        axis.points.append(point)
      }
      axes.append(axis)
    }
    return axes
  }

  private static func lists(
    _ node: SettingNode, under steps: [SettingEntry.Step]
  ) -> [(steps: [SettingEntry.Step], value: SettingNode)] {
    guard let entries = node.entries, !entries.isEmpty else { return [(steps, node)] }
    return entries.flatMap { entry in
      let keys = entry.key.split(separator: ".", omittingEmptySubsequences: false)
      return lists(
        entry.value, under: steps + keys.map { SettingEntry.Step(key: String($0), place: entry.keyPlace) })
    }
  }

  private static func zipped(_ node: SettingNode?) throws(SweepError) -> Axis? {
    let axes = try axes(node, "zip")
    guard let first = axes.first, let node else { return nil }
    for axis in axes where axis.points.count != first.points.count {
      let lengths = axes.map {
        "\(SettingSchema.paths(setBy: $0.points[0])[0].joined(separator: ".")) \($0.points.count)"
      }
      throw SweepError(node.place, ["zip"], "the lists differ in length: \(lengths.joined(separator: ", "))")
    }
    var combined = Axis(points: [])
    for index in first.points.indices {
      var point = emptySettings
      for axis in axes { point = point.merging(axis.points[index]) }
      combined.points.append(point)
    }
    return combined
  }

  private static func trials(_ node: SettingNode?) throws(SweepError) -> [ExplicitTrial] {
    guard let node, node.content != .null else { return [] }
    guard case .list(let nodes) = node.content else {
      throw SettingDecoder(node: node, path: ["trials"]).error("must be a list of maps of settings")
    }
    var trials: [ExplicitTrial] = []
    var named: [String: Int] = [:]
    for (index, node) in nodes.enumerated() {
      var map = node
      let name = try node["name"].map { name throws(SweepError) in try text(name, "trials.\(index).name") }
      if let entries = node.entries {
        map.content = .map(entries.filter { $0.key != "name" })
        let misspelt = entries.first { Suggestion.nearest(to: $0.key, among: settingKeys) == "name" }
        if let misspelt, misspelt.key != "name" {
          throw SettingSchema.unknown([misspelt.key], misspelt.keyPlace, siblings: ["name"])
        }
      }
      if let name, let earlier = named.updateValue(index + 1, forKey: name) {
        throw SweepError(
          node.place, ["trials"], "trial \(earlier) and trial \(index + 1) are both named \(name)")
      }
      trials.append(
        ExplicitTrial(name: name, place: node.place, settings: try settings(map, ["trials", "\(index)"])))
    }
    return trials
  }

  /// A count n stands for 1 ... n.
  static func seeds(_ node: SettingNode) throws(SweepError) -> [Int] {
    let decoder = SettingDecoder(node: node, path: ["seeds"])
    switch node.content {
    case .integer(let count) where (1...100_000).contains(count): return Array(1...count)
    case .list(let nodes) where !nodes.isEmpty:
      var seeds: [Int] = []
      for node in nodes {
        guard case .integer(let seed) = node.content, seed >= 0 else {
          throw SettingDecoder(node: node, path: ["seeds"]).error("must be a whole number from 0")
        }
        if seeds.contains(seed) { throw SweepError(node.place, ["seeds"], "\(seed) is listed twice") }
        seeds.append(seed)
      }
      return seeds
    default: throw decoder.error("must be a list of seeds or a count of at least 1")
    }
  }

  private static func settingPlace(_ key: String, in maps: [SettingNode]) -> Place? {
    for map in maps {
      if let entry = map.entries?.first(where: { $0.key == key }) {
        return entry.keyPlace ?? entry.value.place
      }
    }
    return nil
  }
}

extension SettingNode {
  /// Two maps of settings in one; where both set the same, the other's value.
  func merging(_ other: SettingNode) -> SettingNode {
    guard var merged = entries, let added = other.entries else { return other }
    for entry in added {
      if let index = merged.firstIndex(where: { $0.key == entry.key }) {
        merged[index].value = merged[index].value.merging(entry.value)
      } else {
        merged.append(entry)
      }
    }
    return SettingNode(.map(merged), at: place ?? other.place)
  }
}
