import ArgumentParser
import Foundation
import Reporting
import Sweeps

struct SweepsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweeps",
    abstract: "List the sweeps that come with the program, and print one to start from.",
    discussion: "A SWEEP FILE, WITH ALL ITS KEYS\n" + SweepFile.template,
    subcommands: [List.self, Show.self], defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the sweeps that come with the program.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
      let sweeps = try ShippedSweeps.all.map { try $0.sweep() }
      if json {
        print(
          try prettyJSON(
            sweeps.map { Row(name: $0.name, description: $0.description, trials: $0.trials.count) }))
        return
      }
      var table = TextTable(columns: [.init("sweep"), .init("trials", .right), .init("what it asks")])
      for sweep in sweeps {
        let sentence = sweep.description.prefix { $0 != "." }
        table.append([sweep.name, "\(sweep.trials.count)", String(sentence)])
      }
      print(table.text, terminator: "")
      print("\nstrata sweeps show NAME prints one as a file; strata describe NAME prints its networks.")
    }

    private struct Row: Encodable {
      let name: String
      let description: String
      let trials: Int
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print a sweep's file, or with --json all its trials.")

    @OptionGroup var arguments: SweepArguments
    @Flag(help: "Print the sweep with every trial's identity and complete configuration as JSON.")
    var json = false

    func run() throws {
      let sweep = try arguments.load()
      if json {
        print(try prettyJSON(sweep))
        return
      }
      if !arguments.overrides.isEmpty {
        throw CommandError("--set changes trials, not the file: show them with --json")
      }
      print(sweep.source, terminator: sweep.source.hasSuffix("\n") ? "" : "\n")
    }
  }
}

/// Indented JSON with sorted keys.
func prettyJSON(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
