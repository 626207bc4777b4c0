import OneDNN
import Tensors

/// Integer convolution by loops over any geometry and up to 16 bits: the definition that others are tested
/// against, and the way out where oneDNN has nothing.
package final class PlainIntegerConvolution: IntegerConvolution {
  private let problem: IntegerConvolutionProblem
  /// x − Z_x of padded images, N × H × W × C.
  private let input: AlignedBuffer<Int32>
  /// w − Z_w, groups × K × K × I/groups × O/groups.
  private let weights: AlignedBuffer<Int32>
  private let narrow: AlignedBuffer<Int32>
  private let wide: AlignedBuffer<Int64>

  package init(_ problem: IntegerConvolutionProblem) {
    self.problem = problem
    let g = problem.geometry
    let outputs = g.batch * problem.outputPixels * g.outChannels
    input = AlignedBuffer(count: g.batch * problem.paddedSize * problem.paddedSize * g.inChannels)
    weights = AlignedBuffer(count: problem.weights.levels.count)
    narrow = AlignedBuffer(count: problem.isWide ? 0 : outputs)
    wide = AlignedBuffer(count: problem.isWide ? outputs : 0)
    let taps = g.kernel * g.kernel
    let inputs = problem.channelsPerGroup
    let outs = problem.outputsPerGroup
    for o in 0..<g.outChannels {
      let zero = problem.weights.quantizer(ofChannel: o).zeroPoint
      for i in 0..<inputs {
        for tap in 0..<taps {
          let at = ((o / outs * taps + tap) * inputs + i) * outs + o % outs
          weights.base[at] = Int32(problem.weights.levels[(o * inputs + i) * taps + tap]) - zero
        }
      }
    }
  }

  package func accumulate(_ levels: UnsafePointer<UInt16>, images: Int) -> Accumulators {
    let zero = problem.input.zeroPoint
    problem.forEachRow(images: images) { source, destination, length in
      for i in 0..<length { input.base[destination + i] = Int32(levels[source + i]) &- zero }
    }
    if problem.isWide {
      convolve(problem, images, input.base, weights.base, wide.base)
      return .wide(wide.base)
    }
    convolve(problem, images, input.base, weights.base, narrow.base)
    return .narrow(narrow.base)
  }
}

private func convolve<Sum: FixedWidthInteger>(
  _ problem: IntegerConvolutionProblem, _ images: Int, _ input: UnsafePointer<Int32>,
  _ weights: UnsafePointer<Int32>, _ sums: UnsafeMutablePointer<Sum>
) {
  let g = problem.geometry
  let (inputs, outputs, side) = (problem.channelsPerGroup, problem.outputsPerGroup, problem.paddedSize)
  for image in 0..<images {
    for pixel in 0..<problem.outputPixels {
      let (y, x) = (pixel / g.outputSize * g.stride, pixel % g.outputSize * g.stride)
      let pixelSums = sums + (image * problem.outputPixels + pixel) * g.outChannels
      for o in 0..<g.outChannels { pixelSums[o] = Sum(truncatingIfNeeded: problem.bias[o]) }
      for group in 0..<g.groups {
        let s = pixelSums + group * outputs
        for ky in 0..<g.kernel {
          for kx in 0..<g.kernel {
            let at = ((image * side + y + ky) * side + x + kx) * g.inChannels + group * inputs
            let tap = ((group * g.kernel + ky) * g.kernel + kx) * inputs * outputs
            for i in 0..<inputs {
              let value = Sum(input[at + i])
              let w = weights + tap + i * outputs
              for o in 0..<outputs { s[o] &+= value &* Sum(w[o]) }
            }
          }
        }
      }
    }
  }
}

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
      for i in 0..<length { x[destination + i] = Int16(truncatingIfNeeded: levels[source + i]) &- zero }
    }
    for image in 0..<images {
      for row in 0..<g.outputSize {
        for column in 0..<g.outputSize {
          let s = sums.base + ((image * g.outputSize + row) * g.outputSize + column) * g.outChannels
          s.update(from: bias.base, count: g.outChannels)
          for ky in 0..<g.kernel {
            for kx in 0..<g.kernel {
              let pixel = (image * side + row * g.stride + ky) * side + column * g.stride + kx
              multiplyAdd(
                x + pixel * g.inChannels, weights.base + (ky * g.kernel + kx) * g.inChannels, s, g.inChannels)
            }
          }
        }
      }
    }
    return .narrow(sums.base)
  }
}

@inline(__always)
private func multiplyAdd(
  _ x: UnsafePointer<Int16>, _ w: UnsafePointer<Int16>, _ sums: UnsafeMutablePointer<Int32>, _ count: Int
) {
  for i in 0..<count { sums[i] &+= Int32(x[i]) &* Int32(w[i]) }
}
