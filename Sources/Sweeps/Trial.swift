import Crypto
import Networks

/// One configuration with one training seed.
public struct Trial: Codable, Hashable, Sendable, Identifiable {
  /// `configuration.identity`: the same trial is recognised across sweeps, stores and months.
  public let id: String
  /// The name in tables and figures; trials of a sweep that differ in their seed alone share it.
  public let label: String
  public let configuration: TrialConfiguration
  /// `configuration.canonicalJSON`, whose hash the id is.
  public let canonicalJSON: String

  /// A normalized configuration's trial, given its canonical JSON.
  init(normalized configuration: TrialConfiguration, label: String, canonicalJSON: String) {
    self.configuration = configuration
    self.label = label
    self.canonicalJSON = canonicalJSON
    self.id = TrialConfiguration.identity(ofJSON: canonicalJSON)
  }

  /// The trial of the normalized configuration; its label is the configuration's unless another is given.
  public init(_ configuration: TrialConfiguration, label: String? = nil) {
    let configuration = configuration.normalized
    self.init(
      normalized: configuration, label: label ?? configuration.label,
      canonicalJSON: configuration.canonicalJSON)
  }

  private enum CodingKeys: String, CodingKey { case id, label, configuration }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      try container.decode(TrialConfiguration.self, forKey: .configuration),
      label: try container.decode(String.self, forKey: .label))
  }
}

extension TrialConfiguration {
  /// All keys, sorted, in the form of RFC 8785; a size left open is null. Equal configurations have equal bytes on
  /// every platform.
  public var canonicalJSON: String { CanonicalJSON.text(tree) }

  /// Reads `canonicalJSON` back. Unknown keys are refused; a missing one has its default.
  public init(canonicalJSON: String) throws(SweepError) {
    let source = "configuration"
    let tree = try SettingSchema.overlay(
      try SettingReader.read(canonicalJSON, source: source), on: SettingSchema.defaults)
    self = try Self.decode(tree, source: source)
  }

  /// SHA-256 of the canonical JSON, 64 hexadecimal digits.
  public var identity: String { Self.identity(ofJSON: canonicalJSON) }

  /// The identity of the configuration that has this canonical JSON.
  public static func identity(ofJSON json: String) -> String {
    var json = json
    var hash = SHA256()
    json.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
    let digits: StaticString = "0123456789abcdef"
    return String(unsafeUninitializedCapacity: 64) { text in
      for (index, byte) in hash.finalize().enumerated() {
        text[2 * index] = digits.utf8Start[Int(byte >> 4)]
        text[2 * index + 1] = digits.utf8Start[Int(byte & 15)]
      }
      return 64
    }
  }

  /// The network's and initialization's name in the thesis; see `networkLabel`.
  public var label: String { networkLabel(network, initialization) }

  /// The same trial written in the one way its identity is taken from: epochs in ascending order, none twice, and
  /// no snapshot listed that is taken anyway (0 and the last epoch).
  public var normalized: TrialConfiguration {
    var normalized = self
    normalized.training.decayEpochs.sort()
    if !analysis.snapshots.isEmpty {
      normalized.analysis.snapshots = Set(analysis.snapshots).subtracting([0, training.epochs]).sorted()
    }
    return normalized
  }

  /// Epochs at which a snapshot is taken, ascending: initialization, those listed, and the last.
  public var snapshotEpochs: [Int] {
    Set(analysis.snapshots).union([0, training.epochs]).filter { $0 <= training.epochs }.sorted()
  }

  var tree: SettingNode { Self.tree(of: self) }

  /// - Parameter section: a configuration or a part of one.
  static func tree(of section: some Encodable) -> SettingNode {
    do {
      return try SettingEncoder.encode(section)
    } catch {
      preconditionFailure("a configuration does not encode: \(error)")
    }
  }

  static func decode(_ tree: SettingNode, source: String) throws(SweepError) -> TrialConfiguration {
    do {
      return try SettingDecoder.decode(TrialConfiguration.self, from: tree)
    } catch let error as SweepError {
      throw error
    } catch {
      throw SweepError(source, "\(error)")
    }
  }
}
