import Foundation
import Networks
import Tensors

/// A graph under construction: constants, and nodes in the order of execution.
struct GraphBuilder {
  private(set) var nodes: [ONNXNodeProto] = []
  private(set) var constants: [ONNXTensorProto] = []

  /// Appends a node, named as its output.
  ///
  /// - Returns: `output`.
  @discardableResult
  mutating func add(
    _ type: String, _ inputs: [String], to output: String, _ attributes: [ONNXAttributeProto] = [],
    domain: String = ""
  ) -> String {
    var node = ONNXNodeProto()
    node.opType = type
    node.name = output
    node.input = inputs
    node.output = [output]
    node.attribute = attributes
    node.domain = domain
    nodes.append(node)
    return output
  }

  mutating func add(_ name: String, _ tensor: Tensor) -> String {
    add(name, .float, tensor.shape.extents, tensor.values)
  }

  mutating func add(_ name: String, scalar value: Float) -> String { add(name, .float, [], [value]) }

  mutating func add(_ name: String, scalar value: UInt8) -> String { add(name, .uint8, [], [value]) }

  /// Appends a constant.
  ///
  /// - Parameters:
  ///   - shape: empty for a scalar.
  ///   - values: row-major, of the type that `type` says.
  /// - Returns: `name`.
  mutating func add<T>(
    _ name: String, _ type: ONNXTensorProto.DataType, _ shape: [Int], _ values: [T]
  ) -> String {
    precondition(values.count == shape.reduce(1, *), "\(name): \(values.count) values for \(shape)")
    var tensor = ONNXTensorProto()
    tensor.name = name
    tensor.dims = shape.map(Int64.init)
    tensor.dataType = type
    tensor.rawData = values.withUnsafeBytes { Data($0) }
    constants.append(tensor)
    return name
  }

  /// The graph from one batch of images, N × C × H × W, to `logits`, N × classes.
  func graph(of network: Network, named name: String) -> ONNXGraphProto {
    let a = network.architecture
    var graph = ONNXGraphProto()
    graph.name = name
    graph.node = nodes
    graph.initializer = constants
    graph.input = [.batch(ValueName.image, of: [a.inputChannels, a.inputSize, a.inputSize])]
    graph.output = [.batch(ValueName.logits, of: [a.classes])]
    return graph
  }
}

/// Names of the values that all models have; a layer's output has the layer's name.
enum ValueName {
  static let image = "image"
  static let logits = "logits"
}

extension ONNXValueInfoProto {
  /// 32-bit floats, N × shape for any N.
  static func batch(_ name: String, of shape: [Int]) -> Self {
    var type = ONNXTypeProto.Tensor()
    type.elemType = .float
    var any = ONNXTensorShapeProto.Dimension()
    any.dimParam = "N"
    type.shape.dim = [any]
    for extent in shape {
      var dimension = ONNXTensorShapeProto.Dimension()
      dimension.dimValue = Int64(extent)
      type.shape.dim.append(dimension)
    }
    var value = ONNXValueInfoProto()
    value.name = name
    value.type.tensorType = type
    return value
  }
}

extension ONNXAttributeProto {
  static func integer(_ name: String, _ value: Int) -> Self {
    var attribute = Self()
    attribute.name = name
    attribute.type = .int
    attribute.i = Int64(value)
    return attribute
  }

  static func integers(_ name: String, _ values: [Int]) -> Self {
    var attribute = Self()
    attribute.name = name
    attribute.type = .ints
    attribute.ints = values.map(Int64.init)
    return attribute
  }

  static func float(_ name: String, _ value: Float) -> Self {
    var attribute = Self()
    attribute.name = name
    attribute.type = .float
    attribute.f = value
    return attribute
  }
}

extension Layer {
  /// Of `Conv` and `QLinearConv`: padding as numbers, because it is not the same on both sides.
  var convolutionAttributes: [ONNXAttributeProto] {
    [
      .integers("kernel_shape", [kernel, kernel]), .integers("strides", [stride, stride]),
      .integers("pads", [padBefore, padBefore, padAfter, padAfter]), .integer("group", groups),
    ]
  }

  /// Of the `MaxPool` before the layer.
  static let poolAttributes: [ONNXAttributeProto] = [
    .integers("kernel_shape", [2, 2]), .integers("strides", [2, 2]),
  ]
}
