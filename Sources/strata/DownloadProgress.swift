import Foundation
import Synchronization

/// A download's progress: a bar on a terminal, a line for every tenth off it.
final class DownloadProgress: Sendable {
  private let name: String
  private let onTerminal = Terminal.isInteractive
  private let tenths = Mutex(-1)

  init(_ name: String) { self.name = name }

  func show(bytes: Int64, of total: Int64?) {
    let megabytes = LiveView.fixed(Double(bytes) / 1e6, 1)
    guard let total, total > 0 else {
      if onTerminal { write("\r\u{1B}[K\(name)  \(megabytes) MB") }
      return
    }
    let fraction = min(Double(bytes) / Double(total), 1)
    let all = LiveView.fixed(Double(total) / 1e6, 1)
    if onTerminal {
      write("\r\u{1B}[K\(name)  \(LiveView.bar(fraction, width: 30)) \(megabytes) of \(all) MB")
    } else {
      let tenth = Int(fraction * 10)
      let isNew = tenths.withLock { last in
        defer { last = max(last, tenth) }
        return tenth > last
      }
      if isNew { write("\(name): \(megabytes) of \(all) MB\n") }
    }
  }

  func finish() { if onTerminal { write("\n") } }

  private func write(_ text: String) { Terminal.write(text, to: STDERR_FILENO) }
}
