import Glibc
import LayerAnalysis
import Networks
import Tensors
import Training

/// The fp32 activations of one layer for all calibration images; `advance` replaces them by the next layer's.
final class LayerActivations {
  private let compiled: CompiledNetwork
  private let images: UnsafeBufferPointer<Float>
  private let buffer: AlignedBuffer<Float>
  /// The integer network's values for one piece.
  private let approximation: AlignedBuffer<Float>
  let count: Int
  /// The layer whose output is held; −1: none yet.
  private(set) var layer = -1
  /// Where in the buffer it begins.
  private var start = 0

  /// About how many values are looked at together: they stay in the processor's cache.
  private static let piece = 1 << 14

  init(_ compiled: CompiledNetwork, images: UnsafeBufferPointer<Float>, count: Int) {
    self.compiled = compiled
    self.images = images
    self.count = count
    let largest = compiled.network.layers.map(\.outputCount).max()!
    buffer = AlignedBuffer(count: count * largest)
    approximation = AlignedBuffer(count: max(Self.piece, largest))
  }

  private func outputCount(_ layer: Int) -> Int {
    layer < 0 ? compiled.network.inputCount : compiled.network.layers[layer].outputCount
  }

  /// N × C × H × W.
  var values: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: buffer.base + start, count: count * outputCount(layer))
  }

  /// Of the next layer's output.
  var nextLayout: ChannelLayout {
    let shape = compiled.network.layers[layer + 1]
    return ChannelLayout(
      outer: count, channels: shape.outChannels, inner: shape.outputSize * shape.outputSize)
  }

  /// Runs the next layer on everything held.
  ///
  /// - Parameter survey: looks at what comes out, batch by batch.
  func advance(_ survey: ChannelSurvey) throws {
    let outputs = outputCount(layer + 1)
    let growth = outputs - outputCount(layer)
    if layer >= 0, growth > 0 {
      // Moved to the end, so that no output overwrites an input still to come.
      memmove(buffer.base + count * growth, buffer.base, values.count * MemoryLayout<Float>.stride)
      start = count * growth
    }
    for first in stride(from: 0, to: count, by: compiled.batch) {
      let now = min(compiled.batch, count - first)
      try supply(first..<first + now)
      try compiled.infer(layer: layer + 1, count: now)
      let output = UnsafeMutableBufferPointer(start: buffer.base + first * outputs, count: now * outputs)
      try compiled.readActivation(layer: layer + 1, count: now, into: output)
      survey.add(UnsafeBufferPointer(output))
    }
    layer += 1
    start = 0
  }

  /// Gives some images' activations held to the compiled network, as the input of the layer after.
  func supply(_ range: Range<Int>) throws {
    let inputs = outputCount(layer)
    if layer < 0 {
      let slice = images[(range.lowerBound * inputs)..<(range.upperBound * inputs)]
      compiled.images.baseAddress!.update(
        from: slice.base.baseAddress! + slice.startIndex, count: slice.count)
    } else {
      try compiled.writeActivation(
        layer: layer, count: range.count,
        from: UnsafeBufferPointer(rebasing: values[range.lowerBound * inputs..<range.upperBound * inputs]))
    }
  }

  /// The second look at the values held: their histogram, their rounding error under a quantizer, and how far the
  /// integer network's output of this layer is from them.
  func compare(
    with integer: IntegerNetwork, levels: LevelBuffer, histogram: HistogramCounter,
    quantizedBy grid: QuantizationGrid
  ) -> (rounding: NoiseEnergy, quantization: NoiseEnergy) {
    let outputs = outputCount(layer)
    let images = max(Self.piece / outputs, 1)
    var (rounding, quantization) = (NoiseEnergy(), NoiseEnergy())
    for first in stride(from: 0, to: count, by: images) {
      let now = min(images, count - first)
      let piece = UnsafeBufferPointer(rebasing: values[first * outputs..<(first + now) * outputs])
      let real = UnsafeMutableBufferPointer(start: approximation.base, count: now * outputs)
      integer.dequantize(layer: layer, levels, from: first, count: now, into: real)
      histogram.add(piece)
      rounding.add(piece, quantizedBy: grid)
      quantization.add(piece, approximation: UnsafeBufferPointer(real))
    }
    return (rounding, quantization)
  }
}
