/// A metric over training seeds and calibration draws (SPEC E4): its mean, and its spread split between the two.
public struct Measure: Codable, Hashable, Sendable {
  /// Mean of the seeds' means.
  public let mean: Double
  /// Sample standard deviation of the seeds' means; nil for one seed.
  public let seedDeviation: Double?
  /// Pooled sample standard deviation of the draws within a seed; nil where no seed has two draws.
  public let drawDeviation: Double?
  public let seeds: Int
  /// Values in all.
  public let count: Int

  /// `values[seed][draw]`; values that are not finite do not count, and nil comes back where none is left.
  public init?(_ values: [[Double]]) {
    let finite = values.map { $0.filter(\.isFinite) }.filter { !$0.isEmpty }
    guard !finite.isEmpty else { return nil }
    let means = finite.map { Self.mean($0) }
    mean = Self.mean(means)
    seedDeviation = means.count > 1 ? Self.deviation(of: [means]) : nil
    drawDeviation = finite.contains { $0.count > 1 } ? Self.deviation(of: finite) : nil
    seeds = finite.count
    count = finite.reduce(0) { $0 + $1.count }
  }

  /// Both spreads together: √(seed² + draw²); nil where neither is known.
  public var deviation: Double? {
    guard seedDeviation != nil || drawDeviation != nil else { return nil }
    let (a, b) = (seedDeviation ?? 0, drawDeviation ?? 0)
    return (a * a + b * b).squareRoot()
  }

  private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  private static func deviation(of groups: [[Double]]) -> Double {
    var squares = 0.0
    var freedom = 0
    for group in groups where group.count > 1 {
      let mean = mean(group)
      squares += group.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      freedom += group.count - 1
    }
    return (squares / Double(freedom)).squareRoot()
  }
}
