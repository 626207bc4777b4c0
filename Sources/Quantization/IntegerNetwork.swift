public import Networks
import OneDNN
import Tensors

/// A network in integers from the image's levels to the logits' (SPEC E3): levels by levels, accumulators of 32
/// bits (64 above 8 bits), requantization, ReLU by clipping at the level of real zero.
///
/// Used from one thread at a time. All ways of computing (`IntegerArithmetic`) give the same levels.
public final class IntegerNetwork {
  public let network: Network
  public private(set) var calibration: Calibration
  public let arithmetic: IntegerArithmetic
  private let folded: [FoldedLayer]
  private let options: QuantizationOptions
  private let threads: Int
  private let engine: Engine
  private var layers: [IntegerLayer] = []
  private let levels: AlignedBuffer<UInt16>

  /// Images that go through a layer at a time: their accumulators stay in the cache.
  private static let slice = 8

  /// - Parameters:
  ///   - folded: one per layer of the network, BatchNorm folded in.
  ///   - options: bits of the activations are the calibration's.
  /// - Throws: `OneDNNError` if oneDNN fails.
  public convenience init(
    _ network: Network, folded: [FoldedLayer], calibration: Calibration, options: QuantizationOptions,
    arithmetic: IntegerArithmetic = .automatic, threads: Int = 1
  ) throws {
    precondition(calibration.outputs.count == network.layers.count)
    try self.init(
      network, folded: folded, input: calibration.input, options: options, arithmetic: arithmetic,
      threads: threads)
    for output in calibration.outputs { try append(output: output) }
  }

  /// A network without layers yet: calibration appends them as it learns their ranges.
  init(
    _ network: Network, folded: [FoldedLayer], input: AffineQuantizer, options: QuantizationOptions,
    arithmetic: IntegerArithmetic, threads: Int
  ) throws {
    precondition(folded.count == network.layers.count)
    self.network = network
    self.folded = folded
    self.options = options
    self.arithmetic = arithmetic
    self.threads = threads
    calibration = Calibration(input: input, outputs: [])
    Engine.setThreads(threads)
    engine = try Engine()
    levels = AlignedBuffer(count: Self.slice * network.largestActivation)
  }

  /// Makes the next layer, given the quantizer of its output.
  func append(output: AffineQuantizer) throws {
    let i = layers.count
    let layer = network.layers[i]
    let before = i > 0 && layer.isDense && !network.layers[i - 1].isDense ? network.layers[i - 1] : nil
    layers.append(
      try IntegerLayer(
        layer, flattening: before, folded: folded[i], input: calibration.input(ofLayer: i), output: output,
        options: options, arithmetic: arithmetic, images: Self.slice, engine: engine))
    calibration.outputs.append(output)
  }

  /// Runs images through the network.
  ///
  /// - Parameters:
  ///   - images: count × C × H × W real pixels, row-major.
  ///   - logits: dequantized, count × classes.
  public func infer(
    images: UnsafeBufferPointer<Float>, count: Int, logits: UnsafeMutableBufferPointer<Float>
  ) throws {
    let classes = network.architecture.classes
    precondition(images.count >= count * network.inputCount && logits.count >= count * classes)
    for start in stride(from: 0, to: count, by: Self.slice) {
      let now = min(Self.slice, count - start)
      let slice = UnsafeBufferPointer(rebasing: images[(start * network.inputCount)...])
      quantize(images: slice, count: now, into: levels.base)
      for layer in layers.indices { try run(layer: layer, levels.base, count: now) }
      let output = calibration.outputs.last!
      for i in 0..<now * classes { logits[start * classes + i] = output.value(of: levels.base[i]) }
    }
  }

  /// Levels of the input, count × H × W × C, from real pixels count × C × H × W.
  public func quantize(
    images: UnsafeBufferPointer<Float>, count: Int, into levels: UnsafeMutablePointer<UInt16>
  ) {
    let a = network.architecture
    let pixels = a.inputSize * a.inputSize
    for image in 0..<count {
      for c in 0..<a.inputChannels {
        for p in 0..<pixels {
          levels[(image * pixels + p) * a.inputChannels + c] =
            calibration.input.level(of: images[(image * a.inputChannels + c) * pixels + p])
        }
      }
    }
  }

  /// Replaces a layer's input levels by its output levels, both count × H × W × C from the start of `levels`.
  ///
  /// - Parameter levels: room for the larger of the two.
  public func run(layer: Int, _ levels: UnsafeMutablePointer<UInt16>, count: Int) throws {
    Engine.setThreads(threads)
    let inputCount = network.layers[layer].levelsIn
    let outputCount = network.layers[layer].outputCount
    let starts = stride(from: 0, to: count, by: Self.slice)
    // What grows is done from the end, so that no output overwrites an input still to come.
    for start in outputCount > inputCount ? Array(starts.reversed()) : Array(starts) {
      try layers[layer].run(
        levels + start * inputCount, images: min(Self.slice, count - start),
        into: levels + start * outputCount)
    }
  }

  /// A layer's real output count × C × H × W (count × C of a dense layer) from its levels.
  public func dequantize(
    layer: Int, _ levels: UnsafePointer<UInt16>, count: Int, into values: UnsafeMutableBufferPointer<Float>
  ) {
    let shape = network.layers[layer]
    let pixels = shape.outputSize * shape.outputSize
    precondition(values.count >= count * shape.outputCount)
    let quantizer = calibration.outputs[layer]
    let (scale, zero, channels) = (quantizer.scale, quantizer.zeroPoint, shape.outChannels)
    let v = values.baseAddress!
    // Some pixels at a time, whose levels stay in the cache while the channels are gone through.
    let block = 32
    for image in 0..<count {
      for first in stride(from: 0, to: pixels, by: block) {
        let some = min(block, pixels - first)
        for c in 0..<channels {
          let source = levels + image * shape.outputCount + first * channels + c
          let destination = v + image * shape.outputCount + c * pixels + first
          for p in 0..<some { destination[p] = scale * Float(Int32(source[p &* channels]) &- zero) }
        }
      }
    }
  }
}

extension Network {
  /// Values of one image.
  var inputCount: Int { architecture.inputChannels * architecture.inputSize * architecture.inputSize }

  /// The most values any layer puts out for one image, or takes in.
  var largestActivation: Int { layers.map(\.outputCount).reduce(inputCount, max) }
}

extension Layer {
  /// Values of one image that the layer takes in, before its max-pool.
  var levelsIn: Int { inChannels * inputSize * inputSize * (poolsInput ? 4 : 1) }
}
