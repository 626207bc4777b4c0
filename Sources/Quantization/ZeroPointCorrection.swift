import OneDNN
import Tensors

/// What turns Σ x·s, with s = w − offset, into Σ (x − Z_x)(w − Z_w) + bias: per output channel a constant and a
/// multiple of Σ x over the group's channels and the window.
final class ZeroPointCorrection {
  private let problem: IntegerConvolutionProblem
  /// Constants bias − Z_x·Σ (w − Z_w), factors offset − Z_w.
  private let narrow: ChannelTerms<Int32>
  private let wide: ChannelTerms<Int64>
  /// Σ x over each group's channels, padded N × H × W × G.
  private let channelSums: AlignedBuffer<Int32>
  /// Σ x over each window, N × H' × W' × G.
  private let windowSums: AlignedBuffer<Int32>

  private let needsWindows: Bool

  init(_ problem: IntegerConvolutionProblem, offset: Int64) {
    self.problem = problem
    let g = problem.geometry
    let zeros = (0..<g.outChannels).map { Int64(problem.weights.quantizer(ofChannel: $0).zeroPoint) }
    let factors = zeros.map { offset - $0 }
    let constants = (0..<g.outChannels).map { o in
      let sum = problem.weights.levels[o * problem.window..<(o + 1) * problem.window].reduce(Int64(0)) {
        $0 + Int64($1) - zeros[o]
      }
      return problem.bias[o] - Int64(problem.input.zeroPoint) * sum
    }
    narrow = ChannelTerms(constants: constants, factors: factors, groups: g.groups)
    wide = ChannelTerms(constants: constants, factors: factors, groups: g.groups)
    needsWindows = factors.contains { $0 != 0 }
    channelSums = AlignedBuffer(
      count: needsWindows ? g.batch * problem.paddedSize * problem.paddedSize * g.groups : 0)
    windowSums = AlignedBuffer(count: needsWindows ? g.batch * problem.outputPixels * g.groups : 0)
    channelSums.buffer.update(repeating: problem.input.zeroPoint * Int32(problem.channelsPerGroup))
  }

  /// Takes the window sums of some images.
  func prepare<Level: LevelScalar>(_ levels: UnsafePointer<Level>, images: Int) {
    guard needsWindows else { return }
    let g = problem.geometry
    let perGroup = problem.channelsPerGroup
    let pixelSums = channelSums.base
    problem.forEachRow(images: images) { source, destination, length in
      sumRuns(
        levels + source, runs: length / perGroup, of: perGroup, into: pixelSums + destination / perGroup)
    }
    var window = windowSums.base
    for image in 0..<images {
      for y in 0..<g.outputSize {
        for x in 0..<g.outputSize {
          let corner =
            pixelSums
            + ((image * problem.paddedSize + y * g.stride) * problem.paddedSize + x * g.stride) * g.groups
          sumWindow(
            corner, kernel: g.kernel, groups: g.groups, row: problem.paddedSize * g.groups, into: window)
          window += g.groups
        }
      }
    }
  }

  func complete(_ sums: UnsafePointer<Int32>) -> PartialSums<Int32> {
    PartialSums(sums: sums, terms: narrow, windows: needsWindows ? UnsafePointer(windowSums.base) : nil)
  }

  func complete(_ sums: UnsafePointer<Int64>) -> PartialSums<Int64> {
    PartialSums(sums: sums, terms: wide, windows: needsWindows ? UnsafePointer(windowSums.base) : nil)
  }
}

/// The sum of each run of `length` values.
private func sumRuns<Level: LevelScalar>(
  _ values: UnsafePointer<Level>, runs: Int, of length: Int, into sums: UnsafeMutablePointer<Int32>
) {
  for run in 0..<runs {
    let v = values + run * length
    var sum: Int32 = 0
    for i in 0..<length { sum &+= Int32(v[i]) }
    sums[run] = sum
  }
}

/// The sums over one window, group by group.
private func sumWindow(
  _ corner: UnsafePointer<Int32>, kernel: Int, groups: Int, row: Int, into sums: UnsafeMutablePointer<Int32>
) {
  for group in 0..<groups {
    var sum: Int32 = 0
    for ky in 0..<kernel {
      for kx in 0..<kernel { sum &+= corner[ky * row + kx * groups + group] }
    }
    sums[group] = sum
  }
}
