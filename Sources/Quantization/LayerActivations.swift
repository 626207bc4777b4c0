import LayerAnalysis
import Networks
import Tensors
import Training

/// The fp32 activations of one layer for all calibration images; `advance` replaces them by the next layer's.
final class LayerActivations {
  private let compiled: CompiledNetwork
  private let images: UnsafeBufferPointer<Float>
  private let batch: Int
  private let buffer: AlignedBuffer<Float>
  private let approximation: AlignedBuffer<Float>
  let count: Int
  /// The layer whose output is held; −1: none yet.
  private(set) var layer = -1

  init(_ compiled: CompiledNetwork, images: UnsafeBufferPointer<Float>, count: Int, batch: Int) {
    self.compiled = compiled
    self.images = images
    self.count = count
    self.batch = batch
    let largest = compiled.network.layers.map(\.outputCount).max()!
    buffer = AlignedBuffer(count: count * largest)
    approximation = AlignedBuffer(count: min(batch, count) * largest)
  }

  private func outputCount(_ layer: Int) -> Int {
    layer < 0 ? compiled.network.inputCount : compiled.network.layers[layer].outputCount
  }

  /// N × C × H × W.
  var values: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: buffer.base, count: count * outputCount(layer))
  }

  var layout: ChannelLayout {
    let shape = compiled.network.layers[layer]
    return ChannelLayout(
      outer: count, channels: shape.outChannels, inner: shape.outputSize * shape.outputSize)
  }

  /// Runs the next layer on everything held.
  func advance() throws {
    let starts = stride(from: 0, to: count, by: batch)
    let outputs = outputCount(layer + 1)
    // What grows is done from the end, so that no output overwrites an input still to come.
    let grows = outputs > outputCount(layer)
    for start in layer >= 0 && grows ? Array(starts.reversed()) : Array(starts) {
      let now = min(batch, count - start)
      try supply(start..<start + now)
      try compiled.infer(layer: layer + 1, count: now)
      try compiled.readActivation(
        layer: layer + 1, count: now,
        into: UnsafeMutableBufferPointer(start: buffer.base + start * outputs, count: now * outputs))
    }
    layer += 1
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
        from: UnsafeBufferPointer(start: buffer.base + range.lowerBound * inputs, count: range.count * inputs)
      )
    }
  }

  /// How far the integer network's output of this layer is from the activations held.
  func noise(of integer: IntegerNetwork, levels: UnsafePointer<UInt16>) -> NoiseEnergy {
    let outputs = outputCount(layer)
    var energy = NoiseEnergy()
    for start in stride(from: 0, to: count, by: batch) {
      let now = min(batch, count - start)
      let real = UnsafeMutableBufferPointer(start: approximation.base, count: now * outputs)
      integer.dequantize(layer: layer, levels + start * outputs, count: now, into: real)
      energy.add(
        UnsafeBufferPointer(start: buffer.base + start * outputs, count: now * outputs),
        approximation: UnsafeBufferPointer(real))
    }
    return energy
  }
}
