import Foundation

/// How numbers read in tables, axes and SVG coordinates: the same on every machine and locale.
enum NumberText {
  /// What stands for an undefined, missing or non-finite value.
  static let missing = "–"

  /// `digits` decimals; the missing sign where the value is nil or not finite.
  static func fixed(_ value: Double?, digits: Int) -> String {
    guard let value, value.isFinite else { return missing }
    let text = String(format: "%.\(digits)f", value)
    return isNegativeZero(text) ? String(text.dropFirst()) : text
  }

  /// `digits` significant digits; powers of ten beside it outside 10⁻⁴ ... 10⁶.
  static func significant(_ value: Double?, digits: Int = 3) -> String {
    guard let value, value.isFinite else { return missing }
    if value == 0 { return "0" }
    let exponent = Int(log10(abs(value)).rounded(.down))
    if exponent < -4 || exponent >= 6 {
      let parts = String(format: "%.\(digits - 1)e", value).split(separator: "e")
      return "\(parts[0])·10\(superscript(Int(parts[1]) ?? exponent))"
    }
    return fixed(value, digits: max(digits - 1 - exponent, 0))
  }

  /// `10⁻³` is written "10" + superscript(−3).
  static func superscript(_ value: Int) -> String {
    let signs: [Character: Character] = [
      "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸",
      "9": "⁹",
    ]
    return String(String(value).map { signs[$0] ?? $0 })
  }

  /// A coordinate of a drawing, to a tenth of a unit.
  static func coordinate(_ value: Double) -> String {
    precondition(value.isFinite && abs(value) < 1e9, "coordinate \(value) lies outside every drawing")
    let tenths = Int((value * 10).rounded())
    let sign = tenths < 0 ? "-" : ""
    let (whole, rest) = tenths.magnitude.quotientAndRemainder(dividingBy: 10)
    return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
  }

  private static func isNegativeZero(_ text: String) -> Bool {
    text.first == "-" && text.dropFirst().allSatisfy { $0 == "0" || $0 == "." }
  }
}
