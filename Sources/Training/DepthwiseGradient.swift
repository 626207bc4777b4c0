import Networks
import OneDNN

/// The gradient of a 3 × 3 depthwise convolution's input, stride 1 or 2.
///
/// Why not oneDNN's: for AVX2 it is at a fifth to a half of the memory's speed.
final class DepthwiseGradient: LayerPass {
  static let implementation = "strata:depthwise"

  let name: String
  var implementation: String { Self.implementation }
  private let layer: Layer
  private let images: Int
  private let threads: Int
  private let format: Layout.Format
  private let gradient: ChannelBlocks
  private let result: ChannelBlocks

  /// Whether there is code for the layer's shape.
  static func serves(_ layer: Layer) -> Bool {
    !layer.isDense && layer.kernel == 3 && layer.stride <= 2 && layer.groups == layer.inChannels
      && layer.groups == layer.outChannels && layer.groups % Lanes.scalarCount == 0
      && max(layer.padBefore, layer.padAfter) < layer.kernel
  }

  /// - Parameters:
  ///   - images: of a slice.
  ///   - format: of activations.
  init(of layer: Layer, images: Int, format: Layout.Format, threads: Int) {
    precondition(Self.serves(layer))
    name = "\(layer.name) backward-data"
    (self.layer, self.images, self.format, self.threads) = (layer, images, format, threads)
    func blocks(_ size: Int) -> ChannelBlocks {
      ChannelBlocks(images: images, extents: [layer.inChannels, size, size], format: format)!
    }
    (gradient, result) = (blocks(layer.outputSize), blocks(layer.inputSize))
  }

  func layout(_ argument: Argument) throws(OneDNNError) -> Layout {
    let geometry = layer.geometry(images: images, groups: layer.groups)
    return switch argument {
    case .sourceGradient: try Layout(geometry.source, .float32, format)
    case .scratchpad: try Layout([threads * paddedSize * paddedSize * Lanes.scalarCount])
    case .weights: try Layout(geometry.weights)
    default: try Layout(geometry.destination, .float32, format)
    }
  }

  func step(_ arguments: [(Argument, Memory)]) -> any PlanStep {
    let memories = Dictionary(uniqueKeysWithValues: arguments)
    func floats(_ argument: Argument) -> UnsafeMutablePointer<Float> { memories[argument]!.floats }
    return Computation(name, implementation) { [self] in
      compute(
        floats(.destinationGradient), floats(.weights), into: floats(.sourceGradient),
        lanes(floats(.scratchpad)))
    }
  }

  /// Zeros before a padded gradient, and pixels of it: all that any pixel of the result depends on.
  private var zerosBefore: Int { layer.stride == 1 ? 2 - layer.padBefore : 1 }
  private var paddedSize: Int {
    layer.stride == 1 ? layer.inputSize + 2 : (layer.inputSize + layer.padBefore + 1) / 2 + 1
  }

  private func compute(
    _ y: UnsafeMutablePointer<Float>, _ weights: UnsafePointer<Float>, into x: UnsafeMutablePointer<Float>,
    _ scratch: UnsafeMutablePointer<Lanes>
  ) {
    let vectors = layer.inChannels / Lanes.scalarCount
    let paddedPixels = paddedSize * paddedSize
    parallel(images * vectors, threads: threads) { planes, share in
      let padded = scratch + share * paddedPixels
      padded.update(repeating: .zero, count: paddedPixels)
      for plane in planes {
        let place = ChannelBlocks.Place(image: plane / vectors, channel: plane % vectors * Lanes.scalarCount)
        copy(gradient.lanes(y, place), into: padded)
        let kernel = Kernel(weights + place.channel * 9)
        if layer.stride == 1 {
          correlate(padded, kernel, into: result.lanes(x, place))
        } else {
          spread(padded, kernel, into: result.lanes(x, place))
        }
      }
    }
  }

  @inline(__always)
  private func copy(_ source: PixelLanes, into padded: UnsafeMutablePointer<Lanes>) {
    let size = layer.outputSize
    let kept = min(size, paddedSize - zerosBefore)
    for row in 0..<kept {
      let target = padded + ((row &+ zerosBefore) &* paddedSize &+ zerosBefore)
      for column in 0..<kept { target[column] = source[row &* size &+ column] }
    }
  }

  /// Stride 1: with the mirrored kernel.
  @inline(__always)
  private func correlate(_ padded: UnsafePointer<Lanes>, _ kernel: Kernel, into x: PixelLanes) {
    let (size, rowLength) = (layer.inputSize, paddedSize)
    for row in 0..<size {
      let (top, out) = (padded + row &* rowLength, row &* size)
      var column = 0
      while column < size {
        let p = top + column
        x[out &+ column] = kernel.rows(p, p + rowLength, p + 2 &* rowLength)
        column &+= 1
      }
    }
  }

  /// Stride 2: of every four pixels of the padded result one depends on four of the gradient, two on two, one on one.
  @inline(__always)
  private func spread(_ padded: UnsafePointer<Lanes>, _ k: Kernel, into x: PixelLanes) {
    let (size, pad) = (layer.inputSize, layer.padBefore)
    for row in 0..<paddedSize &- 1 {
      let (above, here) = (padded + row &* paddedSize, padded + (row &+ 1) &* paddedSize)
      let (upper, lower) = (2 &* row &- pad, 2 &* row &+ 1 &- pad)
      for column in 0..<paddedSize &- 1 {
        let (a, b) = (here[column &+ 1], here[column])
        let (c, d) = (above[column &+ 1], above[column])
        let (left, right) = (2 &* column &- pad, 2 &* column &+ 1 &- pad)
        func put(_ row: Int, _ column: Int, _ value: Lanes) {
          if row >= 0, row < size, column >= 0, column < size { x[row &* size &+ column] = value }
        }
        put(upper, left, (a * k.w0).addingProduct(b, k.w2).addingProduct(c, k.w6).addingProduct(d, k.w8))
        put(upper, right, (a * k.w1).addingProduct(c, k.w7))
        put(lower, left, (a * k.w3).addingProduct(b, k.w5))
        put(lower, right, a * k.w4)
      }
    }
  }
}

/// Eight channels' weights, row by row.
private struct Kernel {
  let w0, w1, w2, w3, w4, w5, w6, w7, w8: Lanes

  /// - Parameter weights: channel × 3 × 3.
  init(_ weights: UnsafePointer<Float>) {
    func tap(_ tap: Int) -> Lanes {
      var lanes = Lanes.zero
      for lane in 0..<Lanes.scalarCount { lanes[lane] = weights[lane * 9 + tap] }
      return lanes
    }
    (w0, w1, w2) = (tap(0), tap(1), tap(2))
    (w3, w4, w5) = (tap(3), tap(4), tap(5))
    (w6, w7, w8) = (tap(6), tap(7), tap(8))
  }

  /// The sum of products with the mirrored weights, from the first of three pixels in each of three rows.
  @inline(__always)
  func rows(_ a: UnsafePointer<Lanes>, _ b: UnsafePointer<Lanes>, _ c: UnsafePointer<Lanes>) -> Lanes {
    let first = (a[0] * w8).addingProduct(a[1], w7).addingProduct(a[2], w6)
    let second = (b[0] * w5).addingProduct(b[1], w4).addingProduct(b[2], w3)
    let third = (c[0] * w2).addingProduct(c[1], w1).addingProduct(c[2], w0)
    return first + second + third
  }
}
