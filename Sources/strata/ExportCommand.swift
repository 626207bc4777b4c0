import ArgumentParser
import ResultStore

/// `strata export`: a store's content as files for other programs.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a store's tables, or a trial's network, for other programs.",
    discussion: """
      The store may be in use by a running coordinator.

      EXAMPLES
        strata export quickstart.store --csv quickstart-csv
        strata export onnx quickstart.store FactorizeNet-f_init4 -o models
      """,
    subcommands: [ExportTables.self, ExportONNX.self, ExportActivations.self],
    defaultSubcommand: ExportTables.self)
}

/// `strata export STORE --csv DIR`.
struct ExportTables: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tables",
    abstract: "Write a store's tables as CSV files. ('tables' may be left out.)",
    discussion: """
      The directory gets one file per table and view, among them final_result.csv (a row per trial), \
      table_4_2.csv to table_4_4.csv, layer_statistics.csv and layer_channels.csv.
      """)

  @Argument(help: "The store.", completion: .file())
  var store: String

  @Option(help: ArgumentHelp("The directory to make.", valueName: "directory"))
  var csv: String

  func run() throws {
    let opened = try Store.reading(store)
    try StoreExport.csv(opened, directory: csv)
    try opened.close()
    print("tables of \(store): \(csv)")
  }
}
