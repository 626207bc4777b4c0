import OneDNN

/// One thing a plan executes, bound to its memories.
protocol PlanStep: AnyObject {
  /// What this computes for whom, e.g. `stage1.0.conv forward`.
  var name: String { get }
  /// The code that runs.
  var implementation: String { get }
  func execute() throws
}

extension BoundPrimitive: PlanStep {
  var name: String { primitive.name }
  var implementation: String { primitive.implementation }
}

/// A computation of Strata's own.
final class Computation: PlanStep {
  let name: String
  let implementation = "strata"
  private let body: () -> Void

  init(_ name: String, _ body: @escaping () -> Void) {
    self.name = name
    self.body = body
  }

  func execute() { body() }
}
