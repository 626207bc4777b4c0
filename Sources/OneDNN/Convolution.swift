import COneDNN

/// Whether a forward primitive leaves behind what the backward ones need.
public enum Purpose: Hashable, Sendable {
  case training, inference

  var native: dnnl_prop_kind_t { self == .training ? dnnl_forward_training : dnnl_forward_inference }
}

/// How a convolution is computed.
public enum ConvolutionMethod: Hashable, Sendable {
  case direct
  /// Winograd's minimal filtering: stride 1, 3×3 kernels, no groups.
  case winograd

  var native: dnnl_alg_kind_t { self == .direct ? dnnl_convolution_direct : dnnl_convolution_winograd }
}

/// A two-dimensional convolution of square images with square kernels.
public struct ConvolutionGeometry: Hashable, Sendable {
  public var batch: Int
  public var inChannels: Int
  public var outChannels: Int
  public var groups: Int
  /// Height = width of the input and of the output.
  public var inputSize: Int
  public var outputSize: Int
  public var kernel: Int
  public var stride: Int
  /// Zeros before and after each spatial axis.
  public var padBefore: Int
  public var padAfter: Int

  public init(
    batch: Int, inChannels: Int, outChannels: Int, groups: Int, inputSize: Int, outputSize: Int, kernel: Int,
    stride: Int, padBefore: Int, padAfter: Int
  ) {
    self.batch = batch
    self.inChannels = inChannels
    self.outChannels = outChannels
    self.groups = groups
    self.inputSize = inputSize
    self.outputSize = outputSize
    self.kernel = kernel
    self.stride = stride
    self.padBefore = padBefore
    self.padAfter = padAfter
  }

  /// N × C × H × W.
  public var source: [Int] { [batch, inChannels, inputSize, inputSize] }
  public var destination: [Int] { [batch, outChannels, outputSize, outputSize] }
  /// O × I × H × W, or G × O/G × I/G × H × W where there are groups; in the same order in memory.
  public var weights: [Int] {
    groups == 1
      ? [outChannels, inChannels, kernel, kernel]
      : [groups, outChannels / groups, inChannels / groups, kernel, kernel]
  }

  fileprivate var strides: [Int64] { [Int64(stride), Int64(stride)] }
  fileprivate var before: [Int64] { [Int64(padBefore), Int64(padBefore)] }
  fileprivate var after: [Int64] { [Int64(padAfter), Int64(padAfter)] }
}

/// The element types of a forward convolution.
public struct ConvolutionTypes: Hashable, Sendable {
  public var source: DataType
  public var weights: DataType
  public var bias: DataType
  public var destination: DataType

  public init(source: DataType, weights: DataType, bias: DataType, destination: DataType) {
    self.source = source
    self.weights = weights
    self.bias = bias
    self.destination = destination
  }

  public static let float32 = Self(source: .float32, weights: .float32, bias: .float32, destination: .float32)
}

extension Primitive {
  /// destination = [ReLU of] source ∗ weights [+ bias]. Arguments: source, weights, bias, destination,
  /// scratchpad; layouts chosen by oneDNN (the bias plain).
  public static func convolutionForward(
    _ name: String, _ geometry: ConvolutionGeometry, method: ConvolutionMethod, purpose: Purpose,
    types: ConvolutionTypes = .float32, bias: Bool, relu: Bool, engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let source = try Layout(geometry.source, types.source, .any)
    let weights = try Layout(geometry.weights, types.weights, .any)
    let biases = bias ? try Layout([geometry.outChannels], types.bias) : nil
    let destination = try Layout(geometry.destination, types.destination, .any)
    return try Primitive(name, engine: engine, relu: relu) { out, attributes in
      onednn_convolution_forward(
        &out, engine.handle, purpose.native, method.native, source.handle, weights.handle, biases?.handle,
        destination.handle, geometry.strides, geometry.before, geometry.after, attributes)
    }
  }

  /// Arguments: destinationGradient, weights, sourceGradient, scratchpad; layouts chosen by oneDNN.
  ///
  /// - Parameter forward: a forward primitive of the same geometry and method.
  public static func convolutionBackwardData(
    _ name: String, _ geometry: ConvolutionGeometry, method: ConvolutionMethod, forward: Primitive,
    engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let source = try Layout(geometry.source, .float32, .any)
    let weights = try Layout(geometry.weights, .float32, .any)
    let destination = try Layout(geometry.destination, .float32, .any)
    return try Primitive(name, engine: engine) { out, attributes in
      onednn_convolution_backward_data(
        &out, engine.handle, method.native, source.handle, weights.handle, destination.handle,
        geometry.strides,
        geometry.before, geometry.after, forward.descriptor, attributes)
    }
  }

  /// Arguments: source, destinationGradient, weightsGradient, biasGradient, scratchpad; layouts chosen by
  /// oneDNN (the bias plain).
  ///
  /// - Parameter forward: a forward primitive of the same geometry and method.
  public static func convolutionBackwardWeights(
    _ name: String, _ geometry: ConvolutionGeometry, method: ConvolutionMethod, bias: Bool,
    forward: Primitive,
    engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let source = try Layout(geometry.source, .float32, .any)
    let weights = try Layout(geometry.weights, .float32, .any)
    let biases = bias ? try Layout([geometry.outChannels]) : nil
    let destination = try Layout(geometry.destination, .float32, .any)
    return try Primitive(name, engine: engine) { out, attributes in
      onednn_convolution_backward_weights(
        &out, engine.handle, method.native, source.handle, weights.handle, biases?.handle, destination.handle,
        geometry.strides, geometry.before, geometry.after, forward.descriptor, attributes)
    }
  }
}
