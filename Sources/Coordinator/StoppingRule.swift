public import Sweeps

/// A sweep's rule for stopping trials early, and how its trials did at the rule's epoch.
public struct StoppingRule: Hashable, Sendable {
  public var rule: EarlyStopping
  public var sweep: String
  /// The sweep's trials.
  public var trials: Set<String>
  /// `EarlyStopping.badness` of those whose snapshot of the epoch is stored.
  public var known: [String: Double]

  public init(
    _ rule: EarlyStopping, of sweep: String = "", trials: Set<String>, known: [String: Double] = [:]
  ) {
    self.rule = rule
    self.sweep = sweep
    self.trials = trials
    self.known = known
  }
}

/// A rule as the scheduler follows it.
struct SchedulerRule: Hashable, Sendable {
  let rule: EarlyStopping
  let sweep: String
  private let trials: Set<String>
  private var judged: Set<String>
  /// Of the trials judged, ascending.
  private var badness: [Double]

  init(_ rule: StoppingRule) {
    self.rule = rule.rule
    sweep = rule.sweep
    trials = rule.trials
    judged = Set(rule.known.keys)
    badness = rule.known.values.sorted()
  }

  /// Why the trial is to be stopped; nil: it goes on. It is judged once, whatever comes later.
  mutating func judge(_ trial: String, _ snapshot: Snapshot) -> String? {
    guard snapshot.epoch == rule.epoch, trials.contains(trial), judged.insert(trial).inserted else {
      return nil
    }
    let value = rule.badness(of: snapshot)
    let better = badness.firstIndex(notBelow: value)
    badness.insert(value, at: better)
    return rule.verdict(value, better: better, of: badness.count)
  }
}

extension [Double] {
  /// Of the first element of an ascending array that is not below the value; O(log n).
  fileprivate func firstIndex(notBelow value: Double) -> Int {
    var bounds = 0..<count
    while !bounds.isEmpty {
      let middle = (bounds.lowerBound + bounds.upperBound) / 2
      bounds = self[middle] < value ? middle + 1..<bounds.upperBound : bounds.lowerBound..<middle
    }
    return bounds.lowerBound
  }
}
