/// Turns a complete tree of settings into a checked configuration.
struct ConfigurationBuilder {
  let source: String
  /// Overrides let what they leave behind give way: snapshots after the last epoch are dropped, and a calibration
  /// sample is no larger than the training set. Whatever an override sets itself is checked as it stands.
  let dropsLateSnapshots: Bool
  let shrinksCalibration: Bool
  private let trees = ConfigurationTrees()

  init(source: String, overrides: [SettingOverride]) {
    let paths = overrides.flatMap { SettingSchema.paths(setBy: $0.tree) }
    self.source = source
    self.dropsLateSnapshots = !overrides.isEmpty && !paths.contains(["analysis", "snapshots"])
    self.shrinksCalibration = !overrides.isEmpty && !paths.contains(["quantization", "calibrationImages"])
  }

  func build(_ tree: SettingNode) throws(SweepError) -> TrialConfiguration {
    var configuration = try trees.decode(tree, source: source)
    if dropsLateSnapshots {
      configuration.analysis.snapshots.removeAll { $0 > configuration.training.epochs }
    }
    if shrinksCalibration, let train = configuration.data.train, train > 0 {
      configuration.quantization.calibrationImages = min(configuration.quantization.calibrationImages, train)
    }
    do throws(ConfigurationError) {
      try configuration.validate(known: trees.network)
      trees.network = configuration.network
    } catch {
      let places = ([error.key] + error.related).lazy.compactMap { key in
        tree.node(at: key.split(separator: ".").map(String.init))?.place
      }
      throw SweepError(places.first?.description ?? source, error.description)
    }
    return configuration.normalized
  }
}
