import Reporting
import Testing

struct TextTableTests {
  @Test func numbersStandRightAndWordsLeft() {
    var table = TextTable(columns: [.init("name"), .init("MACs", .right)])
    table.append(["f2", "153.8"])
    table.append(["Regular", "9"])
    #expect(
      table.text == """
        name      MACs
        ───────  ─────
        f2       153.8
        Regular      9

        """)
  }

  @Test func widthsCountTerminalCells() {
    var table = TextTable(columns: [.init("a"), .init("b", .right)])
    table.append(["漢字", "1 ± 2"])
    table.append(["e\u{301}", "–"])
    #expect(
      table.text.split(separator: "\n").map(String.init) == [
        "a         b", "────  ─────", "漢字  1 ± 2", "e\u{301}         –",
      ])
    #expect(TextTable.cells("漢字 ±") == 6)
  }

  @Test func cellsStayOnOneLineAndLinesEndWithoutSpaces() {
    var table = TextTable(columns: [.init("a"), .init("b")])
    table.append(["two\nlines\tand", ""])
    #expect(table.text.split(separator: "\n").last == "two lines and")
    #expect(!table.text.contains(" \n"))
  }

  @Test func whatOthersWroteStaysOnItsLine() {
    #expect(
      "w\u{1b}[31m\n2026\r\n\tx\u{9b}\u{2028}\u{202e}y".onOneLine
        == #"w\u{1b}[31m\n2026\r\n\tx\u{9b}\u{2028}\u{202e}y"#)
    #expect("Ünïcode 漢字 👩‍🔬".onOneLine == "Ünïcode 漢字 👩‍🔬")
    #expect(
      ReportText.failure("a\u{7}", "failed", "one\ntwo", "three\u{1b}]0;x\nfour")
        == #"a\u{7} is failed: one\ntwo"# + "\n" + #"    three\u{1b}]0;x"# + "\n    four\n")
  }

  @Test func anEmptyTableIsItsHeader() {
    #expect(TextTable(columns: [.init("label"), .init("n", .right)]).text == "label  n\n─────  ─\n")
  }
}
