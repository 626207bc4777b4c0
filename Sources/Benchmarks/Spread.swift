/// Repeated measurements of one quantity: the middle and both ends.
public struct Spread: Codable, Hashable, Sendable {
  /// Of an even number of measurements the mean of the two in the middle.
  public let median: Double
  public let least: Double
  public let most: Double
  public let count: Int

  /// - Parameter measurements: at least one, finite, in any order.
  public init(_ measurements: [Double]) {
    precondition(!measurements.isEmpty && measurements.allSatisfy(\.isFinite))
    let sorted = measurements.sorted()
    count = sorted.count
    least = sorted[0]
    most = sorted[count - 1]
    median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}

/// Seconds that each call took: one that does not count, then `least` or more, until `seconds` are over.
func repeatedly(seconds: Double, atLeast least: Int = 3, _ body: () throws -> Void) rethrows -> [Double] {
  try body()
  var times: [Double] = []
  let began = ContinuousClock.now
  var last = began
  while times.count < least || (last - began) / .seconds(1) < seconds {
    try body()
    let now = ContinuousClock.now
    times.append((now - last) / .seconds(1))
    last = now
  }
  return times
}
