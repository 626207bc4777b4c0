import ArgumentParser
import Sweeps

/// The sweep a command is about: a shipped one's name or a file, and changes to it.
struct SweepArguments: ParsableArguments {
  @Argument(help: "A shipped sweep's name (see 'strata sweeps') or a sweep file (YAML).")
  var sweep: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp(
      "Change a setting in every trial, e.g. --set training.epochs=3 or --set 'network.factorization={uniform: 4}'. May be repeated.",
      valueName: "key=value"))
  var overrides: [String] = []

  func load() throws -> Sweep { try SweepFile.find(sweep, overrides: overrides.map { try SettingOverride($0) }) }

  /// The same choice as command-line arguments.
  var commandLine: [String] { [sweep] + overrides.flatMap { ["--set", $0] } }
}
