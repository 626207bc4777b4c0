/// Combines a sweep file's parts into trials: (grid × zip), then the explicit trials, each × seeds.
struct SweepExpansion {
  static let mostTrials = 1_000_000

  /// One configuration before seeds, with what was laid over the base for it.
  struct Item {
    var configuration: TrialConfiguration
    var parts: [SettingNode]
    /// Of an explicit trial: its number, from 1, its name, and where it was written.
    var number: Int?
    var name: String?
    var trialPlace: Place?

    var place: Place? { number == nil ? parts.last?.innermostPlace : trialPlace }

    /// `grid network.batchNorm=true training.epochs=3`, or `trial 2 of trials`.
    var origin: String {
      if let number { return "trial \(number) of trials" }
      return parts.isEmpty ? "base" : "grid " + parts.map(\.assignments).joined(separator: " ")
    }
  }

  let document: SweepDocument
  private let overrides: [SettingOverride]
  private let seeds: [Int]?
  private let builder: ConfigurationBuilder

  init(_ document: SweepDocument, overrides: [SettingOverride]) throws(SweepError) {
    self.document = document
    self.overrides = overrides.filter { !$0.setsSeeds }
    builder = ConfigurationBuilder(source: document.source, overrides: self.overrides)
    if let override = overrides.last(where: \.setsSeeds) {
      seeds = try SweepDocument.seeds(override.value)
    } else if self.overrides.contains(where: { $0.path == ["seed"] }) {
      seeds = nil
    } else {
      seeds = document.seeds
    }
  }

  func sweep(text: String) throws(SweepError) -> Sweep {
    try checkCount()
    let base = try SettingSchema.overlay(document.base, on: SettingSchema.defaults)
    var items: [Item] = []
    if !document.axes.isEmpty || document.trials.isEmpty {
      try appendProduct(axis: 0, tree: base, parts: [], to: &items)
    }
    for (index, trial) in document.trials.enumerated() {
      let tree = try SettingSchema.overlay(trial.settings, on: base)
      items.append(
        Item(
          configuration: try configuration(tree), parts: [trial.settings], number: index + 1,
          name: trial.name, trialPlace: trial.place))
    }
    let labels = try SweepLabels(document).labels(of: &items, mergesDuplicates: !overrides.isEmpty)
    var forms = CanonicalForms()
    var trials: [Trial] = []
    trials.reserveCapacity(items.count * (seeds?.count ?? 1))
    for (item, label) in zip(items, labels) {
      for seed in seeds ?? [item.configuration.seed] {
        var configuration = item.configuration
        configuration.seed = seed
        // Seeds are no part of what is normalized.
        trials.append(
          Trial(normalized: configuration, label: label, canonicalJSON: forms.json(configuration)))
      }
    }
    // Overrides may shorten trainings so far that the rule has nothing to say.
    if overrides.isEmpty { try document.earlyStopping?.check(trials, at: document.earlyStoppingPlace) }
    return Sweep(
      name: document.name, description: document.description, source: text, settings: try settings(base),
      earlyStopping: document.earlyStopping, trials: trials)
  }

  private func checkCount() throws(SweepError) {
    var count = 1
    var overflow = false
    for factor in document.axes.map(\.points.count) + [seeds?.count ?? 1] where !overflow {
      (count, overflow) = count.multipliedReportingOverflow(by: factor)
    }
    if overflow || count > Self.mostTrials {
      throw SweepError(document.source, "more than \(Self.mostTrials) trials: shorten an axis of the grid")
    }
  }

  private func appendProduct(
    axis: Int, tree: SettingNode, parts: [SettingNode], to items: inout [Item]
  ) throws(SweepError) {
    guard axis < document.axes.count else {
      items.append(Item(configuration: try configuration(tree), parts: parts))
      return
    }
    for point in document.axes[axis].points {
      try appendProduct(
        axis: axis + 1, tree: try SettingSchema.overlay(point, on: tree), parts: parts + [point], to: &items)
    }
  }

  private func configuration(_ tree: SettingNode) throws(SweepError) -> TrialConfiguration {
    var tree = tree
    for override in overrides { tree = try SettingSchema.overlay(override.tree, on: tree) }
    return try builder.build(tree)
  }

  /// The base need not be runnable by itself: what the axes or trials always replace may not fit the rest.
  private func settings(_ base: SettingNode) throws(SweepError) -> TrialConfiguration {
    var tree = base
    for override in overrides { tree = try SettingSchema.overlay(override.tree, on: tree) }
    return try TrialConfiguration.decode(tree, source: document.source).normalized
  }
}

extension SettingNode {
  /// `network.batchNorm=true`, one word per setting of the map.
  var assignments: String {
    SettingSchema.paths(setBy: self).map { path in
      "\(path.joined(separator: "."))=\(node(at: path)?.text ?? "null")"
    }.joined(separator: " ")
  }

  /// Where the first setting's value of a map of settings was written.
  fileprivate var innermostPlace: Place? {
    SettingSchema.paths(setBy: self).first.flatMap { node(at: $0)?.place } ?? place
  }
}
