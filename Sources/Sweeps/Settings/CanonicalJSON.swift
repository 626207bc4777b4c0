/// Canonical JSON after RFC 8785: keys sorted, no whitespace, numbers as ECMAScript writes them (the shortest
/// digits that read back to the same double). Equal values have equal bytes on every platform. Keys are ASCII, for
/// which the order of UTF-16 code units and of strings is one.
enum CanonicalJSON {
  static func text(_ node: SettingNode) -> String {
    var text = ""
    text.reserveCapacity(1024)
    write(node, to: &text)
    return text
  }

  private static func write(_ node: SettingNode, to text: inout String) {
    switch node.content {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += number(value)
    case .text(let value): quote(value, to: &text)
    case .list(let nodes):
      text += "["
      for (index, node) in nodes.enumerated() {
        if index > 0 { text += "," }
        write(node, to: &text)
      }
      text += "]"
    case .map(let entries):
      text += "{"
      let sorted = entries.indices.sorted { entries[$0].key < entries[$1].key }
      for (count, index) in sorted.enumerated() {
        if count > 0 { text += "," }
        quote(entries[index].key, to: &text)
        text += ":"
        write(entries[index].value, to: &text)
      }
      text += "}"
    }
  }

  private static func quote(_ string: String, to text: inout String) {
    text += "\""
    if string.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      text += string
      text += "\""
      return
    }
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\u{8}": text += "\\b"
      case "\t": text += "\\t"
      case "\n": text += "\\n"
      case "\u{c}": text += "\\f"
      case "\r": text += "\\r"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  /// ECMAScript's Number::toString. Swift's description has the same shortest digits in another notation.
  static func number(_ value: Double) -> String {
    if value == 0 { return "0" }
    let whole = Int(exactly: value)
    if let whole, abs(whole) < 1 << 53 { return String(whole) }
    let text = value.description
    // Without an exponent the notation of a fraction is the same.
    if whole == nil, !text.utf8.contains(UInt8(ascii: "e")) { return text }
    let parts = value.magnitude.description.split(separator: "e")
    let mantissa = parts[0].split(separator: ".")
    var digits = String(mantissa[0]) + (mantissa.count > 1 ? String(mantissa[1]) : "")
    // The value is 0.digits × 10^point.
    var point = mantissa[0].count + (parts.count > 1 ? Int(parts[1])! : 0)
    while digits.hasPrefix("0") {
      digits.removeFirst()
      point -= 1
    }
    while digits.hasSuffix("0") { digits.removeLast() }
    return (value < 0 ? "-" : "") + place(digits, point: point)
  }

  private static func place(_ digits: String, point: Int) -> String {
    let count = digits.count
    switch point {
    case count...21 where count <= 21: return digits + String(repeating: "0", count: point - count)
    case 1...21: return "\(digits.prefix(point)).\(digits.dropFirst(point))"
    case -5...0: return "0." + String(repeating: "0", count: -point) + digits
    default:
      let fraction = count > 1 ? ".\(digits.dropFirst())" : ""
      return "\(digits.prefix(1))\(fraction)e\(point > 0 ? "+" : "-")\(abs(point - 1))"
    }
  }
}
