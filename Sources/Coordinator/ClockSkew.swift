internal import Foundation
internal import SweepProtocol

/// Clocks that differ: a worker's results and logs would then not fit the others'.
enum ClockSkew {
  static let limit = Duration.seconds(300)

  /// Why a worker with this clock cannot take part, if it cannot.
  ///
  /// - Parameter now: this machine's clock, milliseconds since 1970.
  static func refusal(of hello: WorkerHello, at now: UInt64) -> Gate.Refusal? {
    guard let theirs = hello.clock else { return nil }
    let difference = theirs > now ? theirs - now : now - theirs
    guard difference > UInt64(limit.components.seconds) * 1000 else { return nil }
    return Gate.Refusal(
      reason: .clock,
      line:
        "the clock of \(hello.name) on \(hello.host) shows \(text(theirs)), the coordinator's \(text(now)): "
        + "\(difference / 1000) s \(theirs > now ? "ahead" : "behind"), more than \(limit.components.seconds) s; "
        + "set both by NTP")
  }

  /// ISO 8601 in UTC.
  private static func text(_ milliseconds: UInt64) -> String {
    // Years of four digits.
    let seconds = min(Double(milliseconds / 1000), 253_402_300_799)
    return Date(timeIntervalSince1970: seconds).formatted(.iso8601)
  }
}
