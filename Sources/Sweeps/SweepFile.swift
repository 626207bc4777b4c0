import Foundation

/// Reads sweep files. `SweepFile.template` is a complete commented one.
///
/// The trials of a file are the product of its `grid` (the first axis varies slowest) with its `zip`, followed by
/// its explicit `trials`; each of them over `base`, and each once for every one of `seeds`. A file with neither
/// grid, zip nor trials has the one configuration of its base.
public enum SweepFile {
  /// Throws one line naming the file, with line, column and key path where there is one, and what would be right.
  public static func load(_ path: String, overrides: [SettingOverride] = []) throws(SweepError) -> Sweep {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      if FileManager.default.fileExists(atPath: path) { throw SweepError(path, "cannot be read") }
      let near = Suggestion.nearest(to: path, among: ShippedSweeps.all.map(\.name))
      let right = near.map { "did you mean \($0)?" } ?? "give a sweep file or one of \(ShippedSweeps.names)"
      throw SweepError(path, "no such file; \(right)")
    }
    guard let yaml = String(data: data, encoding: .utf8) else {
      throw SweepError(path, "not a text file in UTF-8")
    }
    return try parse(yaml, source: path, overrides: overrides)
  }

  /// Reads YAML text; `source` is named in errors.
  public static func parse(
    _ yaml: String, source: String, overrides: [SettingOverride] = []
  ) throws(SweepError) -> Sweep {
    let document = try SweepDocument(SettingReader.read(yaml, source: source), source: source)
    return try SweepExpansion(document, overrides: overrides).sweep(text: yaml)
  }
}

extension Sweep {
  /// The sweep of a shipped name, or else of a file, with the command line's `key.path=value` overrides.
  public static func load(_ nameOrPath: String, overrides: [String] = []) throws(SweepError) -> Sweep {
    var parsed: [SettingOverride] = []
    for text in overrides { parsed.append(try SettingOverride(text)) }
    if let shipped = ShippedSweeps.all.first(where: { $0.name == nameOrPath }) {
      return try shipped.sweep(overrides: parsed)
    }
    return try SweepFile.load(nameOrPath, overrides: parsed)
  }
}
