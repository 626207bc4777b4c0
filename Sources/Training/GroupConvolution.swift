import Networks
import OneDNN

/// One pass of a 3 × 3 convolution, stride 1, in groups of four or eight channels, as many out as in.
///
/// Why not oneDNN's: it needs groups merged into blocks of 16 channels (`GroupMerging`), and then multiplies three
/// zeros, or one, for every weight there is. Here a vector holds two groups of four channels or one of eight.
final class GroupConvolution: LayerPass {
  let name: String
  let implementation = "strata"
  private let pass: ConvolutionPass
  private let layer: Layer
  private let images: Int
  private let threads: Int
  private let blocks: ChannelBlocks
  private let format: Layout.Format
  private let groupSize: Int
  private let size: Int

  /// Whether there is code for the layer's shape.
  static func serves(_ layer: Layer) -> Bool {
    let groupSize = layer.inChannels / layer.groups
    return !layer.isDense && layer.kernel == 3 && layer.stride == 1 && layer.padBefore == 1
      && layer.padAfter == 1 && layer.inChannels == layer.outChannels && layer.inChannels % 16 == 0
      && (groupSize == Quads.size || groupSize == Octets.size) && layer.inputSize % 8 == 0
  }

  /// - Parameters:
  ///   - images: of a slice.
  ///   - format: of activations.
  init(_ pass: ConvolutionPass, of layer: Layer, images: Int, format: Layout.Format, threads: Int) {
    precondition(Self.serves(layer))
    self.format = format
    name = "\(layer.name) \(pass.rawValue)"
    self.pass = pass
    self.layer = layer
    self.images = images
    self.threads = threads
    groupSize = layer.inChannels / layer.groups
    size = layer.inputSize
    blocks = ChannelBlocks(
      images: images, extents: [layer.inChannels, size, size], format: format)!
  }

  func layout(_ argument: Argument) throws(OneDNNError) -> Layout {
    switch argument {
    case .weights, .weightsGradient:
      try Layout(layer.geometry(images: images, groups: layer.groups).weights)
    case .bias, .biasGradient: try Layout([layer.outChannels])
    case .scratchpad: try Layout([scratchLanes * Lanes.scalarCount])
    default: try Layout([images, layer.inChannels, size, size], .float32, format)
    }
  }

  func step(_ arguments: [(Argument, Memory)]) -> any PlanStep {
    let memories = Dictionary(uniqueKeysWithValues: arguments)
    func floats(_ argument: Argument) -> UnsafeMutablePointer<Float> { memories[argument]!.floats }
    return Computation(name) { [self] in
      let scratch = lanes(floats(.scratchpad))
      switch pass {
      case .forward:
        correlate(
          floats(.source), floats(.weights), bias: memories[.bias]?.floats, into: floats(.destination),
          scratch)
      case .backwardData:
        correlate(
          floats(.destinationGradient), floats(.weights), bias: nil, into: floats(.sourceGradient), scratch)
      case .backwardWeights:
        sumGradients(
          floats(.source), floats(.destinationGradient), into: floats(.weightsGradient),
          bias: memories[.biasGradient]?.floats, scratch)
      }
    }
  }

  // MARK: what the passes compute

  private var vectors: Int { layer.inChannels / Lanes.scalarCount }
  /// Vectors of weights that belong to one vector of channels.
  private var kernelLanes: Int { 9 * groupSize }
  private var paddedPixels: Int { (size + 2) * (size + 2) }
  private var gradientPixels: Int { size * (size + 4) }
  /// Vectors a thread needs for itself.
  private var shareLanes: Int {
    pass == .backwardWeights ? paddedPixels + gradientPixels + kernelLanes : paddedPixels
  }
  private var scratchLanes: Int {
    threads * shareLanes + (pass == .backwardWeights ? 0 : vectors * kernelLanes)
  }

