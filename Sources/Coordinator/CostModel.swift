/// How long work takes: seconds per unit of `TrialWork`, measured by family of networks, and how much slower than
/// the others each worker is.
///
/// Both are ratios of sums, so that short measurements weigh little and sums of predictions come out right; what lies
/// far back fades; one measurement moves them by no more than it could if it had taken four times as predicted, so
/// that a worker that was put to sleep is no measure of its work.
public struct CostModel: Hashable, Sendable {
  private struct Measurement: Hashable, Sendable {
    var seconds = 0.0
    var work = 0.0

    var rate: Double? { work > 0 ? seconds / work : nil }

    mutating func add(_ seconds: Double, _ work: Double, memory: Double) {
      let excess = max((self.seconds + seconds) / memory, 1)
      self.seconds = (self.seconds + seconds) / excess
      self.work = (self.work + work) / excess
    }
  }
  private struct Family: Hashable, Sendable {
    /// As by a worker of slowness 1.
    var measured = Measurement()
    /// Work of all trials begun, and what of it was never done because they ended early.
    var begun = 0.0
    var spared = 0.0
  }
  /// What a worker has done of a family.
  private struct Share: Hashable, Sendable {
    let family: String
    var measured = Measurement()
  }
  private var families: [String: Family] = [:]
  /// By worker, in the order in which it met the families.
  private var workers: [String: [Share]] = [:]
  private var all = Measurement()

  /// Seconds of measurements that a family's rate, and a worker's in each family, remember.
  private static let familyMemory = 36_000.0
  private static let workerMemory = 3_600.0
  /// A worker counts as slow as the others for as many seconds of its measurements.
  private static let prior = 10.0
  private static let outlier = 4.0

  public init() {}

  /// Takes note of work that a worker has done in so many seconds, in which it did nothing else.
  public mutating func observe(_ work: Double, took seconds: Double, family: String, worker: String) {
    guard work > 0, work.isFinite, seconds > 0, seconds.isFinite else { return }
    var seconds = seconds
    if let rate = families[family]?.measured.rate {
      let expected = rate * work * slowness(of: worker)
      seconds = min(max(seconds, expected / Self.outlier), expected * Self.outlier)
    }
    var shares = workers[worker, default: []]
    let place = shares.firstIndex { $0.family == family } ?? shares.count
    if place == shares.count { shares.append(Share(family: family)) }
    shares[place].measured.add(seconds, work, memory: Self.workerMemory)
    workers[worker] = shares
    let usual = seconds / slowness(of: worker)
    families[family, default: Family()].measured.add(usual, work, memory: Self.familyMemory)
    all.add(usual, work, memory: Self.familyMemory)
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
    var seconds = Self.prior
    var usual = Self.prior
    for share in workers[worker] ?? [] {
      guard let rate = families[share.family]?.measured.rate else { continue }
      seconds += share.measured.seconds
      usual += share.measured.work * rate
    }
    return seconds / usual
  }

  /// Seconds a worker of slowness 1 takes; nil while nothing has been measured. A family not yet seen is taken for
  /// as fast as all others together.
  public func seconds(for work: Double, family: String) -> Double? {
    (families[family]?.measured.rate ?? all.rate).map { $0 * work }
  }

  /// What trials are ordered by: seconds, or work as long as nothing has been measured.
  func cost(of work: Double, family: String) -> Double { seconds(for: work, family: family) ?? work }
}
