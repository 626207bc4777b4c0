import OneDNN
import Tensors

/// Integer convolution of one channel a group, operands of at most 8 bits, vectorized over the channels.
///
/// In float32: sums of so few products of 9-bit integers are integers below 2²², which it holds exactly.
package final class DepthwiseIntegerConvolution<Level: LevelScalar> {
  private let problem: IntegerConvolutionProblem
  /// x − Z_x of padded images, N × H × W × C.
  private let input: AlignedBuffer<Float>
  /// w − Z_w, K × K × C.
  private let weights: AlignedBuffer<Float>
  /// Of one row of output pixels, W' × C.
  private let sums: AlignedBuffer<Int32>
  private let terms: ChannelTerms<Int32>

  static func serves(_ problem: IntegerConvolutionProblem) -> Bool {
    problem.isDepthwise && !problem.isWide && problem.window * 255 * 255 < 1 << 22
  }

  package init(_ problem: IntegerConvolutionProblem) {
    precondition(Self.serves(problem))
    self.problem = problem
    let g = problem.geometry
    let taps = problem.window
    input = AlignedBuffer(count: g.batch * problem.paddedSize * problem.paddedSize * g.inChannels)
    weights = AlignedBuffer(count: taps * g.inChannels)
    sums = AlignedBuffer(count: g.outputSize * g.outChannels)
    terms = ChannelTerms(problem.bias)
    for c in 0..<g.inChannels {
      let zero = problem.weights.quantizer(ofChannel: c).zeroPoint
      for tap in 0..<taps {
        weights.base[tap * g.inChannels + c] = Float(Int32(problem.weights.levels[c * taps + tap]) - zero)
      }
    }
  }

  package func accumulate(
    _ levels: UnsafePointer<Level>, images: Int, _ take: (Accumulators, _ pixels: Range<Int>) -> Void
  ) {
    let g = problem.geometry
    let zero = Float(problem.input.zeroPoint)
    let x = input.base
    problem.forEachRow(images: images) { source, destination, length in
      subtract(zero, from: levels + source, into: x + destination, count: length)
    }
    let row = DepthwiseRow(
      channels: g.inChannels, kernel: g.kernel, stride: g.stride, rowLength: problem.paddedSize * g.inChannels
    )
    for image in 0..<images {
      for y in 0..<g.outputSize {
        row.sum(
          x + (image * problem.paddedSize + y * g.stride) * row.rowLength, weights.base, sums.base,
          pixels: g.outputSize)
        let first = (image * g.outputSize + y) * g.outputSize
        take(
          .narrow(PartialSums(sums: sums.base, terms: terms, windows: nil)), first..<first + g.outputSize)
      }
    }
  }
}

/// levels − zero.
private func subtract<Level: LevelScalar>(
  _ zero: Float, from levels: UnsafePointer<Level>, into x: UnsafeMutablePointer<Float>, count: Int
) {
  for i in 0..<count { x[i] = Float(levels[i]) - zero }
}

/// The sums of a row of output pixels.
private struct DepthwiseRow {
  let channels: Int
  let kernel: Int
  let stride: Int
  /// Values of a row of padded input pixels.
  let rowLength: Int

  func sum(
    _ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ sums: UnsafeMutablePointer<Int32>,
    pixels: Int
  ) {
    let fast = kernel == 3 && channels % 8 == 0 ? pixels & ~3 : 0
    for pixel in Swift.stride(from: 0, to: fast, by: 4) {
      let corner = x + pixel &* stride &* channels
      switch stride {
      case 1: sumFour(corner, weights, sums + pixel &* channels, stride: 1)
      case 2: sumFour(corner, weights, sums + pixel &* channels, stride: 2)
      default: sumFour(corner, weights, sums + pixel &* channels, stride: stride)
      }
    }
    for pixel in fast..<pixels {
      sumOne(x + pixel &* stride &* channels, weights, sums + pixel &* channels)
    }
  }

  /// Four neighbouring pixels of a 3 × 3 kernel, eight channels at a time: they share weights and input pixels.
  @inline(__always)
  private func sumFour(
    _ corner: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ sums: UnsafeMutablePointer<Int32>,
    stride: Int
  ) {
    var c = 0
    while c < channels {
      var (a, b, d, e) = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
      var x = corner + c
      var w = weights + c
      for _ in 0..<3 {
        for tap in 0..<3 {
          let weight = load(w + tap &* channels)
          a.addProduct(load(x + tap &* channels), weight)
          b.addProduct(load(x + (stride &+ tap) &* channels), weight)
          d.addProduct(load(x + (2 &* stride &+ tap) &* channels), weight)
          e.addProduct(load(x + (3 &* stride &+ tap) &* channels), weight)
        }
        x += rowLength
        w += 3 &* channels
      }
      store(a, sums + c)
      store(b, sums + c + channels)
      store(d, sums + c + 2 &* channels)
      store(e, sums + c + 3 &* channels)
      c &+= 8
    }
  }

  private func sumOne(
    _ corner: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, _ sums: UnsafeMutablePointer<Int32>
  ) {
    for c in 0..<channels {
      var sum: Float = 0
      for ky in 0..<kernel {
        for kx in 0..<kernel {
          sum +=
            corner[ky &* rowLength &+ kx &* channels &+ c] * weights[(ky &* kernel &+ kx) &* channels &+ c]
        }
      }
      sums[c] = Int32(sum)
    }
  }
}

@inline(__always)
private func load(_ p: UnsafePointer<Float>) -> SIMD8<Float> {
  UnsafeRawPointer(p).loadUnaligned(as: SIMD8<Float>.self)
}

/// Integers of magnitude below 2²²: adding 1.5·2²³ leaves them in the low bits of the pattern.
@inline(__always)
private func store(_ integers: SIMD8<Float>, _ p: UnsafeMutablePointer<Int32>) {
  let magic = SIMD8<Float>(repeating: 0x1.8p23)
  let found =
    unsafeBitCast(integers + magic, to: SIMD8<Int32>.self) &- unsafeBitCast(magic, to: SIMD8<Int32>.self)
  UnsafeMutableRawPointer(p).storeBytes(of: found, as: SIMD8<Int32>.self)
}
