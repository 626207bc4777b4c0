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
  /// Σ x over a window's rows, for a row of windows: padded W × G.
  private let columnSums: AlignedBuffer<Int32>
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
    columnSums = AlignedBuffer(count: needsWindows ? problem.paddedSize * g.groups : 0)
    windowSums = AlignedBuffer(count: needsWindows ? g.batch * problem.outputPixels * g.groups : 0)
    channelSums.buffer.update(repeating: problem.input.zeroPoint * Int32(problem.channelsPerGroup))
  }

  /// Takes the window sums of some images.
  func prepare<Level: LevelScalar>(_ levels: UnsafePointer<Level>, images: Int) {
    guard needsWindows else { return }
    let g = problem.geometry
    let perGroup = problem.channelsPerGroup
    let isPointwise = g.kernel == 1 && g.stride == 1 && problem.paddedSize == g.inputSize
    let pixelSums = isPointwise ? windowSums.base : channelSums.base
    problem.forEachRow(images: images) { source, destination, length in
      sumRuns(
        levels + source, runs: length / perGroup, of: perGroup, into: pixelSums + destination / perGroup)
    }
    if isPointwise { return }
    let row = problem.paddedSize * g.groups
    for y in 0..<images * g.outputSize {
      let top = (y / g.outputSize * problem.paddedSize + y % g.outputSize * g.stride) * row
      sum(g.kernel, pixelSums + top, apart: row, length: row, into: columnSums.base)
      let windows = windowSums.base + y * g.outputSize * g.groups
      // With stride 1 pixels lie as the windows do.
      let (runs, length) = g.stride == 1 ? (1, g.outputSize * g.groups) : (g.outputSize, g.groups)
      for run in 0..<runs {
        sum(
          g.kernel, columnSums.base + run * g.stride * g.groups, apart: g.groups, length: length,
          into: windows + run * g.groups)
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

/// The sums of so many rows of values, element by element.
///
/// - Parameter apart: from the beginning of a row to the next one's.
private func sum(
  _ rows: Int, _ values: UnsafePointer<Int32>, apart: Int, length: Int, into sums: UnsafeMutablePointer<Int32>
) {
  if rows == 3 {
    let (second, third) = (values + apart, values + 2 * apart)
    for i in 0..<length { sums[i] = values[i] &+ second[i] &+ third[i] }
    return
  }
  sums.update(from: values, count: length)
  for row in 1..<rows {
    let next = values + row * apart
    for i in 0..<length { sums[i] &+= next[i] }
  }
}
