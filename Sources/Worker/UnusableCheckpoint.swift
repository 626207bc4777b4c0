/// A checkpoint came whole, but the trial cannot go on from what it says: it is not this trial's, or not of this
/// network, or of no point of its training. Another attempt is better begun anew.
public struct UnusableCheckpoint: Error, Hashable, Sendable, CustomStringConvertible {
  /// Why, in one line.
  public let description: String

  public init(_ reason: String) { description = "the checkpoint cannot be used: \(reason)" }

  /// Runs `body`, whatever it throws being the checkpoint's fault.
  static func catching<Result>(_ body: () throws -> Result) throws(UnusableCheckpoint) -> Result {
    do {
      return try body()
    } catch {
      throw UnusableCheckpoint("\(error)")
    }
  }
}
