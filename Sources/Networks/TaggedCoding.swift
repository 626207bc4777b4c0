/// `Factorization` and `Strategy` are written as a plain word (`depthwise`) or as one word with its value
/// (`{uniform: 4}`), in YAML and in canonical JSON alike.
struct Tag: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Factorization: Codable {
  public init(from decoder: any Decoder) throws {
    if let word = try? decoder.singleValueContainer().decode(String.self) {
      switch word {
      case "none": self = .none
      case "depthwise": self = .depthwise
      default: throw decoder.unknownForm(Self.forms)
      }
      return
    }
    guard let tagged = try? decoder.container(keyedBy: Tag.self), tagged.allKeys.count == 1,
      let tag = tagged.allKeys.first
    else { throw decoder.unknownForm(Self.forms) }
    switch tag.stringValue {
    case "uniform": self = .uniform(try tagged.decode(Int.self, forKey: tag))
    case "reversePyramid": self = .reversePyramid(try tagged.decode(Int.self, forKey: tag))
    case "explicit": self = .explicit(try tagged.decode([Int].self, forKey: tag))
    default: throw decoder.unknownForm(Self.forms)
    }
  }

  static let forms = "none, depthwise, {uniform: 4}, {reversePyramid: 2} or {explicit: [1, 2, …]}"

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .none: try encoder.encodeWord("none")
    case .depthwise: try encoder.encodeWord("depthwise")
    case .uniform(let f): try encoder.encodeTagged("uniform", f)
    case .reversePyramid(let f): try encoder.encodeTagged("reversePyramid", f)
    case .explicit(let rates): try encoder.encodeTagged("explicit", rates)
    }
  }
}

extension Initialization.Strategy: Codable {
  private static let words: [String: Self] = [
    "glorotUniform": .glorotUniform, "glorotNormal": .glorotNormal, "heUniform": .heUniform,
    "heNormal": .heNormal,
  ]
  static let forms =
    "glorotUniform, glorotNormal, heUniform, heNormal, {normal: 0.5}, {uniform: 0.5} or {modifiedGlorotUniform: 36}"

  public init(from decoder: any Decoder) throws {
    if let word = try? decoder.singleValueContainer().decode(String.self) {
      guard let strategy = Self.words[word] else { throw decoder.unknownForm(Self.forms) }
      self = strategy
      return
    }
    guard let tagged = try? decoder.container(keyedBy: Tag.self), tagged.allKeys.count == 1,
      let tag = tagged.allKeys.first
    else { throw decoder.unknownForm(Self.forms) }
    switch tag.stringValue {
    case "normal": self = .normal(standardDeviation: try tagged.decode(Double.self, forKey: tag))
    case "uniform": self = .uniform(bound: try tagged.decode(Double.self, forKey: tag))
    case "modifiedGlorotUniform":
      self = .modifiedGlorotUniform(c: try tagged.decode(Double.self, forKey: tag))
    default: throw decoder.unknownForm(Self.forms)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .normal(let sigma): try encoder.encodeTagged("normal", sigma)
    case .uniform(let bound): try encoder.encodeTagged("uniform", bound)
    case .modifiedGlorotUniform(let c): try encoder.encodeTagged("modifiedGlorotUniform", c)
    case .glorotUniform: try encoder.encodeWord("glorotUniform")
    case .glorotNormal: try encoder.encodeWord("glorotNormal")
    case .heUniform: try encoder.encodeWord("heUniform")
    case .heNormal: try encoder.encodeWord("heNormal")
    }
  }
}

extension Encoder {
  func encodeWord(_ word: String) throws {
    var container = singleValueContainer()
    try container.encode(word)
  }
  func encodeTagged(_ tag: String, _ value: some Encodable) throws {
    var container = container(keyedBy: Tag.self)
    try container.encode(value, forKey: Tag(stringValue: tag))
  }
}

extension Decoder {
  func unknownForm(_ forms: String) -> DecodingError {
    .dataCorrupted(.init(codingPath: codingPath, debugDescription: "must be \(forms)"))
  }
}
