/// A failure of a trial, by host and cause.
public struct FailedAttempt: Hashable, Sendable {
  public var host: String
  /// The error's line without what differs from host to host and from time to time: numbers, addresses, the host's
  /// own name. Equal causes are the same error.
  public var cause: String

  public init(host: String, line: String) {
    self.host = host
    cause = Self.cause(line, host: host)
  }

  private static func cause(_ line: String, host: String) -> String {
    var words: [String] = []
    for word in line.split(whereSeparator: \.isWhitespace) {
      var text = ""
      var digits = false
      for character in host.isEmpty
        ? String(word) : word.split(separator: host, omittingEmptySubsequences: false).joined(separator: "@")
      {
        if character.isNumber || digits && character.isHexDigit {
          if !digits { text.append("#") }
          digits = true
        } else {
          // 0x7f00: what follows the x is digits too.
          digits = digits && character == "x"
          if !digits { text.append(character) }
        }
      }
      words.append(text)
    }
    return words.joined(separator: " ")
  }
}