  private func correlate(
    _ x: UnsafeMutablePointer<Float>, _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Lanes>
  ) {
    let packed = scratch + threads * shareLanes
    pack(weights, into: UnsafeMutableRawPointer(packed).assumingMemoryBound(to: Float.self))
    let relu = pass == .forward && layer.relu && !layer.batchNorm
    forEachShare(of: images * vectors, scratch) { planes, padded in
      for plane in planes {
        let vector = plane % vectors
        let place = ChannelBlocks.Place(image: plane / vectors, channel: vector * Lanes.scalarCount)
        copy(blocks.lanes(x, place), into: padded + size + 3, rowLength: size + 2)
        let offset = Lanes(bias: bias, channel: place.channel)
        let (kernels, output) = (packed + vector * kernelLanes, blocks.lanes(y, place))
        if groupSize == Quads.size {
          correlateImage(Quads.self, padded, kernels, bias: offset, relu: relu, into: output, size: size)
        } else {
          correlateImage(Octets.self, padded, kernels, bias: offset, relu: relu, into: output, size: size)
        }
      }
    }
  }

  /// The slice's gradients; a vector's are summed by one thread over all images, in order.
  private func sumGradients(
    _ x: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    into weights: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?,
    _ scratch: UnsafeMutablePointer<Lanes>
  ) {
    forEachShare(of: vectors, scratch) { vectors, padded in
      let rows = padded + paddedPixels
      let kernels = rows + gradientPixels
      for vector in vectors {
        kernels.update(repeating: .zero, count: kernelLanes)
        var total = Lanes.zero
        for image in 0..<images {
          let place = ChannelBlocks.Place(image: image, channel: vector * Lanes.scalarCount)
          let g = blocks.lanes(gradient, place)
          copy(blocks.lanes(x, place), into: padded + size + 3, rowLength: size + 2)
          copy(g, into: rows + 2, rowLength: size + 4)
          if groupSize == Quads.size {
            addWeightsGradient(Quads.self, padded, rows, to: kernels, size: size)
          } else {
            addWeightsGradient(Octets.self, padded, rows, to: kernels, size: size)
          }
          if bias != nil { total += g.sum { $0 } }
        }
        unpack(kernels, vector, into: weights)
        if let bias {
          UnsafeMutableRawPointer(bias + vector * Lanes.scalarCount).storeBytes(of: total, as: Lanes.self)
        }
      }
    }
  }

  /// Calls `body` on every thread with its share of the work and its vectors of `scratch`, all zero.
  private func forEachShare(
    of count: Int, _ scratch: UnsafeMutablePointer<Lanes>,
    _ body: (_ work: Range<Int>, _ own: UnsafeMutablePointer<Lanes>) -> Void
  ) {
    parallel(count, threads: threads) { work, share in
      let own = scratch + share * shareLanes
      own.update(repeating: .zero, count: shareLanes)
      body(work, own)
    }
  }

  private func copy(_ source: PixelLanes, into destination: UnsafeMutablePointer<Lanes>, rowLength: Int) {
    for row in 0..<size {
      for column in 0..<size { destination[row &* rowLength &+ column] = source[row &* size &+ column] }
    }
  }

  // MARK: weights, O × I/G × 3 × 3, as vectors of channels: vector × tap × channel of the group

  /// For `correlate`: in the backward pass each lane is an input channel, and kernels are mirrored.
  private func pack(_ weights: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Float>) {
    forEachWeight(of: 0..<layer.outChannels) { weight, output, input, tap in
      let (channel, tap, index) =
        pass == .forward
        ? (output, tap, input) : (output / groupSize * groupSize + input, 8 - tap, output % groupSize)
      let vector = channel / Lanes.scalarCount * kernelLanes + tap * groupSize + index
      packed[vector * Lanes.scalarCount + channel % Lanes.scalarCount] = weights[weight]
    }
  }

  private func unpack(
    _ kernels: UnsafePointer<Lanes>, _ vector: Int, into weights: UnsafeMutablePointer<Float>
  ) {
    let first = vector * Lanes.scalarCount
    forEachWeight(of: first..<first + Lanes.scalarCount) { weight, output, input, tap in
      weights[weight] = kernels[tap * groupSize + input][output - first]
    }
  }

  private func forEachWeight(
    of outputs: Range<Int>, _ body: (_ weight: Int, _ output: Int, _ input: Int, _ tap: Int) -> Void
  ) {
    for output in outputs {
      for input in 0..<groupSize {
        for tap in 0..<9 { body((output * groupSize + input) * 9 + tap, output, input, tap) }
      }
    }
  }
}
