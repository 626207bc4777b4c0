import OneDNN
import Tensors

/// BatchNorm and ReLU of one layer, on activations in blocks of channels.
///
/// Why not oneDNN's: it adds up a channel's 10⁵ values in one float, which leaves a batch mean wrong in the fifth
/// digit. Here an image's sums are floats, and those of the batch doubles; and it works on a few images at a time,
/// while they are in the cache.
final class BatchNormalization {
  /// Pointers to the C values (padded to whole blocks) of one layer.
  struct Parameters {
    let mean: UnsafeMutablePointer<Float>
    let variance: UnsafeMutablePointer<Float>
    let scale: UnsafePointer<Float>
    let shift: UnsafePointer<Float>
    /// Nil in an inference network.
    let scaleGradient: UnsafeMutablePointer<Float>?
    let shiftGradient: UnsafeMutablePointer<Float>?
  }

  private let shape: ChannelBlocks
  private let epsilon: Double
  private let relu: Bool
  private let threads: Int
  /// For each image and channel: images × C of a first kind, then of a second.
  private let partials: AlignedBuffer<Float>
  private let mean: AlignedBuffer<Float>
  /// y = slope·x + offset, channel by channel.
  private let slope: AlignedBuffer<Float>
  private let offset: AlignedBuffer<Float>
  /// Gradient of x = outer·(gradient of y) + inner·x + constant.
  private let outer: AlignedBuffer<Float>
  private let inner: AlignedBuffer<Float>
  private let constant: AlignedBuffer<Float>

  init(shape: ChannelBlocks, epsilon: Double, relu: Bool, threads: Int) {
    self.shape = shape
    self.epsilon = epsilon
    self.relu = relu
    self.threads = threads
    partials = AlignedBuffer(count: 2 * shape.images * shape.channels)
    mean = AlignedBuffer(count: shape.channels)
    slope = AlignedBuffer(count: shape.channels)
    offset = AlignedBuffer(count: shape.channels)
    outer = AlignedBuffer(count: shape.channels)
    inner = AlignedBuffer(count: shape.channels)
    constant = AlignedBuffer(count: shape.channels)
  }

  // All images of a step come in slices, in any order: their sums in a first pass, then what follows from all of them
  // (`finish…`), then a second pass. Pointers are to the slice's first image.

  /// Sums up a slice for `finishMeasuring`.
  func measure(_ x: UnsafeMutablePointer<Float>, images: Range<Int>) {
    forEachLanes(of: images.count) { place in
      let moments = shape.lanes(x, place).moments()
      setPartials(images.lowerBound + place.image, place.channel, moments.mean, moments.squares)
    }
  }

  /// Writes each channel's mean and biased variance over the batch (SPEC C3) into `parameters`.
  func finishMeasuring(_ parameters: Parameters) {
    let (images, pixels) = (Double(shape.images), Double(shape.pixels))
    for channel in 0..<shape.channels {
      let average = sum(channel) { mean, _ in mean } / images
      let squares = sum(channel) { mean, squares in
        squares + pixels * (mean - average) * (mean - average)
      }
      parameters.mean[channel] = Float(average)
      parameters.variance[channel] = Float(squares / (images * pixels))
    }
  }

  /// Takes the parameters that `normalize` and the backward passes then use.
  func take(_ parameters: Parameters) {
    for channel in 0..<shape.channels {
      let factor =
        Double(parameters.scale[channel]) / (Double(parameters.variance[channel]) + epsilon).squareRoot()
      mean.base[channel] = parameters.mean[channel]
      slope.base[channel] = Float(factor)
      offset.base[channel] = Float(
        Double(parameters.shift[channel]) - factor * Double(parameters.mean[channel]))
    }
  }

  /// y = ReLU(scale·(x − mean)/√(variance + ε) + shift), the ReLU if the layer has one. y may be x.
  func normalize(_ x: UnsafeMutablePointer<Float>, into y: UnsafeMutablePointer<Float>, images: Int) {
    forEachLanes(of: images) { place in
      affine(place.channel)(shape.lanes(x, place), into: shape.lanes(y, place))
    }
  }

  /// Sums up a slice for `finishGradientSums`.
  ///
  /// - Parameter gradient: of y.
  func addGradients(
    _ x: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>, images: Range<Int>
  ) {
    forEachLanes(of: images.count) { place in
      let sums = affine(place.channel).gradientSums(
        shape.lanes(x, place), shape.lanes(gradient, place), mean: lanes(mean, place.channel))
      setPartials(images.lowerBound + place.image, place.channel, sums.total, sums.product)
    }
  }

  /// Writes the gradients of scale and shift.
  func finishGradientSums(_ parameters: Parameters) {
    let count = Double(shape.images) * Double(shape.pixels)
    for channel in 0..<shape.channels {
      let total = sum(channel) { total, _ in total }
      let product = sum(channel) { _, product in product }
      let inverse = 1 / (Double(parameters.variance[channel]) + epsilon).squareRoot()
      let factor = Double(parameters.scale[channel]) * inverse
      let slope = -factor * inverse * inverse * product / count
      parameters.shiftGradient![channel] = Float(total)
      parameters.scaleGradient![channel] = Float(product * inverse)
      outer.base[channel] = Float(factor)
      inner.base[channel] = Float(slope)
      constant.base[channel] = Float(-factor * total / count - slope * Double(parameters.mean[channel]))
    }
  }

  /// Replaces a slice's gradient of y by that of x.
  func applyGradient(_ x: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>, images: Int) {
    forEachLanes(of: images) { place in
      let channel = place.channel
      affine(channel).applyGradient(
        shape.lanes(x, place), shape.lanes(gradient, place), outer: lanes(outer, channel),
        inner: lanes(inner, channel), constant: lanes(constant, channel))
    }
  }

  private func affine(_ channel: Int) -> LanesAffine {
    LanesAffine(slope: lanes(slope, channel), offset: lanes(offset, channel), relu: relu)
  }

  private func forEachLanes(of images: Int, _ body: (ChannelBlocks.Place) -> Void) {
    parallel(images, threads: threads) { images in
      for image in images {
        for channel in stride(from: 0, to: shape.channels, by: Lanes.scalarCount) {
          body(ChannelBlocks.Place(image: image, channel: channel))
        }
      }
    }
  }

  private func setPartials(_ image: Int, _ channel: Int, _ first: Lanes, _ second: Lanes) {
    let at = image * shape.channels + channel
    UnsafeMutableRawPointer(partials.base + at).storeBytes(of: first, as: Lanes.self)
    UnsafeMutableRawPointer(partials.base + shape.images * shape.channels + at)
      .storeBytes(of: second, as: Lanes.self)
  }

  /// Sum over the images, in order, of what `value` makes of a channel's partial sums.
  private func sum(_ channel: Int, _ value: (Double, Double) -> Double) -> Double {
    var sum = 0.0
    for at in stride(from: channel, to: shape.images * shape.channels, by: shape.channels) {
      sum += value(Double(partials.base[at]), Double(partials.base[shape.images * shape.channels + at]))
    }
    return sum
  }
}

private func lanes(_ values: AlignedBuffer<Float>, _ channel: Int) -> Lanes {
  UnsafeRawPointer(values.base + channel).load(as: Lanes.self)
}
