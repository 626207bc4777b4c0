import Yams

/// Reads YAML text into a tree of settings whose nodes know their line and column.
enum SettingReader {
  /// `source` is named in errors. An empty document is null.
  static func read(_ yaml: String, source: String) throws(SweepError) -> SettingNode {
    do {
      guard let root = try Yams.compose(yaml: yaml) else {
        return SettingNode(.null, at: Place(source: source, line: 1, column: 1))
      }
      return try node(root, source: source, line: true)
    } catch let error as SweepError {
      throw error
    } catch {
      throw translate(error, source: source)
    }
  }

  /// Reads the value of a command line override; its nodes' place is the whole flag.
  static func readValue(_ yaml: String, flag: String) throws(SweepError) -> SettingNode {
    do {
      guard let root = try Yams.compose(yaml: yaml) else {
        return SettingNode(.null, at: Place(source: flag))
      }
      return try node(root, source: flag, line: false)
    } catch let error as SweepError {
      throw error
    } catch {
      throw SweepError(flag, "the value is not YAML: \(translate(error, source: flag).problem)")
    }
  }

  private static func node(_ node: Node, source: String, line: Bool) throws -> SettingNode {
    let place = place(node.mark, source, line)
    switch node {
    case .scalar(let scalar): return SettingNode(content(of: node, scalar), at: place)
    case .sequence(let sequence):
      return SettingNode(.list(try sequence.map { try self.node($0, source: source, line: line) }), at: place)
    case .mapping(let mapping):
      let entries = try mapping.map { key, value in
        guard let scalar = key.scalar else {
          throw SweepError(self.place(key.mark, source, line), [], "a key must be a single word")
        }
        return SettingEntry(
          key: scalar.string, keyPlace: self.place(key.mark, source, line),
          value: try self.node(value, source: source, line: line))
      }
      return SettingNode(.map(entries), at: place)
    case .alias: return SettingNode(.null, at: place)
    }
  }

  private static func content(of node: Node, _ scalar: Node.Scalar) -> SettingNode.Content {
    switch node.tag.rawValue {
    case Tag.Name.null.rawValue: return .null
    case Tag.Name.bool.rawValue: if let value = node.bool { return .bool(value) }
    case Tag.Name.int.rawValue:
      if let value = node.int { return .integer(value) }
      if let value = node.float { return .number(value) }
    case Tag.Name.float.rawValue: if let value = node.float { return .number(value) }
    default: break
    }
    return .text(scalar.string)
  }

  private static func place(_ mark: Mark?, _ source: String, _ line: Bool) -> Place {
    line ? Place(source: source, line: mark?.line, column: mark?.column) : Place(source: source)
  }

  private static func translate(_ error: any Error, source: String) -> SweepError {
    func at(_ mark: Mark, _ problem: String) -> SweepError {
      SweepError(Place(source: source, line: mark.line, column: mark.column), [], problem)
    }
    switch error as? YamlError {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      return at(mark, [context?.text, problem].compactMap { $0 }.joined(separator: ", "))
    case .reader(let problem, let offset, _, _):
      return SweepError(source, "byte \(offset ?? 0): \(problem)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      return at(context.mark, "\(duplicates.joined(separator: ", ")) is given twice in one map")
    default: return SweepError(source, "not YAML: \(error)")
    }
  }
}
