import Foundation

/// What the terminal behind standard output can show.
enum Terminal {
  /// Standard output is a terminal that understands cursor movement.
  static var isInteractive: Bool {
    isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  /// Columns; 80 where the terminal does not say.
  static var width: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
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
    FileHandle.standardOutput.write(Data(output.utf8))
  }
}
