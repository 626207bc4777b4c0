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
      let reason = FileManager.default.fileExists(atPath: path) ? "cannot be read" : "no such file"
      throw SweepError(path, "\(reason): give a sweep file or one of \(ShippedSweeps.names)")
    }
    guard let yaml = String(data: data, encoding: .utf8) else {
      throw SweepError(path, "not a text file in UTF-8")
    }
    return try parse(yaml, source: path, overrides: overrides)
  }

  /// The sweep of a shipped name or else of a file.
  public static func find(_ nameOrPath: String, overrides: [SettingOverride] = []) throws(SweepError) -> Sweep
  {
    if let shipped = ShippedSweeps.all.first(where: { $0.name == nameOrPath }) {
      return try shipped.sweep(overrides: overrides)
    }
    return try load(nameOrPath, overrides: overrides)
  }

  /// Reads YAML text; `source` is named in errors.
  public static func parse(
    _ yaml: String, source: String, overrides: [SettingOverride] = []
  ) throws(SweepError) -> Sweep {
    let document = try SweepDocument(SettingReader.read(yaml, source: source), source: source)
    return try SweepExpansion(document, overrides: overrides).sweep()
  }
}
