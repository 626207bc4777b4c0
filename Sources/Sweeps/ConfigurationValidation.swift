public import Networks

/// A setting, or a combination of settings, that cannot be run.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Key path of the setting: `training.epochs`.
  public let key: String
  public let problem: String
  /// Key paths of the other settings it does not go with.
  let related: [String]
  public var description: String { "\(key): \(problem)" }

  init(_ key: String, _ problem: String, related: [String] = []) {
    self.key = key
    self.problem = problem
    self.related = related
  }
}

extension TrialConfiguration {
  /// Throws at the first setting that is out of bounds or does not go with another.
  ///
  /// - Parameter known: the network of a valid configuration; one as it is not tried again.
  public func validate(known: Architecture? = nil) throws(ConfigurationError) {
    var layers: [Layer]?
    do throws(NetworkSettingError) {
      if network != known || quantization.draws > 1 { layers = try Network(network).layers }
    } catch {
      throw ConfigurationError(
        "network.\(error.key)", error.problem, related: ["network.stages", "network.firstWidth"])
    }
    do throws(NetworkSettingError) {
      try initialization.validate()
    } catch {
      throw ConfigurationError("initialization.\(error.key)", error.problem)
    }
    try training.validate()
    try validateData()
    try validateQuantization()
    if let layers { try validateSnapshots(layers) }
    try validateAnalysis()
    try check(seed, in: 0...Int.max, "seed")
  }

  private func validateData() throws(ConfigurationError) {
    let dataset = data.dataset
    if let train = data.train { try check(train, in: 1...dataset.trainImages, "data.train") }
    if let test = data.test { try check(test, in: 1...dataset.testImages, "data.test") }
    let images = data.train ?? dataset.trainImages
    if training.batch > images {
      throw ConfigurationError(
        "training.batch", "\(training.batch) is more than the \(images) training images",
        related: ["data.train", "data.dataset"])
    }
    for (key, value, right) in [
      ("classes", network.classes, dataset.classes), ("inputSize", network.inputSize, 32),
      ("inputChannels", network.inputChannels, 3),
    ] where value != right {
      throw ConfigurationError(
        "network.\(key)", "\(value) does not fit the data set \(dataset.rawValue): it must be \(right)",
        related: ["data.dataset"])
    }
  }

  private func validateQuantization() throws(ConfigurationError) {
    try check(quantization.weightBits, in: 2...16, "quantization.weightBits")
    try check(quantization.activationBits, in: 2...16, "quantization.activationBits")
    guard quantization.clippedPercent >= 0, quantization.clippedPercent < 50 else {
      throw ConfigurationError(
        "quantization.clippedPercent",
        "\(CanonicalJSON.number(quantization.clippedPercent)): it must be at least 0 and below 50")
    }
    try check(quantization.calibrationImages, in: 1...1_000_000, "quantization.calibrationImages")
    if let train = data.train, quantization.calibrationImages > train {
      throw ConfigurationError(
        "quantization.calibrationImages",
        "\(quantization.calibrationImages) is more than the \(train) training images of data.train",
        related: ["data.train"])
    }
    try check(quantization.draws, in: 1...10_000, "quantization.draws")
  }

  /// Every snapshot is sent in one message.
  private func validateSnapshots(_ layers: [Layer]) throws(ConfigurationError) {
    let size = SnapshotSize(layers)
    guard size.mostDraws > 0 else {
      throw ConfigurationError(
        "network.stages",
        "with \(layers.count) layers this wide a snapshot may have \(size.bytes(draws: 1)) bytes, "
          + "more than \(SnapshotSize.limit)",
        related: ["network.firstWidth", "network.head"])
    }
    guard quantization.draws <= size.mostDraws else {
      throw ConfigurationError(
        "quantization.draws",
        "\(quantization.draws): with \(layers.count) layers this wide it must be 1 to \(size.mostDraws), "
          + "because a snapshot may have \(SnapshotSize.limit) bytes",
        related: ["network.stages"])
    }
  }

  private func validateAnalysis() throws(ConfigurationError) {
    if let late = analysis.snapshots.first(where: { !(0...training.epochs).contains($0) }) {
      throw ConfigurationError(
        "analysis.snapshots", "epoch \(late) is not in 0 to \(training.epochs), the epochs of training",
        related: ["training.epochs"])
    }
    try check(analysis.sensitivityImages, in: 0...1_000_000, "analysis.sensitivityImages")
  }
}

extension TrainingSettings {
  fileprivate func validate() throws(ConfigurationError) {
    try check(epochs, in: 1...100_000, "training.epochs")
    try check(batch, in: 1...65_536, "training.batch")
    try checkPositive(learningRate, "training.learningRate")
    try check(momentum, below: 1, "training.momentum")
    try check(weightDecay, below: .infinity, "training.weightDecay")
    for epoch in decayEpochs { try check(epoch, in: 1...Int.max, "training.decayEpochs") }
    if Set(decayEpochs).count < decayEpochs.count {
      throw ConfigurationError("training.decayEpochs", "an epoch is listed twice")
    }
    try checkPositive(decayFactor, "training.decayFactor")
    try check(augmentation.shift, below: 1, "training.augmentation.shift")
    try check(augmentation.zoom, below: 1, "training.augmentation.zoom")
    try check(augmentation.rotation, below: 360, "training.augmentation.rotation")
    try check(threads, in: 1...1024, "training.threads")
  }
}

extension DataSettings.Dataset {
  public var classes: Int { self == .cifar100 ? 100 : 10 }
  /// Training and test images the set has.
  var trainImages: Int { self == .synthetic ? 10_000 : 50_000 }
  var testImages: Int { self == .synthetic ? 2_000 : 10_000 }
}

private func check(_ value: Int, in bounds: ClosedRange<Int>, _ key: String) throws(ConfigurationError) {
  guard !bounds.contains(value) else { return }
  let right =
    bounds.upperBound == .max
    ? "at least \(bounds.lowerBound)" : "\(bounds.lowerBound) to \(bounds.upperBound)"
  throw ConfigurationError(key, "\(value): it must be \(right)")
}

private func check(_ value: Double, below bound: Double, _ key: String) throws(ConfigurationError) {
  guard !(value >= 0 && value < bound) else { return }
  let right = bound.isFinite ? "at least 0 and below \(CanonicalJSON.number(bound))" : "at least 0"
  throw ConfigurationError(key, "\(CanonicalJSON.number(value)): it must be \(right)")
}

private func checkPositive(_ value: Double, _ key: String) throws(ConfigurationError) {
  guard !(value > 0 && value.isFinite) else { return }
  throw ConfigurationError(key, "\(CanonicalJSON.number(value)): it must be above 0")
}
