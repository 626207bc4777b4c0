public import Networks
import OneDNN
import Tensors

/// A network in integers from the image's levels to the logits' (SPEC E3): levels by levels, accumulators of 32
/// bits (64 above 8 bits), requantization, ReLU by clipping at the level of real zero.
///
/// Used from one thread at a time. All ways of computing (`IntegerArithmetic`) give the same levels.
public final class IntegerNetwork {
  public let network: Network
  public let calibration: Calibration
  public let arithmetic: IntegerArithmetic
  private let threads: Int
  private let engine: Engine
  /// Of activations of at most 8 bits, or of more.
  private var byteLayers: [IntegerLayer<UInt8>] = []
  private var wideLayers: [IntegerLayer<UInt16>] = []
  /// A wave's levels before and after some layers, and those between.
  private let waves: (LevelBuffer, LevelBuffer)
  private let scratch: LevelBuffer

  /// Images that go through the network together; some at a time through each layer.
  private static let wave = DenseBatch.images
  /// What a layer works on at a time stays in the processor's second cache.
  private static let cachedBytes = 1 << 19

  /// - Parameters:
  ///   - folded: one per layer of the network, BatchNorm folded in.
  ///   - options: bits of the activations are the calibration's.
  /// - Throws: `OneDNNError` if oneDNN fails.
  public init(
    _ network: Network, folded: [FoldedLayer], calibration: Calibration, options: QuantizationOptions,
    arithmetic: IntegerArithmetic = .automatic, threads: Int = 1
  ) throws {
    precondition(calibration.outputs.count == network.layers.count && folded.count == network.layers.count)
    self.network = network
    self.arithmetic = arithmetic
    self.threads = threads
    self.calibration = calibration
    Engine.setThreads(threads)
    engine = try Engine()
    waves = (
      LevelBuffer(of: network, images: Self.wave, bits: options.activationBits),
      LevelBuffer(of: network, images: Self.wave, bits: options.activationBits)
    )
    scratch = LevelBuffer(of: network, images: Self.wave, bits: options.activationBits)
    if scratch.isWide {
      wideLayers = try layers(folded, options)
    } else {
      byteLayers = try layers(folded, options)
    }
  }

  /// What computes a layer.
  public func implementation(ofLayer layer: Int) -> String {
    scratch.isWide
      ? wideLayers[layer].convolution.implementation : byteLayers[layer].convolution.implementation
  }

  private func layers<Level>(
    _ folded: [FoldedLayer], _ options: QuantizationOptions
  ) throws -> [IntegerLayer<Level>] {
    try network.layers.enumerated().map { i, layer in
      let before = i > 0 && layer.isDense && !network.layers[i - 1].isDense ? network.layers[i - 1] : nil
      return try IntegerLayer(
        layer, flattening: before, folded: folded[i], input: calibration.input(ofLayer: i),
        output: calibration.outputs[i], options: options, arithmetic: arithmetic,
        images: Self.images(of: layer), threads: threads, engine: engine)
    }
  }

  /// Images that go through a layer at a time, a power of two.
  private static func images(of layer: Layer) -> Int {
    if layer.isDense { return DenseBatch.images }
    let bytes = layer.inputCount + 5 * layer.outputCount
    var images = 1
    while 2 * images <= wave, 2 * images * bytes <= cachedBytes { images *= 2 }
    return images
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
    Engine.setThreads(threads)
    for start in stride(from: 0, to: count, by: Self.wave) {
      let now = min(Self.wave, count - start)
      let wave = UnsafeBufferPointer(rebasing: images[(start * network.inputCount)...])
      quantize(images: wave, count: now, into: waves.0)
      let levels = scratch.isWide ? try runAll(wideLayers, count: now) : try runAll(byteLayers, count: now)
      let output = calibration.outputs.last!
      for i in 0..<now * classes { logits[start * classes + i] = output.value(of: levels[i]) }
    }
  }

