import Foundation

/// The `strata` binary built beside these tests, run as a process of its own.
final class StrataProcess {
  private let process = Process()
  private let output: URL
  private let errors: URL

  /// - Parameter prefix: a command that runs the one that follows it, e.g. in another network namespace.
  init(_ arguments: [String], in folder: URL, under prefix: [String] = []) throws {
    let name = UUID().uuidString
    output = folder.appendingPathComponent("\(name).out")
    errors = folder.appendingPathComponent("\(name).err")
    for file in [output, errors] { FileManager.default.createFile(atPath: file.path, contents: nil) }
    let command = prefix + [Self.binary.path] + arguments
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
  }

  deinit { kill() }

  static let binary: URL = {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    while folder.path != "/" {
      let candidate = folder.appendingPathComponent("strata")
      if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
      folder.deleteLastPathComponent()
    }
    fatalError("no strata binary above \(CommandLine.arguments[0]); build the package first")
  }()

  var pid: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  var standardOutput: String { (try? String(contentsOf: output, encoding: .utf8)) ?? "" }
  var standardError: String { (try? String(contentsOf: errors, encoding: .utf8)) ?? "" }

  /// SIGKILL, and waits until it is gone.
  func kill() {
    if process.isRunning { Foundation.kill(pid, SIGKILL) }
    process.waitUntilExit()
  }

  func terminate() { Foundation.kill(pid, SIGTERM) }

  /// Its exit status; throws when it has not ended within `seconds`.
  func wait(seconds: Double = 120) async throws -> Int32 {
    try await waitUntil("strata \(process.arguments?.joined(separator: " ") ?? "") to end", seconds: seconds)
    {
      !process.isRunning
    }
    return process.terminationStatus
  }

  /// Runs to its end.
  static func run(_ arguments: [String], in folder: URL) async throws -> (
    status: Int32, output: String, errors: String
  ) {
    let process = try StrataProcess(arguments, in: folder)
    let status = try await process.wait()
    return (status, process.standardOutput, process.standardError)
  }
}

struct DeadlinePassed: Error, CustomStringConvertible {
  let description: String
}

/// Looks again and again, without holding a thread, until `condition` holds; throws after `seconds`.
func waitUntil(_ what: String, seconds: Double, _ condition: () async throws -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(seconds)
  while try await !condition() {
    guard ContinuousClock.now < deadline else {
      throw DeadlinePassed(description: "waited \(seconds) s for \(what)")
    }
    try await Task.sleep(for: .milliseconds(10))
  }
}

/// A folder for one test, removed afterwards.
func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("strata-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder)
}
