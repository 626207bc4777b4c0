import Foundation
import Glibc

/// What the terminal behind standard output can show.
enum Terminal {
  /// Standard output is a terminal that understands cursor movement.
  static var isInteractive: Bool {
    isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// 80 × 24 where the terminal does not say.
  static var size: (columns: Int, rows: Int) {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
      return (80, 24)
    }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  /// Writes text whole, or as much of it as somebody reads.
  static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count > 0 { rest = rest.dropFirst(count) } else if errno != EINTR { return }
    }
  }
}

/// Lines at the bottom of the terminal that are drawn over each time they change.
struct LiveLines {
  private var drawn = 0

  mutating func draw(_ lines: [String]) {
    var output = drawn > 0 ? "\u{1B}[\(drawn)A" : ""
    for line in lines { output += "\r\u{1B}[K\(line)\n" }
    if lines.count < drawn { output += "\u{1B}[J" }
    drawn = lines.count
    Terminal.write(output, to: STDOUT_FILENO)
  }
}
