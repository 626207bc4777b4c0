/// Bounds of the texts that travel, in bytes of UTF-8.
enum TextLimit {
  static let name = 255
  static let label = 1024
  static let line = 4096
  /// Of an error in full.
  static let detail = 16 << 10
  /// Of a sweep file.
  static let source = 512 << 10
  static let configuration = 128 << 10
}

/// Bounds of the numbers that travel.
enum NumberLimit {
  static let epoch = 1_000_000
  static let step = 1 << 40
  static let layers = 65_536
  static let draws = 65_536
  static let held = 1024
  static let attempts = 1 << 30
  static let threads = 65_536
  static let milliseconds = 1 << 40
  /// Trials that one request names.
  static let names = 1024
  /// Trials of a sweep, so that sums of counts cannot overflow.
  static let trials = 1 << 40
  /// Sequence numbers and beats, so that each has a successor.
  static let counter: UInt64 = 1 << 62 - 1
  /// Images per second, and seconds; sums of them are still whole numbers that can be shown.
  static let amount = 1e12
}

/// The text shortened to `limit` bytes, at a character's end.
func shortened(_ text: String, to limit: Int) -> String {
  guard text.utf8.count > limit else { return text }
  var kept = ""
  var bytes = 0
  for character in text {
    bytes += character.utf8.count
    guard bytes <= limit - 3 else { break }
    kept.append(character)
  }
  return kept + "…"
}

func checked(_ text: String, _ field: String, upTo limit: Int) throws(WireError) -> String {
  guard text.utf8.count <= limit else {
    throw .field(field, "has \(text.utf8.count) bytes, more than \(limit)")
  }
  return text
}

func checked<Number: UnsignedInteger>(
  _ number: Number, _ field: String, upTo limit: Int
) throws(WireError) -> Int {
  guard number <= UInt64(limit) else { throw .field(field, "is \(number), more than \(limit)") }
  return Int(number)
}

func checkedCounter(_ number: UInt64, _ field: String) throws(WireError) -> UInt64 {
  guard number <= NumberLimit.counter else {
    throw .field(field, "is \(number), more than \(NumberLimit.counter)")
  }
  return number
}

/// A finite number from 0 to `NumberLimit.amount`.
func checkedAmount(_ number: Double, _ field: String) throws(WireError) -> Double {
  guard number >= 0, number <= NumberLimit.amount else {
    throw .field(field, "is \(number), not in 0 to \(NumberLimit.amount)")
  }
  return number
}

/// The number held within the bounds of `checkedAmount`; 0 for NaN.
func boundedAmount(_ number: Double) -> Double {
  number.isNaN ? 0 : min(max(number, 0), NumberLimit.amount)
}

func checkCount(_ count: Int, _ field: String, upTo limit: Int) throws(WireError) {
  guard count <= limit else { throw .field(field, "has \(count) entries, more than \(limit)") }
}

/// 64 lower-case hexadecimal digits.
func checkedDigest(_ text: String, _ field: String) throws(WireError) -> String {
  guard text.utf8.count == 64, text.utf8.allSatisfy(isHexadecimal) else {
    throw .field(field, "is not 64 lower-case hexadecimal digits")
  }
  return text
}

/// A UUID in lower case, 8-4-4-4-12.
func checkedUUID(_ text: String, _ field: String) throws(WireError) -> String {
  var place = 0
  let right =
    text.utf8.count == 36
    && text.utf8.allSatisfy { byte in
      defer { place += 1 }
      switch place {
      case 8, 13, 18, 23: return byte == UInt8(ascii: "-")
      default: return isHexadecimal(byte)
      }
    }
  guard right else { throw .field(field, "is not a lower-case UUID") }
  return text
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}

/// Two lists of the same values in the same order: protobuf's enumeration and the program's.
struct EnumerationMap<Ours: Hashable & Sendable, Theirs: Hashable & Sendable>: Sendable {
  let theirs: [Ours: Theirs]
  let ours: [Theirs: Ours]

  init(_ pairs: KeyValuePairs<Ours, Theirs>) {
    theirs = Dictionary(uniqueKeysWithValues: pairs.map { ($0.key, $0.value) })
    ours = Dictionary(uniqueKeysWithValues: pairs.map { ($0.value, $0.key) })
  }

  /// Precondition: the map is complete over `Ours`.
  func encode(_ value: Ours) -> Theirs { theirs[value]! }

  func decode(_ value: Theirs, _ field: String) throws(WireError) -> Ours {
    guard let known = ours[value] else { throw .field(field, "has an unknown value") }
    return known
  }
}
