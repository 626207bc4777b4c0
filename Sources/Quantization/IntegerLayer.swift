import Networks
import OneDNN
import Tensors
import Training

/// One layer in integers (E3): [max-pool,] convolution or matrix product, bias, requantization, ReLU. Levels in,
/// levels out, channels last.
final class IntegerLayer<Level: LevelScalar> {
  /// The most that a call takes.
  let images: Int
  private let layer: Layer
  let convolution: IntegerConvolution<Level>
  private let requantizer: Requantizer
  /// Output of the max-pool, or the images of a dense layer that are fewer than it takes.
  private let staged: AlignedBuffer<Level>

  /// - Parameters:
  ///   - before: the layer whose convolution's output a dense layer flattens; nil for others.
  ///   - images: the most that a call takes; of a dense layer `DenseBatch.images`.
  init(
    _ layer: Layer, flattening before: Layer?, folded: FoldedLayer, input: AffineQuantizer,
    output: AffineQuantizer, options: QuantizationOptions, arithmetic: IntegerArithmetic, images: Int,
    threads: Int, engine: Engine
  ) throws(OneDNNError) {
    self.layer = layer
    self.images = images
    var weights = QuantizedWeights(folded.weight, options: options)
    requantizer = Requantizer(
      input: input, weights: weights, output: output, relu: layer.relu, rounding: options.rounding)
    let bias = quantizedBias(folded.bias, input: input, weights: weights)
    if let before { weights = weights.flatteningChannelsLast(channels: before.outChannels) }
    convolution = try IntegerConvolution(
      IntegerConvolutionProblem(
        name: layer.name, geometry: layer.geometry(images: images), weights: weights, input: input, bias: bias
      ),
      arithmetic: arithmetic, threads: threads, engine: engine)
    staged = AlignedBuffer(
      count: layer.poolsInput || layer.isDense
        ? images * layer.inputSize * layer.inputSize * layer.inChannels : 0)
  }

  /// - Parameters:
  ///   - levels: images × H × W × C.
  ///   - output: images × H' × W' × O; may be the same memory.
  func run(_ levels: UnsafePointer<Level>, images: Int, into output: UnsafeMutablePointer<Level>) throws {
    var source = levels
    if layer.poolsInput {
      maxPool(source, images: images, size: layer.inputSize, channels: layer.inChannels, into: staged.base)
      source = UnsafePointer(staged.base)
    } else if layer.isDense, images < self.images {
      staged.base.update(from: source, count: images * layer.inChannels)
      source = UnsafePointer(staged.base)
    }
    try convolution.accumulate(source, images: layer.isDense ? 1 : images) { sums, pixels in
      requantizer.requantize(
        sums, pixels: layer.isDense ? images : pixels.count,
        into: output + pixels.lowerBound * layer.outChannels)
    }
  }
}

/// b/(S_x·S_w), ties to even, as 32-bit integers, or as 64-bit ones where operands have more than 8 bits (E2).
/// A bias that is not finite is 0. One too large is cut to what leaves room for the sum of products, so that their
/// 32-bit total cannot wrap round to the other sign.
package func quantizedBias(_ bias: [Float], input: AffineQuantizer, weights: QuantizedWeights) -> [Int64] {
  let isWide = input.bits > 8 || weights.quantizers[0].bits > 8
  let window = Double(weights.levels.count / weights.outChannels)
  return bias.enumerated().map { channel, value in
    let kernel = weights.quantizer(ofChannel: channel)
    let products = window * Double(input.greatestDistance) * Double(kernel.greatestDistance)
    let limit = isWide ? 0x1p62 : max(Double(Int32.max) - products, 0x1p30)
    let steps = (Double(value) / (Double(input.scale) * Double(kernel.scale))).rounded(.toNearestOrEven)
    return value.isFinite ? Int64(min(max(steps, -limit), limit)) : 0
  }
}

extension AffineQuantizer {
  /// Greatest |q − Z|.
  fileprivate var greatestDistance: Int32 { max(zeroPoint, lastLevel - zeroPoint) }
}

/// Maximum over windows of 2 × 2 with stride 2: images × 2·size × 2·size × C to images × size × size × C.
private func maxPool<Level: LevelScalar>(
  _ input: UnsafePointer<Level>, images: Int, size: Int, channels: Int,
  into output: UnsafeMutablePointer<Level>
) {
  let row = 2 * size * channels
  for y in 0..<images * size {
    for x in 0..<size {
      let a = input + 2 * y * row + 2 * x * channels
      let o = output + (y * size + x) * channels
      for c in 0..<channels {
        o[c] = max(max(a[c], a[c + channels]), max(a[row + c], a[row + channels + c]))
      }
    }
  }
}

/// Images that a dense layer takes as the pixels of one: many rows of one matrix product.
enum DenseBatch {
  static let side = 8
  static let images = side * side
}

extension Layer {
  /// A dense layer is a convolution of one pixel, and all images are the pixels of one.
  func geometry(images: Int) -> ConvolutionGeometry {
    if isDense {
      let side = DenseBatch.side
      return ConvolutionGeometry(
        batch: 1, inChannels: inChannels, outChannels: outChannels, groups: 1, inputSize: side,
        outputSize: side, kernel: 1, stride: 1, padBefore: 0, padAfter: 0)
    }
    return geometry(images: images, groups: groups)
  }
}

extension QuantizedWeights {
  /// Dense weights for inputs flattened from H × W × C, from those for C × H × W.
  func flatteningChannelsLast(channels: Int) -> QuantizedWeights {
    let inputs = levels.count / outChannels
    let pixels = inputs / channels
    var moved = levels
    for o in 0..<outChannels {
      for c in 0..<channels {
        for p in 0..<pixels { moved[o * inputs + p * channels + c] = levels[o * inputs + c * pixels + p] }
      }
    }
    return QuantizedWeights(levels: moved, quantizers: quantizers, outChannels: outChannels)
  }
}
