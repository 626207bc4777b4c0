import Foundation
import LayerAnalysis
import Networks
import Quantization
import SwiftProtobuf
import Testing

@testable import ModelExport

/// Exported bytes, decoded: the graphs they hold.
@Suite struct GraphTests {
  private func decoded(_ small: SmallModel, _ form: ModelForm) throws -> ONNXModelProto {
    try ONNXModelProto(serializedBytes: small.export().model(form, small.description))
  }

  private func operators(_ small: SmallModel, _ form: ModelForm) throws -> [String] {
    try decoded(small, form).graph.node.map(\.opType)
  }

  @Test func trainedNetworkIsWhatWasTrained() throws {
    let block = ["Conv", "BatchNormalization", "Relu"]
    let head = ["Flatten", "Gemm", "Relu", "Gemm"]
    #expect(try operators(.regular, .fp32) == block + block + block + head)
    #expect(try operators(.maxPool, .fp32) == block + block + ["MaxPool"] + block + head)
    #expect(try operators(.groups, .fp32) == (0..<5).flatMap { _ in block } + head)
    #expect(
      try operators(.noBatchNorm, .fp32) == ["Conv", "Relu", "Conv", "Relu", "Conv", "Relu"] + head)
  }

  @Test func integerNetworkHasIntegerOperatorsOnly() throws {
    let model = try decoded(.maxPool, .qlinear)
    #expect(
      model.graph.node.map(\.opType) == [
        "QuantizeLinear", "QLinearConv", "QLinearConv", "MaxPool", "QLinearConv", "Flatten", "QGemm", "QGemm",
        "DequantizeLinear",
      ])
    #expect(model.opsetImport.map(\.domain) == ["", "com.microsoft"])
    let types = Dictionary(uniqueKeysWithValues: model.graph.initializer.map { ($0.name, $0.dataType) })
    #expect(types["conv1.weight"] == .uint8 && types["conv1.bias"] == .int32)
    #expect(types["dense2.scale"] == .float && types["dense2.zero_point"] == .uint8)
  }

  @Test func quantizersSurroundEveryOperator() throws {
    let unit = ["DequantizeLinear", "DequantizeLinear", "Conv", "Relu", "QuantizeLinear", "DequantizeLinear"]
    let dense = unit.map { $0 == "Conv" ? "Gemm" : $0 }
    let between = ["QuantizeLinear", "DequantizeLinear"]
    #expect(
      try operators(.maxPool, .qdq)
        == between + unit + unit + ["MaxPool"] + between + unit + ["Flatten"] + between + dense
        + dense.filter { $0 != "Relu" })
  }

  @Test func geometryIsExplicit() throws {
    func attributes(_ small: SmallModel, _ form: ModelForm, of weight: String) throws -> [String: [Int64]] {
      let node = try #require(decoded(small, form).graph.node.first { $0.input.contains(weight) })
      return Dictionary(
        uniqueKeysWithValues: node.attribute.map { ($0.name, $0.type == .ints ? $0.ints : [$0.i]) })
    }
    for form in [ModelForm.fp32, .qlinear] {
      let first = try attributes(.regular, form, of: "conv1.weight")
      #expect(first == ["kernel_shape": [3, 3], "strides": [1, 1], "pads": [1, 1, 1, 1], "group": [1]])
      let strided = try attributes(.regular, form, of: "stage2.0.conv.weight")
      #expect(strided["strides"] == [2, 2] && strided["pads"] == [0, 0, 1, 1])
      let pooled = try attributes(.maxPool, form, of: "stage2.0.conv.weight")
      #expect(pooled["strides"] == [1, 1] && pooled["pads"] == [1, 1, 1, 1])
      #expect(try attributes(.groups, form, of: "stage1.0.spatial.weight")["group"] == [4])
      #expect(try attributes(.depthwise, form, of: "stage2.0.spatial.weight")["group"] == [16])
    }
  }

  /// Names are unique, and a node reads only what is there before it.
  @Test(arguments: SmallModel.all, ModelForm.allCases)
  func graphIsInOrder(_ small: SmallModel, _ form: ModelForm) throws {
    let graph = try decoded(small, form).graph
    var known = Set(graph.initializer.map(\.name) + graph.input.map(\.name))
    #expect(known.count == graph.initializer.count + 1)
    for node in graph.node {
      #expect(known.isSuperset(of: node.input), "\(node.name)")
      for output in node.output { #expect(known.insert(output).inserted, "\(output) twice") }
    }
    #expect(graph.output.map(\.name) == ["logits"] && known.contains("logits"))
    for constant in graph.initializer {
      let width = constant.dataType == .uint8 ? 1 : 4
      #expect(constant.rawData.count == width * constant.dims.reduce(1) { $0 * Int($1) }, "\(constant.name)")
    }
  }

  @Test func whatOperatorsCannotComputeIsRefused() throws {
    func refusal(bits: Int = 8, _ change: (inout QuantizationOptions) -> Void) throws -> ModelExportError? {
      var options = QuantizationOptions()
      change(&options)
      let small = SmallModel.regular
      let calibration = try Calibration(
        input: AffineQuantizer(Bounds(lower: 0, upper: 1), bits: bits),
        outputs: small.network().layers.map { _ in
          AffineQuantizer(Bounds(lower: 0, upper: 1), bits: bits)
        })
      return #expect(throws: ModelExportError.self) {
        try NetworkExport(
          small.network(), parameters: small.parameters(), calibration: calibration, options: options)
      }
    }
    #expect(try refusal(bits: 6) { $0.activationBits = 6 } == .activationBits(6))
    #expect(try refusal { $0.weightBits = 12 } == .weightBits(12))
    #expect(try refusal { $0.rounding = .tiesUp } == .rounding(.tiesUp))
    #expect(try refusal { $0.granularity = .perChannel } == .zeroPoints(layer: "conv1"))
  }

  @Test func everyChannelHasItsScale() throws {
    var options = QuantizationOptions()
    options.granularity = .perChannel
    options.symmetricWeights = true
    let small = SmallModel.depthwise
    let export = try NetworkExport(
      small.network(), parameters: small.parameters(), calibration: small.calibration(), options: options)
    let constants = export.proto(.qdq, small.description).graph.initializer
    let shapes = Dictionary(uniqueKeysWithValues: constants.map { ($0.name, $0.dims) })
    #expect(shapes["conv1.weight.scale"] == [16] && shapes["conv1.bias.scale"] == [16])
    #expect(shapes["dense2.weight.zero_point"] == [10] && shapes["dense2.scale"] == [])
  }
}
