/// What is wrong with a sweep file or an override. `description` is one line:
/// `sweep.yaml:12:5: training.epoch: no such setting; did you mean training.epochs?`
public struct SweepError: Error, Hashable, Sendable, CustomStringConvertible {
  /// `file:line:column`, the override as it was given, or the file alone.
  public let location: String?
  public let problem: String

  public var description: String { location.map { "\($0): \(problem)" } ?? problem }

  init(_ location: String?, _ problem: String) {
    self.location = location
    self.problem = problem
  }

  init(_ place: Place?, _ path: [String], _ problem: String) {
    let subject = path.isEmpty ? "" : path.joined(separator: ".") + ": "
    self.init(place?.description, subject + problem)
  }
}
