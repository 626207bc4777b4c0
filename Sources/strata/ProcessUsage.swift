import Foundation
import Glibc

/// What the system says a process has used so far (Linux).
struct ProcessUsage {
  /// User and system time, seconds.
  var processorSeconds: Double
  /// Bytes resident now, and at most so far.
  var resident: Int
  var mostResident: Int

  /// nil where there is no such process.
  init?(pid: Int32) {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
      let end = stat.lastIndex(of: ")")
    else { return nil }
    // Fields 14 and 15; the second, in parentheses, may hold spaces.
    let ticks = stat[stat.index(after: end)...].split(separator: " ").dropFirst(11).prefix(2)
      .compactMap { Double($0) }
    processorSeconds = ticks.reduce(0, +) / Double(sysconf(Int32(_SC_CLK_TCK)))
    func kilobytes(_ name: String) -> Int {
      let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
      return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
    }
    resident = kilobytes("VmRSS:") * 1024
    mostResident = kilobytes("VmHWM:") * 1024
  }
}
