import OneDNN
import Tensors

/// Integer convolution of operands of at most 8 bits, less their zero points, as pairs of 16-bit integers: two products
/// are summed in 32 bits at once, and none can saturate.
///
/// For processors without VNNI, where oneDNN's products of bytes saturate unless the inputs are split (`ByteConvolution`),
/// which takes it two convolutions of each.
package final class PairConvolution<Level: LevelScalar> {
  private let problem: IntegerConvolutionProblem
  private let threads: Int
  /// Of a group's channels; an odd one's partner is zero.
  private let pairs: Int
  /// x − Z_x of padded images, N × H × W × groups × pairs × 2.
  private let input: AlignedBuffer<Int16>
  /// w − Z_w: O/16 × K × K × pairs × 16 × 2.
  private let weights: AlignedBuffer<Int16>
  /// Of an image, pixels × O; the last pixel may be computed up to five times more, to make six.
  private let sums: AlignedBuffer<Int32>
  private let terms: ChannelTerms<Int32>
  /// Where a window's runs of neighbouring pairs lie, from its first, and how long they are: rows, or with groups pixels.
  private let runs: [Int]
  private let runLength: Int
  /// Where the windows lie, by sixes, in pairs.
  private let windows: [Int]

  /// Output channels and pixels computed together.
  private static var panel: Int { 16 }
  private static var pixels: Int { 6 }

  /// Whether there is code for the shape; fewer pixels than are computed together are not worth it.
  static func serves(_ problem: IntegerConvolutionProblem) -> Bool {
    !problem.isWide && problem.outputsPerGroup % panel == 0 && problem.outputPixels >= pixels
  }

  package init(_ problem: IntegerConvolutionProblem, threads: Int) {
    precondition(Self.serves(problem))
    self.problem = problem
    self.threads = threads
    let g = problem.geometry
    let (side, window) = (problem.paddedSize, g.kernel * g.kernel)
    let pairs = (problem.channelsPerGroup + 1) / 2
    self.pairs = pairs
    input = AlignedBuffer(count: g.batch * side * side * g.groups * pairs * 2)
    weights = AlignedBuffer(count: g.outChannels * window * pairs * 2)
    windows = (0..<(problem.outputPixels + Self.pixels - 1) / Self.pixels * Self.pixels).map {
      let pixel = min($0, problem.outputPixels - 1)
      return (pixel / g.outputSize * side + pixel % g.outputSize) * g.stride * g.groups * pairs
    }
    sums = AlignedBuffer(count: windows.count * g.outChannels)
    terms = ChannelTerms(problem.bias)
    let runsInRow = g.groups == 1 ? 1 : g.kernel
    runLength = pairs * g.kernel / runsInRow
    runs = (0..<g.kernel * runsInRow).map { ($0 / runsInRow * side + $0 % runsInRow) * g.groups * pairs }
    for o in 0..<g.outChannels {
      let zero = problem.weights.quantizer(ofChannel: o).zeroPoint
      for i in 0..<problem.channelsPerGroup {
        for tap in 0..<window {
          let pair = (o / Self.panel * window + tap) * pairs + i / 2
          weights.base[(pair * Self.panel + o % Self.panel) * 2 + i % 2] = Int16(
            Int32(problem.weights.levels[(o * problem.channelsPerGroup + i) * window + tap]) - zero)
        }
      }
    }
  }

  package func accumulate(
    _ levels: UnsafePointer<Level>, images: Int, _ take: (Accumulators, _ pixels: Range<Int>) -> Void
  ) {
    let g = problem.geometry
    let zero = Int16(problem.input.zeroPoint)
    let channels = problem.channelsPerGroup
    problem.forEachRow(images: images) { source, destination, length in
      if channels % 2 == 0 {
        widen(levels + source, less: zero, into: input.base + destination, count: length)
      } else {
        for run in 0..<length / channels {
          widen(
            levels + (source + run * channels), less: zero,
            into: input.base + (destination / channels + run) * 2 * pairs, count: channels)
        }
      }
    }
    for image in 0..<images {
      parallel(windows.count / Self.pixels, threads: threads) { sixes in
        for panel in 0..<g.outChannels / Self.panel { convolve(image, sixes, panel) }
      }
      take(
        .narrow(PartialSums(sums: sums.base, terms: terms, windows: nil)),
        image * problem.outputPixels..<(image + 1) * problem.outputPixels)
    }
  }

  /// Sums of sixteen output channels over some of an image's windows.
  private func convolve(_ image: Int, _ sixes: Range<Int>, _ panel: Int) {
    let g = problem.geometry
    let group = panel * Self.panel / problem.outputsPerGroup
    let side = problem.paddedSize
    let x =
      UnsafeRawPointer(input.base).assumingMemoryBound(to: Int32.self)
      + (image * side * side * g.groups + group) * pairs
    let w =
      UnsafeRawPointer(weights.base).assumingMemoryBound(to: SIMD16<Int16>.self)
      + panel * runs.count * runLength * 2
    let y = UnsafeMutableRawPointer(sums.base + panel * Self.panel).assumingMemoryBound(to: SIMD8<Int32>.self)
    for six in sixes {
      let first = six * Self.pixels
      func window(_ index: Int) -> UnsafePointer<Int32> { x + windows[first + index] }
      let pixels = SixPixels(
        a: window(0), b: window(1), c: window(2), d: window(3), e: window(4), f: window(5))
      for (i, run) in runs.enumerated() {
        multiplyPairs(
          pixels, from: run, count: runLength, by: w + i * runLength * 2, into: y + first * g.outChannels / 8,
          stride: g.outChannels / 8, adding: i > 0)
      }
    }
  }
}

/// x − Z_x. Vectorizes for each type of level.
@inline(__always)
func widen<Level: LevelScalar>(
  _ levels: UnsafePointer<Level>, less zero: Int16, into values: UnsafeMutablePointer<Int16>, count: Int
) {
  for i in 0..<count { values[i] = Int16(truncatingIfNeeded: levels[i]) &- zero }
}
