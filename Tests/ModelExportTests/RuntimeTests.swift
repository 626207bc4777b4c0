import Foundation
import Networks
import Quantization
import SwiftProtobuf
import Testing
import Training

@testable import ModelExport

/// What ONNX Runtime computed of the exported models against what Strata computes.
@Suite struct RuntimeTests {
  /// Every level of every layer and every logit are equal.
  @Test(arguments: SmallModel.all, IntegerArithmetic.allCases)
  func integerNetworkEqualsRuntime(_ small: SmallModel, _ arithmetic: IntegerArithmetic) throws {
    if arithmetic == .bytes, IntegerArithmetic.automatic != .bytes { return }
    let expected = try small.expected()
    let network = try small.network()
    let count = SmallModel.count
    let integer = try IntegerNetwork(
      network, folded: foldBatchNorm(small.parameters(), of: network), calibration: small.calibration(),
      options: QuantizationOptions(), arithmetic: arithmetic)
    let levels = LevelBuffer(of: network, images: count, bits: integer.calibration.input.bits)
    SmallModel.images.withUnsafeBufferPointer { integer.quantize(images: $0, count: count, into: levels) }
    for (index, layer) in network.layers.enumerated() {
      try integer.run(layer: index, levels, count: count)
      let (channels, pixels) = (layer.outChannels, layer.outputSize * layer.outputSize)
      let planes = (0..<count * layer.outputCount).map { i in
        let (image, c, p) = (i / layer.outputCount, i / pixels % channels, i % pixels)
        return UInt8(levels[(image * pixels + p) * channels + c])
      }
      #expect(Set(planes).count > 5, "\(layer.name) is almost constant")
      #expect(try planes == Array(#require(expected.levels[layer.name])), "\(layer.name)")
    }
    var logits = [Float](repeating: 0, count: count * 10)
    try SmallModel.images.withUnsafeBufferPointer { images in
      try logits.withUnsafeMutableBufferPointer {
        try integer.infer(images: images, count: count, logits: $0)
      }
    }
    #expect(logits.map(\.bitPattern) == expected.logits["qlinear"])
    #expect(logits.map(\.bitPattern) == expected.logits["qdq"])
  }

  /// Sums in another order: the logits agree to 1e-5 of the largest.
  @Test(arguments: SmallModel.all)
  func trainedNetworkAgreesWithRuntime(_ small: SmallModel) throws {
    let compiled = try CompiledNetwork(
      small.network(), batch: SmallModel.count, purpose: .inference, algorithm: .direct, threads: 1)
    try compiled.load(small.parameters())
    _ = compiled.images.update(fromContentsOf: SmallModel.images)
    try compiled.infer(count: SmallModel.count)
    let expected = try #require(small.expected().logits["fp32"]).map { Float(bitPattern: $0) }
    let largest = expected.map(abs).max()!
    #expect(largest > 0.1)
    for (found, expected) in zip(compiled.logits, expected) {
      #expect(abs(found - expected) <= 1e-5 * largest)
    }
  }

  /// What ONNX Runtime ran is what is exported today.
  @Test(arguments: SmallModel.all)
  func exportedModelIsTheCommittedOne(_ small: SmallModel) throws {
    let bytes = try small.export().model(.qlinear, small.description)
    #expect(
      try ONNXModelProto(serializedBytes: bytes) == ONNXModelProto(serializedBytes: small.committedModel()))
  }

  /// Not a test: writes the models that scripts/fixtures/exported_models.py gives to ONNX Runtime.
  @Test(.enabled(if: modelsFolder != nil), arguments: SmallModel.all)
  func writeModels(_ small: SmallModel) throws {
    let folder = URL(fileURLWithPath: try #require(modelsFolder))
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for form in ModelForm.allCases {
      try small.export().model(form, small.description)
        .write(to: folder.appendingPathComponent("\(small.testDescription).\(form.rawValue).onnx"))
    }
  }
}

private let modelsFolder = ProcessInfo.processInfo.environment["STRATA_WRITE_MODELS"]
