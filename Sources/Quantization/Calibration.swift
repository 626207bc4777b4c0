public import LayerAnalysis

/// The quantizers of everything that flows between layers (E2).
public struct Calibration: Hashable, Sendable {
  /// The image's, over its own range.
  public var input: AffineQuantizer
  /// Every layer's output after ReLU, and the logits' last; one per layer.
  public var outputs: [AffineQuantizer]

  public init(input: AffineQuantizer, outputs: [AffineQuantizer]) {
    self.input = input
    self.outputs = outputs
  }

  /// - Parameters:
  ///   - images: the calibration sample's, whose own range is taken.
  ///   - outputs: ranges of every layer's output, clipped.
  public init(images: UnsafeBufferPointer<Float>, outputs: [Bounds], bits: Int) {
    self.init(
      input: AffineQuantizer(Moments.ofAll(images).bounds, bits: bits),
      outputs: outputs.map { AffineQuantizer($0, bits: bits) })
  }

  /// The quantizer of a layer's input.
  public func input(ofLayer layer: Int) -> AffineQuantizer { layer == 0 ? input : outputs[layer - 1] }
}
