internal import Foundation
internal import Networks
public import Sweeps

/// Decodes configurations' canonical JSON, many one after another: a section that several share is decoded once.
public final class ConfigurationDecoder {
  private let decoder = JSONDecoder()
  private var analysis: [Substring: AnalysisSettings] = [:]
  private var data: [Substring: DataSettings] = [:]
  private var initialization: [Substring: Initialization] = [:]
  private var network: [Substring: Architecture] = [:]
  private var quantization: [Substring: QuantizationSettings] = [:]
  private var training: [Substring: TrainingSettings] = [:]

  public init() {}

  /// - Throws: where the text is no configuration's. What it says of other things is passed over.
  public func decode(_ json: String) throws -> TrialConfiguration {
    guard let sections = Self.sections(json),
      sections.map(\.key) == [
        "analysis", "data", "initialization", "network", "quantization", "seed", "training",
      ],
      let seed = Int(sections[5].value), sections[5].value.first != "+"
    else { return try decoder.decode(TrialConfiguration.self, from: Data(json.utf8)) }
    var configuration = TrialConfiguration()
    configuration.analysis = try section(sections[0].value, &analysis)
    configuration.data = try section(sections[1].value, &data)
    configuration.initialization = try section(sections[2].value, &initialization)
    configuration.network = try section(sections[3].value, &network)
    configuration.quantization = try section(sections[4].value, &quantization)
    configuration.seed = seed
    configuration.training = try section(sections[6].value, &training)
    return configuration
  }

  /// Sections kept of a kind; few stores have more.
  private static let most = 10_000

  private func section<Section: Decodable>(_ text: Substring, _ known: inout [Substring: Section]) throws
    -> Section
  {
    if let section = known[text] { return section }
    let section = try decoder.decode(Section.self, from: Data(text.utf8))
    if known.count >= Self.most { known = [:] }
    known[text] = section
    return section
  }

  /// The members of an object without white space, in their order; nil where it is not that plain.
  static func sections(_ json: String) -> [(key: Substring, value: Substring)]? {
    let text = json.utf8
    guard text.first == UInt8(ascii: "{"), text.last == UInt8(ascii: "}"), text.count > 2 else { return nil }
    var sections: [(key: Substring, value: Substring)] = []
    var start = text.index(after: text.startIndex)
    let end = text.index(before: text.endIndex)
    while start < end {
      guard let colon = text[start..<end].firstIndex(of: UInt8(ascii: ":")),
        text[start] == UInt8(ascii: "\""),
        text[text.index(before: colon)] == UInt8(ascii: "\""), text.index(after: start) < colon
      else { return nil }
      let key = json[text.index(after: start)..<text.index(before: colon)]
      let value = text.index(after: colon)
      var depth = 0
      var quoted = false
      var place = value
      while place < end, depth > 0 || quoted || text[place] != UInt8(ascii: ",") {
        switch text[place] {
        case UInt8(ascii: "\\"): return nil
        case UInt8(ascii: "\""): quoted.toggle()
        case UInt8(ascii: "{"), UInt8(ascii: "["): if !quoted { depth += 1 }
        case UInt8(ascii: "}"), UInt8(ascii: "]"): if !quoted { depth -= 1 }
        default: break
        }
        place = text.index(after: place)
      }
      guard depth == 0, !quoted, value < place else { return nil }
      sections.append((key, json[value..<place]))
      start = place < end ? text.index(after: place) : end
    }
    return sections
  }
}
