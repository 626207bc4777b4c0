import Sweeps

/// The results table for terminals.
public enum ReportText {
  /// Title, counts of outcomes, and one line for each configuration; `±` is the standard deviation over seeds
  /// and calibration draws. `withPublished`: the thesis's numbers beside ours, where it has them.
  public static func text(_ model: ReportModel, withPublished: Bool = false) -> String {
    let counts = model.statusCounts.map { "\($0.count) \($0.status.rawValue)" }.joined(separator: ", ")
    let trials = model.trials.count
    var output = "\(model.title): \(trials) \(trials == 1 ? "trial" : "trials")"
    output += counts.isEmpty ? "\n" : " (\(counts))\n"
    if let epoch = model.epoch { output += "results up to epoch \(epoch)\n" }
    let columns = ResultTable(model).columns.filter { withPublished || !$0.isPublished }
    var table = TextTable(
      columns: columns.map {
        .init($0.isPublished ? "thesis \($0.header)" : $0.header, $0.isNumber ? .right : .left)
      })
    for configuration in model.configurations {
      table.append(columns.map { $0.cell(configuration) }.map { $0.text + $0.spread })
    }
    output += "\n" + table.text
    for trial in model.trials where trial.status.isGivenUp {
      output +=
        "\n"
        + failure(
          "\(trial.label), seed \(trial.configuration.seed) (\(trial.identity.prefix(12)))",
          trial.status.rawValue, trial.failure, trial.failureDetail)
    }
    return output
  }

  /// What became of a trial that errors stopped: a line, and below it the error in full.
  public static func failure(_ trial: String, _ status: String, _ line: String?, _ detail: String?) -> String
  {
    var output = "\(trial) is \(status): \(line ?? "no reason was recorded")".onOneLine + "\n"
    for line in (detail ?? "").split(whereSeparator: \.isNewline) {
      output += "    \(String(line).onOneLine)\n"
    }
    return output
  }
}
