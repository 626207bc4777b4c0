import OneDNN
import Tensors
import Training

/// Integer convolution in groups of four channels, 3 × 3 with stride 1, operands of at most 8 bits.
///
/// By the fp32 code for such groups: sums of 36 products of 9-bit integers are integers below 2²², which float32 holds
/// exactly. Why not oneDNN's: it needs groups merged into 16 channels, and takes a slow path for them.
package final class GroupedIntegerConvolution<Level: LevelScalar> {
  private let problem: IntegerConvolutionProblem
  /// x − Z_x of eight channels of a padded image, (H + 2) × (W + 2) × 8.
  private let input: AlignedBuffer<Float>
  /// w − Z_w of eight output channels each, O/8 × 3 × 3 × 4 × 8.
  private let weights: AlignedBuffer<Float>
  /// Of an image, H × W × O: first as float32.
  private let sums: AlignedBuffer<Float>
  private let terms: ChannelTerms<Int32>

  private static var lanes: Int { 8 }

  static func serves(_ problem: IntegerConvolutionProblem) -> Bool {
    let g = problem.geometry
    return problem.channelsPerGroup == 4 && problem.outputsPerGroup == 4 && g.kernel == 3 && g.stride == 1
      && g.padBefore == 1 && g.padAfter == 1 && g.outChannels % lanes == 0 && g.inputSize % 8 == 0
      && !problem.isWide
  }

  package init(_ problem: IntegerConvolutionProblem) {
    precondition(Self.serves(problem))
    self.problem = problem
    let g = problem.geometry
    input = AlignedBuffer(count: problem.paddedSize * problem.paddedSize * Self.lanes)
    weights = AlignedBuffer(count: problem.weights.levels.count)
    sums = AlignedBuffer(count: problem.outputPixels * g.outChannels)
    terms = ChannelTerms(problem.bias)
    for o in 0..<g.outChannels {
      let zero = problem.weights.quantizer(ofChannel: o).zeroPoint
      for i in 0..<4 {
        for tap in 0..<9 {
          let at = ((o / Self.lanes * 9 + tap) * 4 + i) * Self.lanes + o % Self.lanes
          weights.base[at] = Float(Int32(problem.weights.levels[(o * 4 + i) * 9 + tap]) - zero)
        }
      }
    }
  }

  package func accumulate(
    _ levels: UnsafePointer<Level>, images: Int, _ take: (Accumulators, _ pixels: Range<Int>) -> Void
  ) {
    let g = problem.geometry
    let pixels = problem.outputPixels
    let integers = UnsafeMutableRawPointer(sums.base).bindMemory(to: Int32.self, capacity: sums.count)
    for image in 0..<images {
      for vector in 0..<g.outChannels / Self.lanes {
        load(levels + image * pixels * g.inChannels + vector * Self.lanes)
        correlateGroupsOfFour(
          input.base, weights.base + vector * 9 * 4 * Self.lanes, into: sums.base + vector * Self.lanes,
          stride: g.outChannels, size: g.inputSize)
      }
      roundToIntegers(sums.base, integers, count: sums.count)
      take(
        .narrow(PartialSums(sums: integers, terms: terms, windows: nil)),
        image * pixels..<(image + 1) * pixels)
    }
  }

  /// Eight channels of an image into the middle of the padded one.
  private func load(_ levels: UnsafePointer<Level>) {
    let (size, channels) = (problem.geometry.inputSize, problem.geometry.inChannels)
    let zero = Float(problem.input.zeroPoint)
    for y in 0..<size {
      let source = levels + y &* size &* channels
      let target = input.base + ((y &+ 1) &* problem.paddedSize &+ 1) &* Self.lanes
      for x in 0..<size {
        for lane in 0..<Self.lanes {
          target[x &* Self.lanes &+ lane] = Float(source[x &* channels &+ lane]) - zero
        }
      }
    }
  }
}

/// Integers of magnitude below 2²² in place: adding 1.5·2²³ leaves them in the low bits of the pattern.
private func roundToIntegers(
  _ values: UnsafePointer<Float>, _ integers: UnsafeMutablePointer<Int32>, count: Int
) {
  let magic = Float(0x1.8p23)
  for i in 0..<count {
    integers[i] = Int32(bitPattern: (values[i] + magic).bitPattern) &- Int32(bitPattern: magic.bitPattern)
  }
}
