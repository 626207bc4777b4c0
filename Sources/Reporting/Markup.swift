/// A node of a page, HTML and SVG alike. It is written as well-formed XML, so that one writer and one way of
/// escaping serve both, and a page can be checked by any XML parser.
indirect enum Markup: Sendable {
  case element(String, [(name: String, value: String)], [Markup])
  case text(String)
  /// Style and script only: written as it stands.
  case verbatim(String)
  case many([Markup])

  static func tag(
    _ name: String, _ attributes: KeyValuePairs<String, String?> = [:], _ children: [Markup] = []
  )
    -> Markup
  {
    .element(name, attributes.compactMap { pair in pair.value.map { (name: pair.key, value: $0) } }, children)
  }

  static func tag(_ name: String, _ attributes: KeyValuePairs<String, String?> = [:], _ text: String)
    -> Markup
  {
    tag(name, attributes, [.text(text)])
  }

  /// The node's bytes; text and attribute values escaped.
  var serialized: String {
    var output = ""
    write(to: &output)
    return output
  }

  func write(to output: inout String) {
    switch self {
    case .text(let text): output += Markup.escaped(text)
    case .verbatim(let text): output += text
    case .many(let nodes): for node in nodes { node.write(to: &output) }
    case .element(let name, let attributes, let children):
      output += "<\(name)"
      for (name, value) in attributes { output += " \(name)=\"\(Markup.escaped(value))\"" }
      if children.isEmpty, Markup.childless.contains(name) {
        output += "/>"
        return
      }
      output += ">"
      for child in children { child.write(to: &output) }
      output += "</\(name)>"
      if Markup.endsLine.contains(name) { output += "\n" }
    }
  }

  /// Text fit for element content and for quoted attributes; characters that XML cannot hold are dropped.
  static func escaped(_ text: String) -> String {
    var output = ""
    output.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": output += "&amp;"
      case "<": output += "&lt;"
      case ">": output += "&gt;"
      case "\"": output += "&quot;"
      case "'": output += "&#39;"
      case "\n", "\t": output.unicodeScalars.append(scalar)
      case _ where scalar.properties.generalCategory == .control: continue
      case "\u{FFFE}", "\u{FFFF}": continue
      default: output.unicodeScalars.append(scalar)
      }
    }
    return output
  }

  /// HTML's void elements and SVG's shapes; any other element needs its end tag in HTML.
  private static let childless: Set<String> = [
    "meta", "input", "br", "path", "line", "rect", "circle",
  ]
  private static let endsLine: Set<String> = [
    "tr", "p", "figure", "section", "svg", "g", "li", "h2", "h3", "style", "div",
  ]
}
