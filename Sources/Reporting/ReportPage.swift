/// The report as one self-contained page: no fonts, scripts, images or links from elsewhere.
public enum ReportPage {
  /// HTML that is also well-formed XML; the same bytes for the same model.
  public static func html(_ model: ReportModel) -> String {
    let sections = sections(model)
    let page = Markup.tag(
      "html", ["lang": "en"],
      [
        .tag(
          "head", [:],
          [
            .tag("meta", ["charset": "utf-8"]),
            .tag("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            .tag("title", [:], "\(model.title) – Strata"), .tag("style", [:], [.verbatim(PageStyle.css)]),
          ]),
        .tag(
          "body", [:],
          [
            header(model, sections.map { ($0.id, $0.title) }),
            .tag(
              "main", [:],
              sections.map { PageParts.section(id: $0.id, title: $0.title, $0.lead, $0.children) }),
            .tag("script", [:], [.verbatim(PageScript.javaScript)]),
          ]),
      ])
    return "<!DOCTYPE html>\n\(page.serialized)\n"
  }

  /// Writes the page, in place of a file that is there. Throws `ReportError.unwritable`.
  public static func write(_ model: ReportModel, toFile path: String) throws(ReportError) {
    try ReportFile.write(html(model), to: path)
  }

  private struct Section {
    var id: String
    var title: String
    var lead: String?
    var children: [Markup]
  }

  private static func sections(_ model: ReportModel) -> [Section] {
    let plan = SeriesPlan(model.configurations)
    let evolution = EpochFigure(plan: plan, lastEpoch: model.epoch)
    let sections = [
      Section(
        id: "results", title: "Results",
        lead: model.configurations.isEmpty
          ? "The store holds no trial yet."
          : "Choose a column's head to sort by it; numbers after ± are one standard "
            + "deviation over training seeds and calibration draws.",
        children: model.configurations.isEmpty ? [] : [ResultTableMarkup(model: model).markup()]),
      Section(
        id: "quantization", title: "Accuracy and quantization",
        children: [AccuracyFigure(model: model).markup(), CostFigure(model: model).markup()].compactMap { $0 }
      ),
      Section(
        id: "layers", title: "Layer by layer", lead: layerLead(model),
        children: LayerFigure.distributions.compactMap { $0.markup(plan) }),
      Section(
        id: "errors", title: "Where the error arises",
        children: LayerFigure.errors.compactMap { $0.markup(plan) }),
      Section(
        id: "evolution", title: "During training",
        children: [evolution.metrics(), evolution.layers()].compactMap { $0 }),
      Section(
        id: "initialization", title: "Initialization and end",
        children: LayerFigure.changes.compactMap { $0.markup(plan) }),
      Section(id: "settings", title: "Settings", children: [SettingsMarkup(model: model).markup()]),
      Section(id: "notes", title: "Notes", children: [definitions(ReportNotes(model: model).entries())]),
    ]
    return sections.filter { !$0.children.isEmpty || $0.id == "results" }
  }

  private static func layerLead(_ model: ReportModel) -> String {
    let severalSeeds = model.configurations.contains { $0.results.count > 1 }
    return "Layers from the image (left) to the classes (right)."
      + (severalSeeds ? " Every line is the mean over its configuration's seeds and draws." : "")
  }

  private static func header(_ model: ReportModel, _ sections: [(id: String, title: String)]) -> Markup {
    let trials = model.trials.count
    let configurations = model.configurations.count
    let epoch = model.epoch.map { ", results up to epoch \($0)" } ?? ""
    let count =
      "\(configurations) \(configurations == 1 ? "configuration" : "configurations"), "
      + "\(trials) \(trials == 1 ? "trial" : "trials")\(epoch)"
    let tiles = model.statusCounts.map { status, count in
      Markup.tag(
        "div", ["class": "tile \(status.rawValue)"],
        [
          .tag("strong", [:], "\(count)"), PageParts.badge(status),
          .tag("small", [:], status.explanation),
        ])
    }
    return .tag(
      "header", [:],
      [
        .tag("p", ["class": "kicker"], "Strata sweep report"), .tag("h1", [:], model.title),
        .tag("p", ["class": "count"], count), .tag("div", ["class": "tiles"], tiles),
        .tag("nav", ["aria-label": "Sections"], sections.map { .tag("a", ["href": "#\($0.id)"], $0.title) }),
      ])
  }

  static func definitions(_ entries: [(term: String, values: [String])]) -> Markup {
    .tag(
      "dl", [:],
      entries.flatMap { term, values in [.tag("dt", [:], term)] + values.map { .tag("dd", [:], $0) } })
  }
}
