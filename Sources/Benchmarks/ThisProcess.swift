import Foundation
import Glibc

/// What the system knows about the process this is called in (Linux).
public enum ThisProcess {
  /// Seconds since the system started it, to a hundredth; nil where /proc does not say.
  public static var age: Double? {
    guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
      let uptime = try? String(contentsOfFile: "/proc/uptime", encoding: .utf8),
      let now = uptime.split(separator: " ").first.flatMap({ Double($0) }),
      // The second field, in parentheses, may hold spaces; the start is the 22nd.
      let end = text.lastIndex(of: ")"),
      let ticks = Double(text[text.index(after: end)...].split(separator: " ").dropFirst(19).first ?? "")
    else { return nil }
    return now - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// The most memory it has had resident, in bytes.
  public static var peakMemory: Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1024
  }
}