  /// Runs a wave through all layers, those that take as many images at a time one after another.
  ///
  /// - Returns: the one of the two buffers that holds the last layer's output.
  private func runAll<Level>(_ layers: [IntegerLayer<Level>], count: Int) throws -> LevelBuffer {
    var (input, output) = waves
    let between = scratch.pointer(as: Level.self)
    var first = 0
    while first < layers.count {
      let images = layers[first].images
      let last = (layers[first...].firstIndex { $0.images != images } ?? layers.count) - 1
      for start in stride(from: 0, to: count, by: images) {
        let now = min(images, count - start)
        var source = input.pointer(as: Level.self) + start * network.layers[first].inputCount
        let end = output.pointer(as: Level.self) + start * network.layers[last].outputCount
        for layer in first...last {
          let destination = layer == last ? end : between
          try layers[layer].run(source, images: now, into: destination)
          source = destination
        }
      }
      (input, output) = (output, input)
      first = last + 1
    }
    return input
  }

  /// Levels of the input, count × H × W × C, from real pixels count × C × H × W.
  public func quantize(images: UnsafeBufferPointer<Float>, count: Int, into levels: LevelBuffer) {
    let a = network.architecture
    let (channels, pixels) = (a.inputChannels, a.inputSize * a.inputSize)
    precondition(images.count >= count * channels * pixels)
    for image in 0..<count {
      for c in 0..<channels {
        let plane = UnsafeBufferPointer(rebasing: images[((image * channels + c) * pixels)...].prefix(pixels))
        let first = image * pixels * channels + c
        if levels.isWide {
          calibration.input.quantize(plane, into: levels.pointer(as: UInt16.self) + first, stride: channels)
        } else {
          calibration.input.quantize(plane, into: levels.pointer(as: UInt8.self) + first, stride: channels)
        }
      }
    }
  }

  /// Replaces a layer's input levels by its output levels, both count × H × W × C from the start of `levels`.
  public func run(layer: Int, _ levels: LevelBuffer, count: Int) throws {
    try run(layer: layer, from: levels, into: levels, images: 0..<count)
  }

  /// The output levels of some images from their input levels, image i's at i · H × W × C in both buffers, which may be
  /// one if they are all its images from the first on.
  func run(layer: Int, from source: LevelBuffer, into output: LevelBuffer, images: Range<Int>) throws {
    Engine.setThreads(threads)
    if source.isWide {
      try run(layer, wideLayers[layer], source, output, images)
    } else {
      try run(layer, byteLayers[layer], source, output, images)
    }
  }

  private func run<Level>(
    _ index: Int, _ layer: IntegerLayer<Level>, _ source: LevelBuffer, _ output: LevelBuffer,
    _ images: Range<Int>
  ) throws {
    let inputCount = network.layers[index].inputCount
    let outputCount = network.layers[index].outputCount
    let starts = stride(from: images.lowerBound, to: images.upperBound, by: layer.images)
    // In one buffer, what grows is done from the end, so that no output overwrites an input still to come.
    for start in outputCount > inputCount ? Array(starts.reversed()) : Array(starts) {
      try layer.run(
        source.pointer(as: Level.self) + start * inputCount,
        images: min(layer.images, images.upperBound - start),
        into: output.pointer(as: Level.self) + start * outputCount)
    }
  }

  /// A layer's real output count × C/b × H × W × b (count × C of a dense layer) from its levels.
  ///
  /// - Parameters:
  ///   - firstImage: where in `levels` they begin.
  ///   - channelBlock: b, which divides C: 1 for channel after channel.
  public func dequantize(
    layer: Int, _ levels: LevelBuffer, from firstImage: Int = 0, count: Int, channelBlock: Int = 1,
    into values: UnsafeMutableBufferPointer<Float>
  ) {
    let shape = network.layers[layer]
    precondition(values.count >= count * shape.outputCount)
    let dequantizer = BlockDequantizer(
      calibration.outputs[layer], channels: shape.outChannels, block: channelBlock,
      pixels: shape.outputSize * shape.outputSize)
    for image in 0..<count {
      let first = (firstImage + image) * shape.outputCount
      let destination = values.baseAddress! + image * shape.outputCount
      if levels.isWide {
        dequantizer.dequantize(levels.pointer(as: UInt16.self) + first, into: destination)
      } else {
        dequantizer.dequantize(levels.pointer(as: UInt8.self) + first, into: destination)
      }
    }
  }
}

extension Network {
  /// Values of one image.
  var inputCount: Int { architecture.inputChannels * architecture.inputSize * architecture.inputSize }

  /// The most values any layer puts out for one image, or takes in.
  var largestActivation: Int { layers.map { max($0.outputCount, $0.inputCount) }.reduce(inputCount, max) }
}
