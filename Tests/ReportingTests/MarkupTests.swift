import Testing

@testable import Reporting

struct MarkupTests {
  @Test func textAndAttributesAreEscaped() {
    let node = Markup.tag("p", ["title": "a\"b'<&>"], "1 < 2 & \"3\"")
    #expect(
      node.serialized == "<p title=\"a&quot;b&#39;&lt;&amp;&gt;\">1 &lt; 2 &amp; &quot;3&quot;</p>\n")
  }

  @Test func charactersThatXMLCannotHoldAreDropped() {
    #expect(Markup.escaped("a\u{0}b\u{1B}[c\td\ne") == "ab[c\td\ne")
  }

  @Test func elementsThatHTMLDoesNotCloseItselfGetAnEndTag() {
    #expect(Markup.tag("td", [:], []).serialized == "<td></td>")
    #expect(Markup.tag("path", ["d": "M0 0"]).serialized == "<path d=\"M0 0\"/>")
  }

  @Test func attributesWithoutValueAreLeftOut() {
    #expect(Markup.tag("td", ["class": nil, "id": "x"]).serialized == "<td id=\"x\"></td>")
  }

  @Test(arguments: [
    (0.0, "0"), (-0.04, "0"), (1.25, "1.3"), (-12.34, "-12.3"), (100, "100"), (0.96, "1"),
  ])
  func coordinatesHaveOneDecimal(value: Double, text: String) {
    #expect(NumberText.coordinate(value) == text)
  }

  @Test func numbersReadTheSameEverywhere() {
    #expect(NumberText.fixed(71.026, digits: 2) == "71.03")
    #expect(NumberText.fixed(-0.0001, digits: 2) == "0.00")
    #expect(NumberText.fixed(.nan, digits: 2) == "–")
    #expect(NumberText.significant(1.5e9) == "1.50·10⁹")
    #expect(NumberText.significant(-2e-7, digits: 1) == "-2·10⁻⁷")
    #expect(NumberText.significant(0.01234) == "0.0123")
  }
}
