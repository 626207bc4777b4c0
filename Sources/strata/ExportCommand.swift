import ArgumentParser
import ResultStore

/// `strata export`: a store's tables and views as files for other programs.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a store's tables as CSV files.",
    discussion: """
      The directory gets one file per table and view, among them final_result.csv (a row per trial), \
      table_4_2.csv to table_4_4.csv, layer_statistics.csv and layer_channels.csv. The store may be in use by a \
      running coordinator.

      EXAMPLE
        strata export quickstart.store --csv quickstart-csv
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
