/// A value of a sweep file or of an encoded configuration, with the place it was written at.
struct SettingNode: Sendable {
  enum Content: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    case list([SettingNode])
    case map([SettingEntry])
  }

  var content: Content
  /// nil for defaults.
  var place: Place?

  init(_ content: Content, at place: Place? = nil) {
    self.content = content
    self.place = place
  }

  static let emptyMap = SettingNode(.map([]))
}

/// Equal nodes have equal values, wherever they were written.
extension SettingNode: Hashable {
  static func == (a: SettingNode, b: SettingNode) -> Bool { a.content == b.content }
  func hash(into hasher: inout Hasher) { hasher.combine(content) }
}

struct SettingEntry: Hashable, Sendable {
  var key: String
  var keyPlace: Place?
  var value: SettingNode

  static func == (a: SettingEntry, b: SettingEntry) -> Bool { a.key == b.key && a.value == b.value }
  func hash(into hasher: inout Hasher) {
    hasher.combine(key)
    hasher.combine(value)
  }
}

/// Where something was written: a line and column (from 1) of a file, or a flag of the command line as a whole.
struct Place: Hashable, Sendable {
  var source: String
  var line: Int?
  var column: Int?

  var description: String {
    guard let line, let column else { return source }
    return "\(source):\(line):\(column)"
  }
}

extension SettingNode {
  var entries: [SettingEntry]? {
    if case .map(let entries) = content { entries } else { nil }
  }

  subscript(key: String) -> SettingNode? { entries?.first { $0.key == key }?.value }

  /// The node under a key path; nil where there is none.
  func node(at path: some Sequence<String>) -> SettingNode? {
    var node = self
    for key in path {
      guard let next = node[key] else { return nil }
      node = next
    }
    return node
  }

  /// `{a: {b: self}}` for the path a, b; the new maps stand where `self` does.
  func nested(under path: [SettingEntry.Step]) -> SettingNode {
    path.reversed().reduce(self) { node, step in
      SettingNode(.map([SettingEntry(key: step.key, keyPlace: step.place, value: node)]), at: node.place)
    }
  }

  /// As it would be written in one line of YAML: `{uniform: 4}`, `[5, 50]`, `fast`.
  var text: String {
    switch content {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): CanonicalJSON.number(value)
    case .text(let value): value.isEmpty ? "\"\"" : value
    case .list(let nodes): "[" + nodes.map(\.text).joined(separator: ", ") + "]"
    case .map(let entries): "{" + entries.map { "\($0.key): \($0.value.text)" }.joined(separator: ", ") + "}"
    }
  }

  /// `text`, cut short for use inside a message.
  var excerpt: String { text.count > 60 ? text.prefix(59) + "…" : text }
}

extension SettingEntry {
  struct Step {
    var key: String
    var place: Place?
  }
}
