import LayerAnalysis
import Networks
import Tensors
import Training

/// What each quantizer contributes alone (D7): QMSE of the softmax output over some calibration images with only one
/// tensor quantized and everything else in fp32.
struct Sensitivity {
  /// One per layer.
  private(set) var ofWeights: [Double]
  private(set) var ofActivations: [Double]

  /// Images that go through the network at a time, at most; all their activations are in memory.
  private static let batch = 16

  /// - Parameters:
  ///   - network: without BatchNorm; `folded` are its parameters.
  ///   - images: count × C × H × W, row-major.
  ///   - outputs: the quantizers of every layer's output.
  ///   - goesOn: asked for every layer; false abandons it.
  /// - Returns: nil if abandoned.
  init?(
    of network: Network, folded: [FoldedLayer], images: UnsafeBufferPointer<Float>, count: Int,
    outputs: [AffineQuantizer], options: QuantizationOptions, algorithm: ConvolutionAlgorithm, threads: Int,
    goesOn: () -> Bool
  ) throws {
    // Parts as equal as can be: no second plan for a rest.
    let parts = (count + Self.batch - 1) / Self.batch
    let compiled = try CompiledNetwork(
      network, batch: (count + parts - 1) / parts, purpose: .inference, algorithm: algorithm, threads: threads
    )
    try compiled.load(Parameters(folded, of: network))
    ofWeights = network.layers.map { _ in 0 }
    ofActivations = ofWeights
    let quantized = folded.map { layer in
      QuantizedWeights(layer.weight, options: options).dequantized(shape: layer.weight.shape)
    }
    for start in stride(from: 0, to: count, by: compiled.batch) {
      let now = min(compiled.batch, count - start)
      compiled.images.baseAddress!.update(
        from: images.baseAddress! + start * network.inputCount, count: now * network.inputCount)
      try compiled.infer(count: now)
      let logits = compiled.logits(of: now)
      func squaredError() -> Double {
        logits.withUnsafeBufferPointer { logits in
          compiled.logits(of: now).withUnsafeBufferPointer {
            OutputErrors.qmse(fp32: logits, quantized: $0, classes: network.architecture.classes)
              * Double(now)
          }
        }
      }
      // From the last layer to the first: what a changed layer and those after it overwrite is not needed again.
      for layer in network.layers.indices.reversed() {
        guard goesOn() else { return nil }
        try compiled.mapActivation(layer: layer, count: now) {
          outputs[layer].round(UnsafeBufferPointer($0), into: $0.baseAddress!)
        }
        try compiled.infer(resumingAfter: layer, count: now)
        ofActivations[layer] += squaredError() / Double(count)
        try compiled.loadWeight(quantized[layer], layer: layer)
        try compiled.infer(resumingAfter: layer - 1, count: now)
        ofWeights[layer] += squaredError() / Double(count)
        try compiled.loadWeight(folded[layer].weight, layer: layer)
      }
    }
  }
}

extension CompiledNetwork {
  /// Of the first images of the last step.
  fileprivate func logits(of count: Int) -> [Float] {
    Array(logits[..<(count * network.architecture.classes)])
  }
}
