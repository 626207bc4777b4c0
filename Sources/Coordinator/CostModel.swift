/// How long work takes: seconds per unit of `TrialWork`, measured by family of networks, and how much slower than
/// the others each worker is.
///
/// Both are ratios of sums, so that short measurements weigh little and sums of predictions come out right; what lies
/// far back fades; one measurement moves them by no more than it could if it had taken four times as predicted, so
/// that a worker that was put to sleep is no measure of its work.
public struct CostModel: Hashable, Sendable {
  private struct Family: Hashable, Sendable {
    /// Seconds measured, as a worker of slowness 1 takes, and the work done in them.
    var seconds = 0.0
    var work = 0.0
    /// Work of all trials begun, and what of it was never done because they ended early.
    var begun = 0.0
    var spared = 0.0
  }
  private struct Worker: Hashable, Sendable {
    /// Seconds measured, and those a worker of slowness 1 would have taken.
    var seconds = 0.0
    var predicted = 0.0
  }
  private var families: [String: Family] = [:]
  private var workers: [String: Worker] = [:]
  private var all = Family()

  /// Seconds of measurements a family's and a worker's rate remember.
  private static let familyMemory = 36_000.0
  private static let workerMemory = 3_600.0
  /// A worker counts as slow as the others for as many seconds of its measurements.
  private static let prior = 60.0
  private static let outlier = 4.0

  public init() {}

  /// Takes note of work that a worker has done in so many seconds, in which it did nothing else.
  public mutating func observe(_ work: Double, took seconds: Double, family: String, worker: String) {
    guard work > 0, work.isFinite, seconds > 0, seconds.isFinite else { return }
    var seconds = seconds
    if let rate = families[family].flatMap(Self.rate) {
      let predicted = rate * work
      let expected = predicted * slowness(of: worker)
      seconds = min(max(seconds, expected / Self.outlier), expected * Self.outlier)
      var entry = workers[worker, default: Worker()]
      entry.seconds += seconds
      entry.predicted += predicted
      let excess = max(entry.seconds / Self.workerMemory, 1)
      entry.seconds /= excess
      entry.predicted /= excess
      workers[worker] = entry
    }
    let usual = seconds / slowness(of: worker)
    Self.add(usual, work, to: &families[family, default: Family()])
    Self.add(usual, work, to: &all)
  }

  private static func add(_ seconds: Double, _ work: Double, to family: inout Family) {
    family.seconds += seconds
    family.work += work
    let excess = max(family.seconds / familyMemory, 1)
    family.seconds /= excess
    family.work /= excess
  }

  private static func rate(_ family: Family) -> Double? {
    family.work > 0 ? family.seconds / family.work : nil
  }

  /// A trial has begun.
  public mutating func begin(_ work: Double, family: String) {
    families[family, default: Family()].begun += work
  }

  /// A trial that had begun ended with some of its work not done.
  public mutating func spare(_ work: Double, family: String) {
    families[family, default: Family()].spared += work
  }

  /// The part of their work that trials of a family can be expected to do: below 1 where some end early.
  public func expectedFraction(family: String) -> Double {
    guard let family = families[family], family.begun > 0 else { return 1 }
    return max(0, 1 - family.spared / family.begun)
  }

  /// The worker's time for any work over that of the others: 1 for one not known.
  public func slowness(of worker: String) -> Double {
    guard let entry = workers[worker] else { return 1 }
    return (entry.seconds + Self.prior) / (entry.predicted + Self.prior)
  }

  /// Seconds a worker of slowness 1 takes; nil while nothing has been measured. A family not yet seen is taken for
  /// as fast as all others together.
  public func seconds(for work: Double, family: String) -> Double? {
    (families[family].flatMap(Self.rate) ?? Self.rate(all)).map { $0 * work }
  }

  /// What trials are ordered by: seconds, or work as long as nothing has been measured.
  func cost(of work: Double, family: String) -> Double { seconds(for: work, family: family) ?? work }
}
