import ArgumentParser
import Foundation
import Reporting
import ResultStore

/// `strata report`: the page, the table or its JSON, from a store that may still be written.
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the report of a store: results table and layerwise figures.",
    discussion: """
      Without --text or --json, one self-contained HTML page is written, which any browser shows offline. \
      The store may be in use by a running coordinator.
      """)

  @Argument(help: "The store.", completion: .file())
  var store: String

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "The file to write; report.html unless named. With --text or --json: standard output unless named.",
      valueName: "file"))
  var output: String?

  @Option(help: ArgumentHelp("Only this sweep of the store.", valueName: "name"))
  var sweep: String?

  @Option(help: "Read results at the last snapshot up to this epoch.")
  var epoch: Int?

  @Flag(help: "Print the results table.")
  var text = false

  @Flag(help: "Print the results table as JSON.")
  var json = false

  func validate() throws {
    if text && json { throw ValidationError("--text and --json exclude each other: give one of them") }
    if let epoch, epoch < 0 { throw ValidationError("--epoch is \(epoch): give 0 (initialization) or later") }
  }

  func run() throws {
    let opened = try Store.reading(store)
    let model = try ReportModel(store: opened, sweep: sweep, epoch: epoch)
    try opened.close()
    if text {
      try write(ReportText.text(model), to: output)
    } else if json {
      try write(try ReportJSON(model).text, to: output)
    } else {
      let path = output ?? "report.html"
      try write(ReportPage.html(model), to: path)
      print("report of \(model.title), \(model.trials.count) trials: \(path)")
    }
  }

  private func write(_ content: String, to path: String?) throws {
    guard let path else {
      FileHandle.standardOutput.write(Data(content.utf8))
      return
    }
    try ReportFile.write(content, to: path)
  }
}
