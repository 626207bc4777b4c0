/// A dense row-major tensor of values: how parameters and captured activations travel between targets.
/// Axes: weights OIHW (grouped: O × I/groups × H × W) or O × I, activations N × C × H × W or N × C.
public struct Tensor: Hashable, Sendable {
  public let shape: Shape
  public var values: [Float]

  public init(shape: Shape, values: [Float]) {
    precondition(values.count == shape.count, "\(values.count) values for shape \(shape)")
    self.shape = shape
    self.values = values
  }

  public init(zeros shape: Shape) {
    self.init(shape: shape, values: [Float](repeating: 0, count: shape.count))
  }
}
