import OneDNN
import Tensors

/// What turns Σ x·s, with s = w − offset, into Σ (x − Z_x)(w − Z_w) + bias: per output channel a constant and a
/// multiple of Σ x over the group's channels and the window.
final class ZeroPointCorrection {
  private let problem: IntegerConvolutionProblem
  /// bias − Z_x·Σ (w − Z_w).
  private let constants: [Int64]
  /// offset − Z_w.
  private let factors: [Int64]
  /// Σ x over each group's channels, padded N × H × W × G.
  private let channelSums: AlignedBuffer<Int32>
  /// Σ x over each window, N × H' × W' × G.
  private let windowSums: AlignedBuffer<Int32>

  private var needsWindows: Bool { factors.contains { $0 != 0 } }

  init(_ problem: IntegerConvolutionProblem, offset: Int64) {
    self.problem = problem
    let g = problem.geometry
    let zeros = (0..<g.outChannels).map { Int64(problem.weights.quantizer(ofChannel: $0).zeroPoint) }
    factors = zeros.map { offset - $0 }
    constants = (0..<g.outChannels).map { o in
      let sum = problem.weights.levels[o * problem.window..<(o + 1) * problem.window].reduce(Int64(0)) {
        $0 + Int64($1) - zeros[o]
      }
      return problem.bias[o] - Int64(problem.input.zeroPoint) * sum
    }
    let needed = factors.contains { $0 != 0 }
    channelSums = AlignedBuffer(
      count: needed ? g.batch * problem.paddedSize * problem.paddedSize * g.groups : 0)
    windowSums = AlignedBuffer(count: needed ? g.batch * problem.outputPixels * g.groups : 0)
    channelSums.buffer.update(repeating: problem.input.zeroPoint * Int32(problem.channelsPerGroup))
  }

  /// Takes the window sums of some images.
  func prepare(_ levels: UnsafePointer<UInt16>, images: Int) {
    guard needsWindows else { return }
    let g = problem.geometry
    let perGroup = problem.channelsPerGroup
    let side = problem.paddedSize
    let pixelSums = channelSums.base
    problem.forEachRow(images: images) { source, destination, length in
      sumRuns(
        levels + source, runs: length / perGroup, of: perGroup, into: pixelSums + destination / perGroup)
    }
    var window = windowSums.base
    for image in 0..<images {
      for y in 0..<g.outputSize {
        for x in 0..<g.outputSize {
          for group in 0..<g.groups {
            var sum: Int32 = 0
            for ky in 0..<g.kernel {
              let row =
                pixelSums + ((image * side + y * g.stride + ky) * side + x * g.stride) * g.groups + group
              for kx in 0..<g.kernel { sum &+= row[kx * g.groups] }
            }
            window[group] = sum
          }
          window += g.groups
        }
      }
    }
  }

  func apply(to sums: UnsafeMutablePointer<Int32>, images: Int) {
    correct(
      sums, constants.map { Int32(truncatingIfNeeded: $0) }, factors.map { Int32(truncatingIfNeeded: $0) },
      images)
  }

  func apply(to sums: UnsafeMutablePointer<Int64>, images: Int) { correct(sums, constants, factors, images) }

  @inline(__always)
  private func correct<Sum: FixedWidthInteger>(
    _ sums: UnsafeMutablePointer<Sum>, _ constants: [Sum], _ factors: [Sum], _ images: Int
  ) {
    let g = problem.geometry
    let outputs = problem.outputsPerGroup
    let isUniform = factors.allSatisfy { $0 == factors[0] }
    constants.withUnsafeBufferPointer { constants in
      factors.withUnsafeBufferPointer { factors in
        let windows = windowSums.base
        for pixel in 0..<images * problem.outputPixels {
          let s = sums + pixel * g.outChannels
          for group in 0..<g.groups {
            let window = needsWindows ? Sum(windows[pixel * g.groups + group]) : 0
            let channels = group * outputs..<(group + 1) * outputs
            if isUniform {
              let shared = window &* factors[0]
              for o in channels { s[o] &+= constants[o] &+ shared }
            } else {
              for o in channels { s[o] &+= constants[o] &+ window &* factors[o] }
            }
          }
        }
      }
    }
  }
}

/// The sum of each run of `length` values.
private func sumRuns(
  _ values: UnsafePointer<UInt16>, runs: Int, of length: Int, into sums: UnsafeMutablePointer<Int32>
) {
  for run in 0..<runs {
    let v = values + run * length
    var sum: Int32 = 0
    for i in 0..<length { sum &+= Int32(v[i]) }
    sums[run] = sum
  }
}
