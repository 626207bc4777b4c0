/// A setting that is one word out of a few. Decoding anything else fails with the words that would be right.
public protocol Choice: RawRepresentable, CaseIterable, Codable where RawValue == String {}

extension Choice {
  public init(from decoder: any Decoder) throws {
    guard let word = try? decoder.singleValueContainer().decode(String.self),
      let choice = Self(rawValue: word)
    else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "must be \(Self.words)"))
    }
    self = choice
  }

  /// `stride or maxPool`; `spatial, pointwise or all`.
  static var words: String {
    let words = allCases.map(\.rawValue)
    guard words.count > 1 else { return words.joined() }
    return words.dropLast().joined(separator: ", ") + " or " + words.last!
  }
}
