public import Foundation
public import Networks
public import Quantization
internal import SwiftProtobuf
public import Training

/// The forms a network is exported in. All take `image`, N × C × H × W scaled pixels, and give `logits`, N × classes.
public enum ModelForm: String, Hashable, Sendable, CaseIterable {
  /// As it was trained, in 32-bit floats.
  case fp32
  /// Floats between QuantizeLinear and DequantizeLinear.
  case qdq
  /// Integer operators (QOperator form): equal to `IntegerNetwork`, level for level.
  case qlinear
}

/// What a model says of itself beside its graph.
public struct ModelDescription: Sendable {
  /// Of the graph.
  public var name: String
  /// For people.
  public var text: String
  /// Version of the program.
  public var version: String
  /// The model's `metadata_props`.
  public var metadata: [(key: String, value: String)]

  public init(name: String, text: String, version: String, metadata: [(key: String, value: String)] = []) {
    self.name = name
    self.text = text
    self.version = version
    self.metadata = metadata
  }
}

/// What ONNX's integer operators cannot compute as `IntegerNetwork` does.
public enum ModelExportError: Error, Hashable, Sendable, CustomStringConvertible {
  case activationBits(Int)
  case weightBits(Int)
  case rounding(QuantizationOptions.Rounding)
  /// Zero points of a layer's weights differ between channels.
  case zeroPoints(layer: String)

  public var description: String {
    switch self {
    case .activationBits(let bits): "activations of \(bits) bits: ONNX's integer operators have 8"
    case .weightBits(let bits): "weights of \(bits) bits: ONNX's integer operators have at most 8"
    case .rounding(let rounding): "rounding \(rounding.rawValue): ONNX's integer operators round ties to even"
    case .zeroPoints(let layer):
      "\(layer) has a zero point for every channel: ONNX Runtime wants one of all, as with "
        + "quantization.symmetricWeights: true"
    }
  }
}

/// A trained and calibrated network that is written as ONNX models.
public struct NetworkExport {
  private let network: Network
  private let parameters: Parameters
  private let layers: [QuantizedLayer]

  /// - Parameter calibration: zero points of layers with ReLU are 0, as every calibration makes them.
  /// - Throws: `ParametersError` where the parameters are not this network's; `ModelExportError`.
  public init(
    _ network: Network, parameters: Parameters, calibration: Calibration, options: QuantizationOptions
  ) throws {
    if let other = ([calibration.input] + calibration.outputs).first(where: { $0.bits != 8 }) {
      throw ModelExportError.activationBits(other.bits)
    }
    guard options.weightBits <= 8 else { throw ModelExportError.weightBits(options.weightBits) }
    guard options.rounding == .tiesToEven else { throw ModelExportError.rounding(options.rounding) }
    let folded = try foldBatchNorm(parameters, of: network)
    self.network = network
    self.parameters = parameters
    layers = try network.layers.enumerated().map { index, layer in
      let input = calibration.input(ofLayer: index)
      let output = calibration.outputs[index]
      precondition(!layer.relu || output.zeroPoint == 0, "\(layer.name): zero point \(output.zeroPoint)")
      let weights = QuantizedWeights(folded[index].weight, options: options)
      guard Set(weights.quantizers.map(\.zeroPoint)).count == 1 else {
        throw ModelExportError.zeroPoints(layer: layer.name)
      }
      let bias = quantizedBias(folded[index].bias, input: input, weights: weights)
      return QuantizedLayer(
        layer: layer, inputName: index == 0 ? ValueName.image : network.layers[index - 1].name, input: input,
        weights: weights, bias: bias.map { Int32($0) }, output: output)
    }
  }

  /// A model file's bytes: equal for equal networks and descriptions.
  public func model(_ form: ModelForm, _ description: ModelDescription) throws -> Data {
    try proto(form, description).serializedBytes()
  }

  func proto(_ form: ModelForm, _ description: ModelDescription) -> ONNXModelProto {
    let firstDense = network.firstDense
    let builder =
      switch form {
      case .fp32: GraphBuilder(network, parameters)
      case .qdq: GraphBuilder(quantizeDequantize: layers, firstDense: firstDense)
      case .qlinear: GraphBuilder(integers: layers, firstDense: firstDense)
      }
    var model = ONNXModelProto()
    model.irVersion = 8
    model.producerName = "strata"
    model.producerVersion = description.version
    model.docString = description.text
    model.graph = builder.graph(of: network, named: description.name)
    model.opsetImport = [.version(13)]
    if form == .qlinear { model.opsetImport.append(.version(1, of: GraphBuilder.runtimeDomain)) }
    model.metadataProps = description.metadata.map { key, value in
      var entry = ONNXStringStringEntryProto()
      entry.key = key
      entry.value = value
      return entry
    }
    return model
  }
}

extension ONNXOperatorSetIdProto {
  /// - Parameter domain: empty for ONNX's own operators.
  static func version(_ version: Int64, of domain: String = "") -> Self {
    var operators = Self()
    operators.domain = domain
    operators.version = version
    return operators
  }
}
