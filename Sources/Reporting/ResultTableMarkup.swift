/// The results table on the page.
struct ResultTableMarkup: Sendable {
  var model: ReportModel

  func markup() -> Markup {
    let columns = ResultTable(model).columns
    let published = columns.count { $0.isPublished }
    var heads: [Markup] = []
    if published > 0 {
      heads.append(
        .tag(
          "tr", [:],
          [
            .tag("td", ["colspan": "\(columns.count - published)"]),
            .tag(
              "th", ["class": "published first", "colspan": "\(published)", "scope": "colgroup"],
              "thesis, 200 epochs"),
          ]))
    }
    let firstPublished = columns.firstIndex(where: \.isPublished)
    heads.append(
      .tag(
        "tr", [:],
        columns.enumerated().map { i, column in
          .tag(
            "th",
            [
              "scope": "col", "class": name(column, isFirst: i == firstPublished),
              "title": column.explanation,
              "aria-sort": "none",
            ],
            [.tag("button", ["type": "button"], column.header)])
        }))
    let rows = model.configurations.map { configuration in
      Markup.tag(
        "tr", [:],
        columns.enumerated().map { i, column in
          let cell = column.cell(configuration)
          if i == 0 { return .tag("th", ["scope": "row"], cell.text) }
          return .tag(
            "td",
            [
              "class": name(column, isFirst: i == firstPublished),
              "data-value": cell.value.map { "\($0)" }, "title": cell.detail,
            ],
            column.header == "outcome"
              ? badges(configuration)
              : [.text(cell.text), cell.spread.isEmpty ? .many([]) : .tag("small", [:], cell.spread)])
        })
    }
    return .tag(
      "div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": "Results"],
      [.tag("table", ["class": "results"], [.tag("thead", [:], heads), .tag("tbody", [:], rows)])])
  }

  private func name(_ column: ResultTable.Column, isFirst: Bool) -> String? {
    let names = [
      column.isNumber ? "number" : nil, column.isPublished ? "published" : nil, isFirst ? "first" : nil,
    ]
    let text = names.compactMap { $0 }.joined(separator: " ")
    return text.isEmpty ? nil : text
  }

  private func badges(_ configuration: ReportConfiguration) -> [Markup] {
    let counts = configuration.statusCounts
    return counts.map { status, count in
      PageParts.badge(status, counts.count == 1 ? nil : "\(count) \(status.rawValue)")
    }
  }
}

/// What varies between the trials, and what they share.
struct SettingsMarkup: Sendable {
  var model: ReportModel

  func markup() -> Markup {
    var nodes: [Markup] = []
    if !model.settings.varied.isEmpty {
      nodes.append(.tag("h3", [:], "What varies"))
      nodes.append(ReportPage.definitions(model.settings.varied.map { ($0.path, $0.values) }))
    }
    let groups = Dictionary(grouping: model.settings.shared) { String($0.path.prefix { $0 != "." }) }
    nodes.append(.tag("h3", [:], "What all trials share"))
    nodes.append(
      .tag(
        "div", ["class": "shared"],
        groups.keys.sorted().map { name in
          let entries = (groups[name] ?? []).map { setting in
            (
              term: setting.path == name ? name : String(setting.path.dropFirst(name.count + 1)),
              values: [setting.value]
            )
          }
          return .tag("div", [:], [.tag("h4", [:], name), ReportPage.definitions(entries)])
        }))
    return .many(nodes)
  }
}
