import OneDNN
import Tensors

/// Integer convolution of one channel a group, vectorised over the channels; operands of at most 8 bits.
package final class DepthwiseIntegerConvolution: IntegerConvolution {
  private let problem: IntegerConvolutionProblem
  /// x − Z_x of padded images, N × H × W × C.
  private let input: AlignedBuffer<Int16>
  /// w − Z_w, K × K × C.
  private let weights: AlignedBuffer<Int16>
  private let bias: AlignedBuffer<Int32>
  private let sums: AlignedBuffer<Int32>

  package init(_ problem: IntegerConvolutionProblem) {
    precondition(problem.isDepthwise && !problem.isWide)
    self.problem = problem
    let g = problem.geometry
    let taps = g.kernel * g.kernel
    input = AlignedBuffer(count: g.batch * problem.paddedSize * problem.paddedSize * g.inChannels)
    weights = AlignedBuffer(count: taps * g.inChannels)
    bias = AlignedBuffer(count: g.inChannels)
    sums = AlignedBuffer(count: g.batch * problem.outputPixels * g.outChannels)
    for c in 0..<g.inChannels {
      let zero = problem.weights.quantizer(ofChannel: c).zeroPoint
      bias.base[c] = Int32(truncatingIfNeeded: problem.bias[c])
      for tap in 0..<taps {
        weights.base[tap * g.inChannels + c] = Int16(Int32(problem.weights.levels[c * taps + tap]) - zero)
      }
    }
  }

  package func accumulate(_ levels: UnsafePointer<UInt16>, images: Int) -> Accumulators {
    let g = problem.geometry
    let zero = Int16(problem.input.zeroPoint)
    let side = problem.paddedSize
    let x = input.base
    problem.forEachRow(images: images) { source, destination, length in
      subtract(zero, from: levels + source, into: x + destination, count: length)
    }
    let row = side * g.inChannels
    for image in 0..<images {
      for y in 0..<g.outputSize {
        let corner = x + (image * side + y * g.stride) * row
        let out = sums.base + (image * g.outputSize + y) * g.outputSize * g.outChannels
        for column in 0..<g.outputSize {
          sumWindow(
            corner + column * g.stride * g.inChannels, weights.base, bias.base, out + column * g.outChannels,
            kernel: g.kernel, channels: g.inChannels, rowStride: row)
        }
      }
    }
    return .narrow(sums.base)
  }
}

/// levels − zero.
private func subtract(
  _ zero: Int16, from levels: UnsafePointer<UInt16>, into x: UnsafeMutablePointer<Int16>, count: Int
) {
  for i in 0..<count { x[i] = Int16(truncatingIfNeeded: levels[i]) &- zero }
}

/// The sums of one output pixel, eight channels at a time in registers over the whole window.
@inline(__always)
private func sumWindow(
  _ x: UnsafePointer<Int16>, _ weights: UnsafePointer<Int16>, _ bias: UnsafePointer<Int32>,
  _ sums: UnsafeMutablePointer<Int32>, kernel: Int, channels: Int, rowStride: Int
) {
  let whole = channels & ~7
  var c = 0
  while c < whole {
    var sum = UnsafeRawPointer(bias + c).loadUnaligned(as: SIMD8<Int32>.self)
    var row = x + c
    var tap = weights + c
    if kernel == 3 {
      for _ in 0..<3 {
        sum &+= products(row, tap)
        sum &+= products(row + channels, tap + channels)
        sum &+= products(row + 2 &* channels, tap + 2 &* channels)
        row += rowStride
        tap += 3 &* channels
      }
    } else {
      for _ in 0..<kernel {
        for kx in 0..<kernel {
          sum &+= products(row + kx &* channels, tap)
          tap += channels
        }
        row += rowStride
      }
    }
    UnsafeMutableRawPointer(sums + c).storeBytes(of: sum, as: SIMD8<Int32>.self)
    c &+= 8
  }
  while c < channels {
    var sum = bias[c]
    for tap in 0..<kernel * kernel {
      let at = tap / kernel * rowStride + tap % kernel * channels + c
      sum &+= Int32(x[at]) &* Int32(weights[tap * channels + c])
    }
    sums[c] = sum
    c += 1
  }
}

@inline(__always)
private func products(_ x: UnsafePointer<Int16>, _ w: UnsafePointer<Int16>) -> SIMD8<Int32> {
  let values = UnsafeRawPointer(x).loadUnaligned(as: SIMD8<Int16>.self)
  let weights = UnsafeRawPointer(w).loadUnaligned(as: SIMD8<Int16>.self)
  return SIMD8<Int32>(truncatingIfNeeded: values) &* SIMD8<Int32>(truncatingIfNeeded: weights)
}
