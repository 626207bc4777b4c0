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

/// What a convolution computes in training.
enum ConvolutionPass: String {
  case forward, backwardData = "backward-data", backwardWeights = "backward-weights"
}

/// What computes one pass of a layer, before it is bound to memories.
protocol LayerPass: AnyObject {
  var name: String { get }
  /// The code that runs.
  var implementation: String { get }
  /// The layout in which it takes or leaves an argument.
  func layout(_ argument: Argument) throws(OneDNNError) -> Layout
  /// - Parameter arguments: one memory for every argument, each in this pass's layout.
  func step(_ arguments: [(Argument, Memory)]) throws(OneDNNError) -> any PlanStep
}

extension Primitive: LayerPass {
  func step(_ arguments: [(Argument, Memory)]) throws(OneDNNError) -> any PlanStep { try bind(arguments) }
}

/// A computation of Strata's own.
final class Computation: PlanStep {
  let name: String
  let implementation: String
  private let body: () -> Void

  init(_ name: String, _ implementation: String = "strata", _ body: @escaping () -> Void) {
    self.name = name
    self.implementation = implementation
    self.body = body
  }

  func execute() { body() }
}
