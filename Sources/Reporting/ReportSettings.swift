import Foundation
import Sweeps

/// The settings of a set of trials, as dotted paths: what all share, and what varies.
public struct ReportSettings: Hashable, Sendable {
  public struct Shared: Hashable, Sendable {
    public let path: String
    public let value: String
  }
  public struct Varied: Hashable, Sendable {
    public let path: String
    /// In order of first use.
    public let values: [String]
  }

  /// In alphabetical order of paths.
  public let shared: [Shared]
  public let varied: [Varied]

  init(_ configurations: [TrialConfiguration]) {
    var values: [String: [String]] = [:]
    for settings in configurations.map(Self.flattened) {
      for (path, value) in settings where !(values[path] ?? []).contains(value) {
        values[path, default: []].append(value)
      }
    }
    let paths = values.keys.sorted()
    shared = paths.compactMap { path in
      values[path]?.count == 1 ? Shared(path: path, value: values[path]![0]) : nil
    }
    varied = paths.compactMap { path in
      let all = values[path] ?? []
      return all.count > 1 ? Varied(path: path, values: all) : nil
    }
  }

  private static func flattened(_ configuration: TrialConfiguration) -> [String: String] {
    var settings: [String: String] = [:]
    let data = Data(configuration.canonicalJSON.utf8)
    guard let root = try? JSONDecoder().decode(SettingValue.self, from: data), case .map(let sections) = root
    else { preconditionFailure("canonical JSON is a map") }
    for (name, section) in sections { flatten(section, path: name, into: &settings) }
    return settings
  }

  /// A map of one key is a word with its value (`{uniform: 4}`), so it stays whole.
  private static func flatten(_ value: SettingValue, path: String, into settings: inout [String: String]) {
    if case .map(let entries) = value, entries.count > 1 || !path.contains(".") {
      for (key, entry) in entries { flatten(entry, path: "\(path).\(key)", into: &settings) }
    } else {
      settings[path] = value.text
    }
  }
}

private enum SettingValue: Decodable {
  /// A size left open.
  case all
  case flag(Bool)
  case number(Double)
  case word(String)
  case list([SettingValue])
  case map([String: SettingValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .all
    } else if let flag = try? container.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let word = try? container.decode(String.self) {
      self = .word(word)
    } else if let list = try? container.decode([SettingValue].self) {
      self = .list(list)
    } else {
      self = .map(try container.decode([String: SettingValue].self))
    }
  }

  var text: String {
    switch self {
    case .all: "all"
    case .flag(let flag): flag ? "yes" : "no"
    case .number(let value): value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    case .word(let word): word
    case .list(let values): values.isEmpty ? "none" : values.map(\.text).joined(separator: ", ")
    case .map(let entries):
      if entries.count == 2, let blocks = entries["blocks"], let width = entries["width"] {
        "\(blocks.text) × \(width.text)"
      } else {
        entries.keys.sorted().map { "\($0) \(entries[$0]?.text ?? "")" }.joined(separator: ", ")
      }
    }
  }
}
