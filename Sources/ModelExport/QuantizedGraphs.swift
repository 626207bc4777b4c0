import Networks
import Quantization

/// A layer's constants in the integer network.
struct QuantizedLayer {
  let layer: Layer
  /// The name and quantizer of what the layer reads.
  let inputName: String
  let input: AffineQuantizer
  let weights: QuantizedWeights
  /// At scale S_x·S_w.
  let bias: [Int32]
  let output: AffineQuantizer
}

/// Names of a tensor's quantization constants.
private struct QuantizerNames {
  let scale: String
  let zeroPoint: String
  var both: [String] { [scale, zeroPoint] }

  init(of value: String) {
    scale = "\(value).scale"
    zeroPoint = "\(value).zero_point"
  }
}

extension GraphBuilder {
  /// The network in integers (QOperator form): QLinearConv and ONNX Runtime's QGemm between levels of 8 bits. ReLU is
  /// the clipping of levels at 0, which is every hidden layer's zero point.
  init(integers layers: [QuantizedLayer], firstDense: Int) {
    self.init()
    var value = quantizeImage(layers[0].input)
    for (index, quantized) in layers.enumerated() {
      let layer = quantized.layer
      let (weight, bias) = addConstants(of: quantized)
      if layer.poolsInput {
        value = add("MaxPool", [value], to: "\(layer.name).pooled", Layer.poolAttributes)
      }
      if index == firstDense { value = add("Flatten", [value], to: "\(layer.name).flat") }
      let input = [value] + QuantizerNames(of: quantized.inputName).both
      let kernel = [weight] + QuantizerNames(of: weight).both
      let output = QuantizerNames(of: layer.name).both
      value =
        layer.isDense
        ? add(
          "QGemm", input + kernel + [bias] + output, to: layer.name, [.integer("transB", 1)],
          domain: Self.runtimeDomain)
        : add("QLinearConv", input + kernel + output + [bias], to: layer.name, layer.convolutionAttributes)
    }
    add("DequantizeLinear", [value] + QuantizerNames(of: value).both, to: ValueName.logits)
  }

  /// Where ONNX Runtime's own operators live.
  static let runtimeDomain = "com.microsoft"

  /// The network in floats between QuantizeLinear and DequantizeLinear (QDQ form), which a runtime fuses into integer
  /// operators. Pooling and flattening stand between quantizers of their own, so that they can be fused too.
  init(quantizeDequantize layers: [QuantizedLayer], firstDense: Int) {
    self.init()
    var value = dequantize(quantizeImage(layers[0].input), by: ValueName.image)
    for (index, quantized) in layers.enumerated() {
      let layer = quantized.layer
      let name = layer.name
      if layer.poolsInput {
        value = add("MaxPool", [value], to: "\(name).pooled.real", Layer.poolAttributes)
        value = requantize(value, to: "\(name).pooled", by: quantized.inputName)
      }
      if index == firstDense {
        value = add("Flatten", [value], to: "\(name).flat.real")
        value = requantize(value, to: "\(name).flat", by: quantized.inputName)
      }
      let (weight, bias) = addConstants(of: quantized)
      let axis = [ONNXAttributeProto.integer("axis", 0)]
      let perChannel = quantized.weights.quantizers.count > 1
      let realWeight = add(
        "DequantizeLinear", [weight] + QuantizerNames(of: weight).both, to: "\(weight).dequantized",
        perChannel ? axis : [])
      let biasScales = quantized.weights.quantizers.map { quantized.input.scale * $0.scale }
      let biasScale = add("\(bias).scale", .float, perChannel ? [biasScales.count] : [], biasScales)
      let realBias = add(
        "DequantizeLinear", [bias, biasScale], to: "\(bias).dequantized", perChannel ? axis : [])
      let inputs = [value, realWeight, realBias]
      value =
        layer.isDense
        ? add("Gemm", inputs, to: "\(name).sums", [.integer("transB", 1)])
        : add("Conv", inputs, to: "\(name).sums", layer.convolutionAttributes)
      if layer.relu { value = add("Relu", [value], to: "\(name).relu") }
      let levels = add("QuantizeLinear", [value] + QuantizerNames(of: name).both, to: name)
      let isLast = index + 1 == layers.count
      value = dequantize(levels, by: name, to: isLast ? ValueName.logits : nil)
    }
  }

  private mutating func quantizeImage(_ quantizer: AffineQuantizer) -> String {
    add(quantizer, of: ValueName.image)
    return add(
      "QuantizeLinear", [ValueName.image] + QuantizerNames(of: ValueName.image).both,
      to: "\(ValueName.image).levels")
  }

  private mutating func dequantize(_ levels: String, by value: String, to output: String? = nil) -> String {
    add(
      "DequantizeLinear", [levels] + QuantizerNames(of: value).both, to: output ?? "\(levels).dequantized")
  }

  private mutating func requantize(_ real: String, to levels: String, by value: String) -> String {
    dequantize(add("QuantizeLinear", [real] + QuantizerNames(of: value).both, to: levels), by: value)
  }

  /// Scale and zero point of a value of one quantizer.
  private mutating func add(_ quantizer: AffineQuantizer, of value: String) {
    let names = QuantizerNames(of: value)
    _ = add(names.scale, scalar: quantizer.scale)
    _ = add(names.zeroPoint, scalar: UInt8(quantizer.zeroPoint))
  }

  /// Weights and bias, and the quantizers of the weights and of the layer's output.
  private mutating func addConstants(of quantized: QuantizedLayer) -> (weight: String, bias: String) {
    let layer = quantized.layer
    let weight = add(
      "\(layer.name).weight", .uint8, layer.weightShape, quantized.weights.levels.map { UInt8($0) })
    let quantizers = quantized.weights.quantizers
    if quantizers.count == 1 {
      add(quantizers[0], of: weight)
    } else {
      let names = QuantizerNames(of: weight)
      _ = add(names.scale, .float, [quantizers.count], quantizers.map(\.scale))
      _ = add(names.zeroPoint, .uint8, [quantizers.count], quantizers.map { UInt8($0.zeroPoint) })
    }
    let bias = add("\(layer.name).bias", .int32, [layer.outChannels], quantized.bias)
    add(quantized.output, of: layer.name)
    return (weight, bias)
  }
}
