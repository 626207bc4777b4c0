import Foundation
import Logging
import Reporting

extension Logger {
  /// Lines on standard error: date and time, level where it is a warning or worse, who, what. Control characters, which
  /// whoever connects can put into names and errors, are written as escapes.
  static func plain(_ label: String, from level: Level = .info) -> Logger {
    Logger(label: label) { PlainLog(label: $0, logLevel: level) }
  }
}

struct PlainLog: LogHandler {
  let label: String
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let now = Date().formatted(.iso8601)
    let level = event.level >= .warning ? "\(event.level): " : ""
    Terminal.write("\(now) \(label): \(level)\("\(event.message)".onOneLine)\n", to: STDERR_FILENO)
  }
}
