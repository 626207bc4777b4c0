import Foundation
import Synchronization

/// A process of this same program, in the background. It is asked to stop when this process ends, however that
/// happens: it holds the reading end of a pipe and takes the end of file as SIGTERM (`StandardInputWatch`).
final class ChildProcess: @unchecked Sendable {
  // `@unchecked`: `process` is set up in `init` and afterwards only read; Foundation locks its own state.
  let name: String
  private let process = Process()
  private let standardInput = Pipe()

  /// - Parameters:
  ///   - log: file that its output is appended to; nil: this process's standard error.
  ///   - ended: called on an arbitrary thread when it has ended.
  init(name: String, arguments: [String], log: URL?, ended: @escaping @Sendable () -> Void) throws {
    self.name = name
    process.executableURL = try Self.program()
    process.arguments = arguments
    process.standardInput = standardInput
    if let log {
      if !FileManager.default.fileExists(atPath: log.path) {
        FileManager.default.createFile(atPath: log.path, contents: nil)
      }
      let handle = try FileHandle(forWritingTo: log)
      try handle.seekToEnd()
      process.standardOutput = handle
      process.standardError = handle
    } else {
      process.standardOutput = FileHandle.standardError
      process.standardError = FileHandle.standardError
    }
    process.terminationHandler = { _ in ended() }
    try process.run()
  }

  var pid: Int32 { process.processIdentifier }
  var isRunning: Bool { process.isRunning }
  /// Exit status, or 128 + signal; only once it has ended.
  var status: Int32 {
    process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
  }

  /// It ended by a signal.
  var wasKilled: Bool { !process.isRunning && process.terminationReason == .uncaughtSignal }

  func terminate() { if process.isRunning { kill(pid, SIGTERM) } }
  func kill9() { if process.isRunning { kill(pid, SIGKILL) } }

  private static func program() throws -> URL {
    try URL(fileURLWithPath: FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
  }
}
