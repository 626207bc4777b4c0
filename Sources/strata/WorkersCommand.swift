import ArgumentParser
import Coordinator
import Reporting
import ZeroMQ

struct WorkersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workers",
    abstract: "Say which workers a coordinator lets in, by their keys.",
    discussion: """
      The list is a text file with a name and a public key in a line. A coordinator that runs with it takes a change
      up within two seconds: a worker revoked is cut off, and another goes on with its trial.
      """,
    subcommands: [Allow.self, Revoke.self, List.self])

  struct ListOption: ParsableArguments {
    @Option(help: "The list of workers to let in.", completion: .file())
    var workerKeys: String

    var file: WorkerKeyFile { WorkerKeyFile(workerKeys) }
  }

  struct Allow: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a worker in.")

    @Argument(
      help: "Its public key: 40 characters in single quotes, or the file that holds them.",
      completion: .file())
    var key: String
    @Option(help: "What to call it: up to 32 letters, digits, '.', '_' and '-'.")
    var name: String
    @OptionGroup var list: ListOption

    func validate() throws {
      guard WorkerKeyList.isName(name) else {
        throw ValidationError(
          "--name \(name): a worker's name is up to \(WorkerKeyList.longestName) letters, digits, '.', '_' and '-'"
        )
      }
    }

    func run() throws {
      let entry = WorkerKeyList.Entry(name: name, key: try KeyFile.publicKey(key))
      let isNew = try list.file.edit { keys throws(KeyFileError) in
        try keys.allow(entry, path: list.workerKeys)
      }
      print("\(name) is allowed\(isNew ? "" : " already")")
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Let a worker in no more, and cut it off.")

    @Argument(help: "Its name, its public key, or the file that holds that.", completion: .file())
    var worker: String
    @OptionGroup var list: ListOption

    func run() throws {
      let known = try list.file.read().entries
      let key = known.contains { $0.name == worker } ? nil : try? KeyFile.publicKey(worker)
      let revoked = try list.file.edit { keys throws(KeyFileError) in
        keys.revoke { key == nil ? $0.name == worker : $0.key == key }
      }
      guard !revoked.isEmpty else {
        let names = known.isEmpty ? "nobody" : known.prefix(20).map(\.name).joined(separator: ", ")
        throw CommandError("\(list.workerKeys) allows no \(worker); it allows \(names)")
      }
      for entry in revoked { print("\(entry.name) is revoked") }
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show who is let in.")

    @OptionGroup var list: ListOption

    func run() throws {
      var table = TextTable(columns: [.init("worker", .left), .init("public key", .left)])
      for entry in try list.file.read().entries { table.append([entry.name, "\(entry.key)"]) }
      print(table.text, terminator: "")
    }
  }
}
