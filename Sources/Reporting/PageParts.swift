/// Pieces that every section of the page is put together from.
enum PageParts {
  static func section(id: String, title: String, _ lead: String? = nil, _ children: [Markup]) -> Markup {
    .tag(
      "section", ["id": id],
      [.tag("h2", [:], title)] + (lead.map { [.tag("p", ["class": "lead"], $0)] } ?? []) + children)
  }

  static func figure(id: String, heading: String, explanation: String, _ children: [Markup]) -> Markup {
    .tag(
      "figure", ["id": id],
      [
        .tag("figcaption", [:], [.tag("h3", [:], heading), .tag("p", [:], explanation)])
      ] + children)
  }

  /// Names with their samples; with script, each also shows and hides its series.
  static func legend(_ entries: [(name: String, style: SeriesStyle)]) -> Markup {
    guard entries.count > 1 else { return .many([]) }
    return .tag(
      "ul", ["class": "legend"],
      entries.map { name, style in
        .tag(
          "li", [:],
          [
            .tag(
              "label", [:],
              [
                .tag("input", ["type": "checkbox", "checked": "checked", "data-series": style.name]),
                sample(style), .tag("span", [:], name),
              ])
          ])
      })
  }

  static func badge(_ status: ReportStatus, _ text: String? = nil) -> Markup {
    .tag("span", ["class": "badge \(status.rawValue)", "title": status.explanation], text ?? status.rawValue)
  }

  private static func sample(_ style: SeriesStyle) -> Markup {
    .tag(
      "svg",
      ["viewBox": "0 0 30 12", "width": "30", "height": "12", "aria-hidden": "true", "stroke": style.color],
      [
        .tag("path", ["d": "M1 6H29", "stroke-width": "1.6", "stroke-dasharray": style.dash]),
        .tag(
          "path",
          [
            "d": style.marker.path(15, 6), "fill": style.color, "stroke-linecap": style.marker.cap,
            "stroke-width": style.marker.cap.map { _ in "5" },
          ]),
      ])
  }
}
