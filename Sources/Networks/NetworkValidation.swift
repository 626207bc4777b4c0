/// What makes an architecture or an initialization impossible.
public struct NetworkSettingError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The `Architecture` or `Initialization` field to change: `factorization`, `stages`, `strategy`, …
  public let key: String
  /// What is wrong with it, where, and what would be right.
  public let problem: String
  public var description: String { "\(key): \(problem)" }

  init(_ key: String, _ problem: String) {
    self.key = key
    self.problem = problem
  }
}

extension Architecture {
  /// Bounds of each field alone; that factorization rates divide their channels is checked by `Network.init`.
  func validate() throws(NetworkSettingError) {
    try check(inputSize, in: 4...1024, "inputSize")
    try check(inputChannels, in: 1...4096, "inputChannels")
    try check(classes, in: 2...100_000, "classes")
    try check(firstWidth, in: 1...16_384, "firstWidth")
    guard (1...8).contains(stages.count) else {
      throw NetworkSettingError("stages", "\(stages.count) stages: there must be 1 to 8")
    }
    for (index, stage) in stages.enumerated() {
      try check(stage.width, in: 1...16_384, "stages", "width of stage \(index + 1)")
      try check(stage.blocks, in: 1...200, "stages", "blocks of stage \(index + 1)")
    }
    let halvings = stages.count - 1
    if inputSize % (1 << halvings) != 0 {
      throw NetworkSettingError(
        "inputSize", "\(inputSize) cannot be halved \(halvings) times, once for every stage after the first")
    }
    try check(head.count, in: 0...32, "head", "number of hidden dense layers")
    for (index, width) in head.enumerated() {
      try check(width, in: 1...100_000, "head", "hidden dense layer \(index + 1)")
    }
    guard batchNormMomentum >= 0, batchNormMomentum < 1 else {
      throw NetworkSettingError(
        "batchNormMomentum", "\(short(batchNormMomentum)): it must be at least 0 and below 1")
    }
    guard batchNormEpsilon > 0, batchNormEpsilon.isFinite else {
      throw NetworkSettingError("batchNormEpsilon", "\(short(batchNormEpsilon)): it must be above 0")
    }
  }

  private func check(
    _ value: Int, in bounds: ClosedRange<Int>, _ key: String, _ what: String? = nil
  ) throws(NetworkSettingError) {
    guard !bounds.contains(value) else { return }
    let subject = what.map { "\($0) is \(value)" } ?? "\(value)"
    throw NetworkSettingError(key, "\(subject): it must be \(bounds.lowerBound) to \(bounds.upperBound)")
  }
}

extension Initialization {
  /// Throws where the strategy's number gives no distribution.
  public func validate() throws(NetworkSettingError) {
    let (name, value): (String, Double)
    switch strategy {
    case .normal(let sigma): (name, value) = ("standard deviation", sigma)
    case .uniform(let bound): (name, value) = ("bound", bound)
    case .modifiedGlorotUniform(let c): (name, value) = ("C", c)
    case .glorotUniform, .glorotNormal, .heUniform, .heNormal: return
    }
    guard value > 0, value.isFinite else {
      throw NetworkSettingError("strategy", "\(name) \(short(value)): it must be above 0")
    }
  }
}
