/// The results table for terminals.
public enum ReportText {
  /// Title, counts of outcomes, and one line for each configuration; `±` is the standard deviation over seeds
  /// and calibration draws.
  public static func text(_ model: ReportModel) -> String {
    let counts = model.statusCounts.map { "\($0.count) \($0.status.rawValue)" }.joined(separator: ", ")
    let trials = model.trials.count
    var output = "\(model.title): \(trials) \(trials == 1 ? "trial" : "trials")"
    output += counts.isEmpty ? "\n" : " (\(counts))\n"
    if let epoch = model.epoch { output += "results up to epoch \(epoch)\n" }
    let columns = ResultTable(model).columns
    var table = TextTable(
      columns: columns.map {
        .init($0.isPublished ? "thesis \($0.header)" : $0.header, $0.isNumber ? .right : .left)
      })
    for configuration in model.configurations {
      table.append(columns.map { $0.cell(configuration) }.map { $0.text + $0.spread })
    }
    return output + "\n" + table.text
  }
}
