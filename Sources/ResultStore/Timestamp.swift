internal import Foundation

/// Times as the store keeps them: UTC, ISO 8601, milliseconds: `2026-11-23T12:00:00.125Z`.
enum Timestamp {
  private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

  static func text(_ date: Date) -> String {
    // The style cuts off what lies beyond the milliseconds; half of one makes it round.
    let milliseconds = (date.timeIntervalSince1970 * 1000).rounded()
    return Date(timeIntervalSince1970: (milliseconds + 0.5) / 1000).formatted(style)
  }

  static func date(_ text: String, path: String) throws -> Date {
    do {
      let parsed = try style.parse(text)
      return Date(timeIntervalSince1970: (parsed.timeIntervalSince1970 * 1000).rounded() / 1000)
    } catch {
      throw StoreError.corrupt(path: path, reason: "\(text) is not a time such as 2026-11-23T12:00:00.125Z")
    }
  }
}
