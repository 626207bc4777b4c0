import Foundation
public import Networks

/// Ends the training of the networks that are the worst under quantization at an intermediate epoch (SPEC G6).
///
/// A trial is judged once, when its snapshot of the epoch arrives: beside all trials of the sweep whose snapshots of
/// that epoch are known by then. So which trials are stopped depends on the order in which they come that far; what was
/// decided stays, and is no part of a trial's identity.
public struct EarlyStopping: Codable, Hashable, Sendable {
  public enum Metric: String, Choice, Hashable, Sendable {
    /// |fp32 − quint8| / fp32 × 100 (4.11); the greatest is the worst.
    case percentDecrease
    /// The least is the worst.
    case quint8Accuracy
    /// The greatest is the worst.
    case qmse
  }
  /// Of the snapshot; before the last one.
  public var epoch: Int
  /// Mean over calibration draws.
  public var metric: Metric
  /// Percent of the trials that have come to the epoch.
  public var worstPercent: Double
  /// No trial is stopped before so many have come to the epoch, itself among them.
  public var atLeast: Int

  public init(epoch: Int, metric: Metric, worstPercent: Double, atLeast: Int) {
    self.epoch = epoch
    self.metric = metric
    self.worstPercent = worstPercent
    self.atLeast = atLeast
  }

  /// The metric of a snapshot, negated where less is worse: the greater, the worse. Infinite where it is no number.
  public func badness(of snapshot: Snapshot) -> Double {
    let values = snapshot.draws.map { draw in
      switch metric {
      case .percentDecrease:
        abs(snapshot.testAccuracy - draw.quantizedAccuracy) / snapshot.testAccuracy * 100
      case .quint8Accuracy: -draw.quantizedAccuracy
      case .qmse: draw.qmse
      }
    }
    let mean = values.reduce(0, +) / Double(values.count)
    return mean.isNaN ? .infinity : mean
  }

  /// Why a trial is to be stopped, in one line; nil: it goes on. Of equal trials all go on, or all are stopped.
  ///
  /// - Parameters:
  ///   - better: trials that have come to the epoch and are better than this one.
  ///   - count: trials that have come to the epoch, this one among them.
  public func verdict(_ badness: Double, better: Int, of count: Int) -> String? {
    let worst = Int(Double(count) * worstPercent / 100)
    guard count >= atLeast, worst > 0, better >= count - worst else { return nil }
    return "stopped after epoch \(epoch): \(metric.rawValue) \(text(badness)) is among the worst "
      + "\(CanonicalJSON.number(worstPercent)) % of the \(count) trials that have come so far"
  }

  private func text(_ badness: Double) -> String {
    guard badness.isFinite else { return "is no number and" }
    return String(format: "%.4g", metric == .quint8Accuracy ? -badness : badness)
  }

  /// `after epoch 50 the worst 25 % by percentDecrease are stopped, once 8 have come so far`
  public var summary: String {
    "after epoch \(epoch) the worst \(CanonicalJSON.number(worstPercent)) % by \(metric.rawValue) are stopped, "
      + "once \(atLeast) have come so far"
  }
}

extension EarlyStopping {
  static let key = "earlyStopping"
  private static let keys = ["epoch", "metric", "worstPercent", "atLeast"]

  /// The rule of a sweep file; nil where it has none.
  init?(_ root: SettingNode) throws(SweepError) {
    guard let node = root[Self.key], node.content != .null else { return nil }
    for entry in node.entries ?? [] where !Self.keys.contains(entry.key) {
      throw SettingSchema.unknown([Self.key, entry.key], entry.keyPlace, siblings: Self.keys)
    }
    do {
      self = try SettingDecoder.decode(EarlyStopping.self, from: node, at: [Self.key])
    } catch let error as SweepError {
      throw error
    } catch {
      throw SweepError(node.place, [Self.key], "\(error)")
    }
    func require(_ holds: Bool, _ key: String, _ right: String) throws(SweepError) {
      guard !holds, let value = node[key] else { return }
      throw SettingDecoder(node: value, path: [Self.key, key]).error("must be \(right)")
    }
    try require(epoch >= 1, "epoch", "at least 1")
    try require(worstPercent > 0 && worstPercent < 100, "worstPercent", "above 0 and below 100")
    try require(atLeast >= 2, "atLeast", "at least 2")
  }

  /// The rule of a sweep file's text; nil where it has none or cannot be read.
  public init?(sweepFile yaml: String) {
    guard let root = try? SettingReader.read(yaml, source: ""), let rule = try? EarlyStopping(root) else {
      return nil
    }
    self = rule
  }

  /// Throws unless some trial takes a snapshot at the epoch and trains on after it.
  func check(_ trials: [Trial], at place: Place?) throws(SweepError) {
    let isReached = trials.contains { trial in
      epoch < trial.configuration.training.epochs && trial.configuration.analysis.snapshots.contains(epoch)
    }
    if isReached { return }
    throw SweepError(
      place, [Self.key, "epoch"],
      "no trial takes a snapshot after epoch \(epoch) and trains on: list it in analysis.snapshots")
  }
}
