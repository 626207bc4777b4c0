/// A table for terminals and logs: aligned columns, a header and a rule under it.
///
/// Widths are counted in terminal cells, so that `±`, `—`, combining marks and wide (East Asian, emoji)
/// characters keep the columns straight.
public struct TextTable: Sendable {
  public enum Alignment: Hashable, Sendable { case left, right }

  public struct Column: Hashable, Sendable {
    public var header: String
    public var alignment: Alignment

    /// A column under `header`; numbers want `.right`.
    public init(_ header: String, _ alignment: Alignment = .left) {
      self.header = header
      self.alignment = alignment
    }
  }

  public let columns: [Column]
  public private(set) var rows: [[String]] = []

  public init(columns: [Column]) { self.columns = columns }

  /// Adds a row, one cell for every column. Line breaks, tabs and other control characters become spaces.
  public mutating func append(_ row: [String]) {
    precondition(
      row.count == columns.count, "a row of \(row.count) cells in a table of \(columns.count) columns")
    rows.append(row.map(Self.singleLine))
  }

  /// The table, every line ended by a line break, without spaces at line ends.
  public var text: String {
    var widths = columns.map { Self.cells($0.header) }
    for row in rows {
      for (i, cell) in row.enumerated() { widths[i] = max(widths[i], Self.cells(cell)) }
    }
    let header = line(columns.map(\.header), widths)
    let rule = line(widths.map { String(repeating: "─", count: $0) }, widths)
    return ([header, rule] + rows.map { line($0, widths) }).map { $0 + "\n" }.joined()
  }

  /// Terminal cells `text` takes: 0 for combining marks, 2 for wide characters, else 1.
  public static func cells(_ text: String) -> Int {
    text.reduce(0) { $0 + cells($1) }
  }

  private static func cells(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    if first.properties.isEmojiPresentation { return 2 }
    switch first.value {
    case 0x0300...0x036F, 0x200B...0x200F, 0xFE00...0xFE0F, 0xFEFF: return 0
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
      0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE4F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF,
      0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  private static func singleLine(_ cell: String) -> String {
    cell.unicodeScalars.contains(where: \.isControl)
      ? String(String.UnicodeScalarView(cell.unicodeScalars.map { $0.isControl ? " " : $0 })) : cell
  }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var text = ""
    for (i, cell) in cells.enumerated() {
      if i > 0 { text += "  " }
      let padding = String(repeating: " ", count: widths[i] - Self.cells(cell))
      text += columns[i].alignment == .right ? padding + cell : cell + padding
    }
    while text.last == " " { text.removeLast() }
    return text
  }
}
