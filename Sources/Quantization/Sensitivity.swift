import Networks
import Tensors
import Training

/// What each quantizer contributes alone (D7): QMSE of the softmax output over the first calibration images with
/// only one tensor quantized and everything else in fp32.
final class Sensitivity {
  private let compiled: CompiledNetwork
  private let activations: LayerActivations
  private let batches: [Range<Int>]
  /// fp32 logits of each batch.
  private var logits: [[Float]] = []
  private let scratch: AlignedBuffer<Float>

  /// nil for no images.
  init?(_ compiled: CompiledNetwork, _ activations: LayerActivations, images: Int) throws {
    guard images > 0 else { return nil }
    self.compiled = compiled
    self.activations = activations
    let batch = min(compiled.batch, images)
    batches = stride(from: 0, to: images, by: batch).map { $0..<min($0 + batch, images) }
    scratch = AlignedBuffer(count: batch * compiled.network.layers.map(\.outputCount).max()!)
    for range in batches {
      try activations.supply(range)
      try compiled.infer(count: range.count)
      logits.append(currentLogits(range))
    }
  }

  private func currentLogits(_ range: Range<Int>) -> [Float] {
    [Float](compiled.logits[..<(range.count * compiled.network.architecture.classes)])
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
      let values = activations.values
      for i in 0..<count { scratch.base[i] = quantizer.rounded(values[start + i]) }
      try compiled.writeActivation(
        layer: layer, count: range.count, from: UnsafeBufferPointer(start: scratch.base, count: count))
      try compiled.infer(resumingAfter: layer, count: range.count)
    }
  }

  private func qmse(_ infer: (Range<Int>) throws -> Void) throws -> Double {
    let classes = compiled.network.architecture.classes
    var sum = 0.0
    for (range, reference) in zip(batches, logits) {
      try infer(range)
      let found = currentLogits(range)
      let error = reference.withUnsafeBufferPointer { reference in
        found.withUnsafeBufferPointer { OutputErrors.qmse(fp32: reference, quantized: $0, classes: classes) }
      }
      sum += error * Double(range.count)
    }
    return sum / Double(batches.last!.upperBound)
  }
}
