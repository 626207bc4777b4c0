import Foundation
import Reporting
import SweepProtocol

/// A sweep under way as lines of a terminal: one per running trial, the totals below.
enum LiveView {
  /// - Parameters:
  ///   - width: columns of the terminal; no line is longer.
  ///   - rows: lines at most; of more trials than fit the rest is counted.
  static func lines(_ status: ClusterStatus, width: Int, rows: Int = .max) -> [String] {
    var running = status.running.sorted { $0.attempt < $1.attempt }
    for index in running.indices { running[index].label = running[index].label.onOneLine }
    // On a narrow terminal the labels need the bar's room.
    let hasBar = width >= 110
    let label = min(max(running.map(\.label.count).max() ?? 0, 5), max(width - (hasBar ? 68 : 55), 12))
    var lines = running.map { trial(_: $0, labelWidth: label, hasBar: hasBar) }
    if lines.count >= rows {
      let shown = max(rows - 2, 0)
      lines = lines.prefix(shown) + ["… and \(lines.count - shown) more"]
    }
    lines.append(totals(status))
    return lines.map { String($0.prefix(width)) }
  }

  static func trial(_ trial: RunningTrial, labelWidth: Int, hasBar: Bool) -> String {
    let progress = trial.progress
    let name = trial.label.padding(to: labelWidth)
    let fraction = fractionDone(progress)
    let epoch = min(progress.epoch + (progress.phase == .training ? 1 : 0), progress.epochs)
    var line = "\(name)  \(hasBar ? bar(fraction, width: 12) + " " : "")epoch \(epoch)/\(progress.epochs)"
    switch progress.phase {
    case .preparing: line += "  preparing"
    case .measuring: line += "  measuring"
    case .finishing: line += "  finishing"
    case .training:
      if progress.loss.isFinite { line += "  loss \(fixed(progress.loss, 3))" }
      if progress.accuracy.isFinite { line += "  acc \(fixed(progress.accuracy * 100, 1)) %" }
      if progress.imagesPerSecond > 0 { line += "  \(whole(progress.imagesPerSecond)) img/s" }
    }
    if let left = progress.secondsLeft { line += "  \(clock(left)) left" }
    return line
  }

  static func totals(_ status: ClusterStatus) -> String {
    let counts = status.counts
    var parts = ["\(counts.over)/\(counts.total) trials"]
    parts += [
      (counts.completed, "completed"), (counts.diverged, "diverged"), (counts.vanished, "vanished"),
      (counts.stopped, "stopped early"), (counts.failed, "failed"), (counts.quarantined, "quarantined"),
      (counts.cancelled, "cancelled"), (counts.running, "running"), (counts.pending, "pending"),
    ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    parts.append("\(status.workers.count { $0.connected }) workers")
    if status.imagesPerSecond > 0 { parts.append("\(whole(status.imagesPerSecond)) img/s") }
    parts.append("\(clock(status.elapsed)) elapsed")
    if let left = status.secondsLeft { parts.append("\(clock(left)) left") }
    if status.paused { parts.append("paused") }
    if !status.quarantinedHosts.isEmpty {
      parts.append("quarantined: \(status.quarantinedHosts.map(\.host).joined(separator: ", "))")
    }
    if status.stopping { parts.append("stopping") }
    return parts.joined(separator: " · ")
  }

  /// Fraction of the trial's training steps that are done, 0 ... 1.
  static func fractionDone(_ progress: TrialProgress) -> Double {
    guard progress.epochs > 0 else { return 0 }
    let within = progress.stepsPerEpoch > 0 ? Double(progress.step) / Double(progress.stepsPerEpoch) : 0
    return min((Double(progress.epoch) + within) / Double(progress.epochs), 1)
  }

  static func bar(_ fraction: Double, width: Int) -> String {
    let full = Int((fraction * Double(width)).rounded(.down))
    return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
  }

  /// Seconds as `m:ss` or `h:mm:ss`.
  static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "–" }
    let whole = Int(seconds.rounded())
    let (h, m, s) = (whole / 3600, whole / 60 % 60, whole % 60)
    let two = { (n: Int) in n < 10 ? "0\(n)" : "\(n)" }
    return h > 0 ? "\(h):\(two(m)):\(two(s))" : "\(m):\(two(s))"
  }

  /// A number that is not negative without its decimals.
  static func whole(_ value: Double) -> String { value < 1e18 ? "\(Int(value))" : "–" }

  /// A number with a fixed count of decimals.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", value)
  }
}

extension String {
  /// Spaces added at the end, or an ellipsis put in the middle, where labels of a sweep differ least.
  func padding(to width: Int) -> String {
    guard count > width else { return self + String(repeating: " ", count: width - count) }
    return prefix(width / 2) + "…" + suffix(width - width / 2 - 1)
  }
}
