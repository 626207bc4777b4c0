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
  /// x − Z_x of padded images, N × H × W × C.
  private let input: AlignedBuffer<Int16>
  /// w − Z_w: O/16 × K × K × C/2 × 16 × 2.
  private let weights: AlignedBuffer<Int16>
  /// Of an image, pixels × O; the last pixel may be computed up to five times more, to make six.
  private let sums: AlignedBuffer<Int32>
  private let terms: ChannelTerms<Int32>
  /// Where a window's pixels lie, from its first, and where the windows do, by sixes: in pairs of channels.
  private let taps: [Int]
  private let windows: [Int]

  /// Output channels and pixels computed together.
  private static var panel: Int { 16 }
  private static var pixels: Int { 6 }

  /// Whether there is code for the shape; fewer pixels than are computed together are not worth it.
  static func serves(_ problem: IntegerConvolutionProblem) -> Bool {
    !problem.isWide && problem.channelsPerGroup % 2 == 0 && problem.outputsPerGroup % panel == 0
      && problem.outputPixels >= pixels
  }

  package init(_ problem: IntegerConvolutionProblem, threads: Int) {
    precondition(Self.serves(problem))
    self.problem = problem
    self.threads = threads
    let g = problem.geometry
    let (side, window) = (problem.paddedSize, g.kernel * g.kernel)
    input = AlignedBuffer(count: g.batch * side * side * g.inChannels)
    input.buffer.update(repeating: 0)
    weights = AlignedBuffer(count: problem.weights.levels.count)
    windows = (0..<(problem.outputPixels + Self.pixels - 1) / Self.pixels * Self.pixels).map {
      let pixel = min($0, problem.outputPixels - 1)
      return (pixel / g.outputSize * side + pixel % g.outputSize) * g.stride * g.inChannels / 2
    }
    sums = AlignedBuffer(count: windows.count * g.outChannels)
    terms = ChannelTerms(problem.bias)
    taps = (0..<window).map { ($0 / g.kernel * side + $0 % g.kernel) * g.inChannels / 2 }
    for o in 0..<g.outChannels {
      let zero = problem.weights.quantizer(ofChannel: o).zeroPoint
      for i in 0..<problem.channelsPerGroup {
        for tap in 0..<window {
          let pair = (o / Self.panel * window + tap) * (problem.channelsPerGroup / 2) + i / 2
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
    problem.forEachRow(images: images) { source, destination, length in
      widen(levels + source, less: zero, into: input.base + destination, count: length)
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
    let pairs = problem.channelsPerGroup / 2
    let group = panel * Self.panel / problem.outputsPerGroup
    let side = problem.paddedSize
    let x =
      UnsafeRawPointer(input.base).assumingMemoryBound(to: Int32.self)
      + (image * side * side * g.inChannels / 2 + group * pairs)
    let w =
      UnsafeRawPointer(weights.base).assumingMemoryBound(to: SIMD16<Int16>.self)
      + panel * taps.count * pairs * 2
    let y = UnsafeMutableRawPointer(sums.base + panel * Self.panel).assumingMemoryBound(to: SIMD8<Int32>.self)
    for six in sixes {
      let first = six * Self.pixels
      func window(_ index: Int) -> UnsafePointer<Int32> { x + windows[first + index] }
      let pixels = SixPixels(
        a: window(0), b: window(1), c: window(2), d: window(3), e: window(4), f: window(5))
      multiplyPairs(
        pixels, taps: taps, pairs: pairs, by: w, into: y + first * g.outChannels / 8,
        stride: g.outChannels / 8)
    }
  }
}

/// Vectorizes for each type of level.
@inline(__always)
private func widen<Level: LevelScalar>(
  _ levels: UnsafePointer<Level>, less zero: Int16, into values: UnsafeMutablePointer<Int16>, count: Int
) {
  for i in 0..<count { values[i] = Int16(truncatingIfNeeded: levels[i]) &- zero }
}
