import OneDNN
import Tensors

/// Integer convolution by loops over any geometry and up to 16 bits: the definition that others are tested
/// against, and the way out where oneDNN has nothing.
package final class PlainIntegerConvolution<Level: LevelScalar> {
  private let problem: IntegerConvolutionProblem
  /// x − Z_x of padded images, N × H × W × C.
  private let input: AlignedBuffer<Int32>
  /// w − Z_w, groups × K × K × I/groups × O/groups.
  private let weights: AlignedBuffer<Int32>
  private let narrow: AlignedBuffer<Int32>
  private let wide: AlignedBuffer<Int64>
  private let narrowTerms: ChannelTerms<Int32>
  private let wideTerms: ChannelTerms<Int64>

  package init(_ problem: IntegerConvolutionProblem) {
    self.problem = problem
    let g = problem.geometry
    let outputs = g.batch * problem.outputPixels * g.outChannels
    input = AlignedBuffer(count: g.batch * problem.paddedSize * problem.paddedSize * g.inChannels)
    weights = AlignedBuffer(count: problem.weights.levels.count)
    narrow = AlignedBuffer(count: problem.isWide ? 0 : outputs)
    wide = AlignedBuffer(count: problem.isWide ? outputs : 0)
    narrowTerms = ChannelTerms(problem.bias)
    wideTerms = ChannelTerms(problem.bias)
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

  package func accumulate(
    _ levels: UnsafePointer<Level>, images: Int, _ take: (Accumulators, _ pixels: Range<Int>) -> Void
  ) {
    let zero = problem.input.zeroPoint
    problem.forEachRow(images: images) { source, destination, length in
      for i in 0..<length { input.base[destination + i] = Int32(levels[source + i]) &- zero }
    }
    let pixels = 0..<images * problem.outputPixels
    if problem.isWide {
      convolve(problem, images, input.base, weights.base, wide.base)
      take(.wide(PartialSums(sums: wide.base, terms: wideTerms, windows: nil)), pixels)
    } else {
      convolve(problem, images, input.base, weights.base, narrow.base)
      take(.narrow(PartialSums(sums: narrow.base, terms: narrowTerms, windows: nil)), pixels)
    }
  }
}

private func convolve<Sum: SumScalar>(
  _ problem: IntegerConvolutionProblem, _ images: Int, _ input: UnsafePointer<Int32>,
  _ weights: UnsafePointer<Int32>, _ sums: UnsafeMutablePointer<Sum>
) {
  let g = problem.geometry
  let (inputs, outputs, side) = (problem.channelsPerGroup, problem.outputsPerGroup, problem.paddedSize)
  for image in 0..<images {
    for pixel in 0..<problem.outputPixels {
      let (y, x) = (pixel / g.outputSize * g.stride, pixel % g.outputSize * g.stride)
      let pixelSums = sums + (image * problem.outputPixels + pixel) * g.outChannels
      for o in 0..<g.outChannels { pixelSums[o] = 0 }
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
