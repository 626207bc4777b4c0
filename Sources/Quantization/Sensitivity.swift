import Networks
import Tensors
import Training

/// What each quantizer contributes alone (D7): QMSE of the softmax output over the first calibration images with
/// only one tensor quantized and everything else in fp32.
final class Sensitivity {
  private let compiled: CompiledNetwork
  private let activations: LayerActivations
  private let batches: [Range<Int>]
  /// fp32 logits, images × classes.
  private let logits: [Float]
  private let scratch: AlignedBuffer<Float>

  /// nil for no images.
  init?(_ compiled: CompiledNetwork, _ activations: LayerActivations, images: Int) throws {
    guard images > 0 else { return nil }
    self.compiled = compiled
    self.activations = activations
    let batch = min(compiled.batch, images)
    batches = stride(from: 0, to: images, by: batch).map { $0..<min($0 + batch, images) }
    scratch = AlignedBuffer(count: batch * compiled.network.layers.map(\.outputCount).max()!)
    logits = try Self.logits(compiled, batches) { range in
      try activations.supply(range)
      try compiled.infer(count: range.count)
    }
  }

  private static func logits(
    _ compiled: CompiledNetwork, _ batches: [Range<Int>], _ infer: (Range<Int>) throws -> Void
  ) rethrows -> [Float] {
    var logits: [Float] = []
    for range in batches {
      try infer(range)
      logits += compiled.logits[..<(range.count * compiled.network.architecture.classes)]
    }
    return logits
  }

  /// With only a layer's weights quantized, while `activations` still hold the layer's input.
  func ofWeights(layer: Int, original: Tensor, quantized: Tensor) throws -> Double {
    precondition(activations.layer == layer - 1)
    try compiled.loadWeight(quantized, layer: layer)
    let error = try qmse { range in
      try activations.supply(range)
      if layer == 0 {
        try compiled.infer(count: range.count)
      } else {
        try compiled.infer(resumingAfter: layer - 1, count: range.count)
      }
    }
    try compiled.loadWeight(original, layer: layer)
    return error
  }

  /// With only a layer's output quantized, once `activations` hold it.
  func ofActivations(layer: Int, quantizer: AffineQuantizer) throws -> Double {
    precondition(activations.layer == layer)
    let perImage = compiled.network.layers[layer].outputCount
    return try qmse { range in
      let start = range.lowerBound * perImage
      let count = range.count * perImage
      quantizer.round(
        UnsafeBufferPointer(rebasing: activations.values[start..<start + count]), into: scratch.base)
      try compiled.writeActivation(
        layer: layer, count: range.count, from: UnsafeBufferPointer(start: scratch.base, count: count))
      try compiled.infer(resumingAfter: layer, count: range.count)
    }
  }

  private func qmse(_ infer: (Range<Int>) throws -> Void) rethrows -> Double {
    let found = try Self.logits(compiled, batches, infer)
    return logits.withUnsafeBufferPointer { logits in
      found.withUnsafeBufferPointer {
        OutputErrors.qmse(fp32: logits, quantized: $0, classes: compiled.network.architecture.classes)
      }
    }
  }
}
