/// A point on a clock that only the service round a state machine reads: time since that clock's start.
public struct Moment: InstantProtocol, Hashable, Sendable, CustomStringConvertible {
  public var sinceStart: Duration

  public init(_ sinceStart: Duration = .zero) { self.sinceStart = sinceStart }

  public func advanced(by duration: Duration) -> Moment { Moment(sinceStart + duration) }
  public func duration(to other: Moment) -> Duration { other.sinceStart - sinceStart }
  public static func + (moment: Moment, duration: Duration) -> Moment { moment.advanced(by: duration) }
  public static func < (a: Moment, b: Moment) -> Bool { a.sinceStart < b.sinceStart }

  public var description: String { "t+\(sinceStart)" }
}
