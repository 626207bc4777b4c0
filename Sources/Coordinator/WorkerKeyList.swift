public import ZeroMQ

/// The workers a coordinator lets in: a text with one line for each, its name and its public key. Empty lines and
/// lines that begin with `#` say nothing, and stay when the list is changed. (The name comes first because a key may
/// begin with `#`.)
public struct WorkerKeyList: Hashable, Sendable {
  public struct Entry: Hashable, Sendable {
    public var name: String
    public var key: CurvePublicKey

    public init(name: String, key: CurvePublicKey) {
      self.name = name
      self.key = key
    }
  }

  private enum Line: Hashable {
    case entry(Entry)
    case remark(String)
  }

  public static let longestName = 32
  /// Bytes of a list at most.
  static let longest = 16 << 20

  private var lines: [Line] = []

  public init() {}

  /// - Parameter path: where the text is from, for errors.
  /// - Throws: `KeyFileError`, naming the line.
  public init(_ text: String, path: String) throws(KeyFileError) {
    var names: [String: Int] = [:]
    var keys: [CurvePublicKey: Int] = [:]
    // By bytes: to Swift a carriage return and a line feed are one character.
    var rows = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if rows.last?.isEmpty == true { rows.removeLast() }
    for (index, row) in rows.enumerated() {
      let words = row.split {
        $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\r")
      }
      .map { String(Substring($0)) }
      guard let first = words.first, !first.hasPrefix("#") else {
        lines.append(.remark(String(Substring(row))))
        continue
      }
      let number = index + 1
      guard words.count == 2, Self.isName(first), let key = CurvePublicKey(words[1]) else {
        throw KeyFileError(
          path, "line \(number) is not a name and a public key (40 characters) with a space between")
      }
      if let other = names.updateValue(number, forKey: first) {
        throw KeyFileError(path, "line \(number) has the name \(first), as line \(other) has; names differ")
      }
      if let other = keys.updateValue(number, forKey: key) {
        throw KeyFileError(path, "line \(number) has the key of line \(other); every worker has its own")
      }
      lines.append(.entry(Entry(name: first, key: key)))
    }
  }

  public var entries: [Entry] {
    lines.compactMap { if case .entry(let entry) = $0 { entry } else { nil } }
  }

  public var text: String {
    lines.map { line in
      switch line {
      case .entry(let entry): "\(entry.name) \(entry.key)\n"
      case .remark(let text): "\(text)\n"
      }
    }.joined()
  }

  /// What a worker may be called: up to `longestName` letters, digits, `.`, `_` and `-`, so that a name is never taken
  /// for a key or a remark.
  public static func isName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= longestName
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  /// Adds an entry. False: it is there already.
  ///
  /// - Throws: `KeyFileError` where the name is another key's, or the key has another name.
  public mutating func allow(_ entry: Entry, path: String) throws(KeyFileError) -> Bool {
    if entries.contains(entry) { return false }
    if entries.contains(where: { $0.name == entry.name }) {
      throw KeyFileError(
        path, "\(entry.name) has another key there; revoke that first, or choose another name")
    }
    if let other = entries.first(where: { $0.key == entry.key }) {
      throw KeyFileError(path, "this key is there as \(other.name)")
    }
    lines.append(.entry(entry))
    return true
  }

  /// Removes the entries for which `isMeant`, and returns them.
  public mutating func revoke(where isMeant: (Entry) -> Bool) -> [Entry] {
    let meant = entries.filter(isMeant)
    lines.removeAll { if case .entry(let entry) = $0 { meant.contains(entry) } else { false } }
    return meant
  }
}
