import Sweeps

/// Where the numbers come from: hosts, instruction sets, program versions, data, and what went wrong.
struct ReportNotes: Sendable {
  var model: ReportModel

  func entries() -> [(term: String, values: [String])] {
    let trials = model.trials
    let ran = trials.compactMap(\.provenance)
    var entries: [(term: String, values: [String])] = [
      ("program version", counted(ran.map(\.program))),
      ("data fingerprint", counted(ran.map(\.dataFingerprint))),
      ("instruction set", counted(ran.map(\.instructionSet))),
      ("threads of a trial", counted(trials.map { String($0.configuration.training.threads) })),
      ("hosts", counted(ran.map(\.host))),
      ("workers", counted(ran.map(\.worker))),
    ]
    let repeated = trials.filter { ($0.provenance?.attempt ?? 1) > 1 }
    entries.append(
      ("taken over", repeated.map { "\(name($0)): attempt \($0.provenance?.attempt ?? 1) counted" }))
    entries.append(
      (
        "stopped early",
        trials.filter { $0.status == .stopped }.map {
          "\(name($0)): \($0.failure ?? "no reason was recorded")"
        }
      ))
    entries.append(
      (
        "failures",
        trials.filter(\.status.isGivenUp).map { trial in
          let lines = [trial.failure ?? "no reason was recorded", trial.failureDetail].compactMap { $0 }
          return "\(name(trial)) (\(trial.status.rawValue)): \(lines.joined(separator: "\n"))"
        }
      ))
    return entries.filter { !$0.values.isEmpty }
  }

  private func name(_ trial: ReportTrial) -> String { "\(trial.label), seed \(trial.configuration.seed)" }

  private func counted(_ words: [String]) -> [String] {
    let counts = Dictionary(words.filter { !$0.isEmpty }.map { ($0, 1) }, uniquingKeysWith: +)
    if counts.count == 1 { return Array(counts.keys) }
    return counts.keys.sorted().map { word in
      let count = counts[word] ?? 0
      return "\(word) (\(count) \(count == 1 ? "trial" : "trials"))"
    }
  }
}
