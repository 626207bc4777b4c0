import LayerAnalysis
import Tensors
import Testing

@testable import Quantization

@Suite struct AffineQuantizerTests {
  @Test(arguments: [
    (-1, 1, 8), (-0.3, 2.7, 8), (0, 6, 8), (-5, 0, 8), (0.5, 3, 4), (-3, -1, 2), (-1e-3, 1e3, 16),
  ])
  func rangeIsWidenedToHoldZeroExactly(lower: Double, upper: Double, bits: Int) {
    let q = AffineQuantizer(Bounds(lower: Float(lower), upper: Float(upper)), bits: bits)
    let (low, high) = (min(lower, 0), max(upper, 0))
    let last = Double(Int(1) << bits - 1)
    #expect(abs(Double(q.scale) - (high - low) / last) <= 1e-6 * Double(q.scale))
    #expect(q.value(of: q.level(of: 0)) == 0)
    #expect(Int32(q.level(of: 0)) == q.zeroPoint)
    // Nudging moves the ends by at most half a step.
    #expect(abs(Double(q.value(of: 0)) - low) <= 0.501 * Double(q.scale))
    #expect(abs(Double(q.value(of: UInt16(q.lastLevel))) - high) <= 0.501 * Double(q.scale))
    #expect(q.level(of: -.infinity) == 0 && Int32(q.level(of: .infinity)) == q.lastLevel)
    #expect(Int32(q.level(of: .nan)) == q.zeroPoint)
  }

  @Test func everyLevelIsItsOwnNearest() {
    let q = AffineQuantizer(Bounds(lower: -0.7, upper: 1.9), bits: 8)
    for level in 0...UInt16(255) { #expect(q.level(of: q.value(of: level)) == level) }
  }

  @Test func tiesGoToEven() {
    let q = AffineQuantizer(scale: 2, zeroPoint: 10, bits: 8)
    #expect([1, 3, 5, -1, -3].map { q.level(of: $0) } == [10, 12, 12, 10, 8])
  }

  @Test func symmetricRangesHaveTheirZeroInTheMiddle() {
    let q = AffineQuantizer(Bounds(lower: -1, upper: 0.5), bits: 8, symmetric: true)
    #expect(q.zeroPoint == 128 && q.level(of: -1) == 1 && q.value(of: 255) == 1)
  }

  @Test func aRangeOfZeroHasOnlyZero() {
    let q = AffineQuantizer(Bounds(lower: 0, upper: 0), bits: 8)
    #expect(q.scale == 1 && q.zeroPoint == 0 && q.rounded(0) == 0)
    #expect(AffineQuantizer(Bounds(lower: 0, upper: 0), bits: 8, symmetric: true).zeroPoint == 128)
    // A range whose step would be below the normal numbers.
    #expect(AffineQuantizer(Bounds(lower: 0, upper: 0x1p-140), bits: 8).scale == .leastNormalMagnitude)
  }

  @Test func everyChannelHasItsOwnRange() {
    let weight = Tensor(shape: [2, 1, 1, 2], values: [-1, 3, 100, 200])
    var options = QuantizationOptions()
    options.granularity = .perChannel
    let quantized = QuantizedWeights(weight, options: options)
    #expect(quantized.quantizers.map(\.zeroPoint) == [64, 0])
    #expect(quantized.levels == [0, 255, 128, 255])
    #expect(QuantizedWeights(weight, options: QuantizationOptions()).quantizers.count == 1)
  }
}

@Suite struct RequantizerTests {
  private func levels(_ rounding: QuantizationOptions.Rounding, relu: Bool = false) -> [UInt16] {
    // Multiplier 1/4, so that odd multiples of 2 are ties, and the first of two roundings is exact.
    let requantizer = Requantizer(
      input: AffineQuantizer(scale: 1, zeroPoint: 0, bits: 8),
      weights: QuantizedWeights(
        levels: [0], quantizers: [AffineQuantizer(scale: 1, zeroPoint: 0, bits: 8)], outChannels: 1),
      output: AffineQuantizer(scale: 4, zeroPoint: 100, bits: 8), relu: relu, rounding: rounding)
    let accumulators: [Int32] = [-10, -6, -2, 0, 2, 6, 10, 2_000_000_000, -2_000_000_000]
    var levels = [UInt16](repeating: 0, count: accumulators.count)
    accumulators.withUnsafeBufferPointer {
      let sums = PartialSums(sums: $0.baseAddress!, terms: ChannelTerms<Int32>([0]), windows: nil)
      requantizer.requantize(.narrow(sums), pixels: accumulators.count, into: &levels)
    }
    return levels
  }

  @Test func tiesRoundAsNamed() {
    #expect(levels(.tiesToEven) == [98, 98, 100, 100, 100, 102, 102, 255, 0])
    #expect(levels(.tiesAway) == [97, 98, 99, 100, 101, 102, 103, 255, 0])
    #expect(levels(.tiesUp) == [98, 99, 100, 100, 101, 102, 103, 255, 0])
  }

  @Test func reluStopsAtRealZero() {
    #expect(levels(.tiesToEven, relu: true) == [100, 100, 100, 100, 100, 102, 102, 255, 100])
  }

  /// Random accumulators and multipliers: the fixed-point forms are within half a step, plus their multiplier's
  /// last bit, of the real product; rounding twice adds at most another half of the lost bits.
  @Test func fixedPointMultipliersRoundToNearest() {
    var random = RandomStream(seed: 3, purpose: .subset)
    for _ in 0..<20_000 {
      let real = Double(random.uniform(0.5, 1)) * [0x1p-14, 0x1p-9, 0x1p-3, 1, 4][random.index(below: 5)]
      let x = Int32(bitPattern: random.nextBits()) >> 8
      let exact = Double(x) * real
      let once = FixedPointMultiplier(real, rounding: .tiesUp).multiplyRoundingOnce(x)
      let twice = FixedPointMultiplier(real, rounding: .tiesAway).multiplyRoundingTwice(x)
      let slack = abs(exact) * 0x1p-30
      #expect(abs(Double(once) - exact) <= 0.5 + slack)
      #expect(abs(Double(twice) - exact) <= 1 + slack)
    }
  }

  /// Multipliers of layers whose output range is next to nothing: products beyond 64 bits keep their sign.
  @Test(arguments: [0x1p31, 0x1p40, 0x1p62, 0x1p100])
  func hugeMultipliersSaturate(_ real: Double) {
    let multiplier = FixedPointMultiplier(real, rounding: .tiesAway)
    for x in [Int32(1), 1 << 21, 1 << 24, 1 << 30, .max] {
      #expect(multiplier.multiplyRoundingTwice(x) >= 1 << 30, "\(x)")
      #expect(multiplier.multiplyRoundingTwice(-x) <= -(1 << 30) + 1, "\(-x)")
    }
    #expect(multiplier.multiplyRoundingTwice(0) == 0)
  }
}

@Suite struct BlockDequantizerTests {
  @Test(arguments: [3, 8, 13, 16, 64], [1, 8, 9, 64, 100, 256])
  func levelsAreArrangedInBlocksOfChannels(channels: Int, pixels: Int) {
    for bits in [8, 16] {
      let quantizer = AffineQuantizer(scale: 0.37, zeroPoint: bits == 8 ? 101 : 1010, bits: bits)
      let levels = (0..<channels * pixels).map {
        UInt16(truncatingIfNeeded: ($0 &* 73 &+ $0 / 251) % (1 << bits))
      }
      for block in [1, 8, 16, channels] where channels % block == 0 {
        let dequantizer = BlockDequantizer(quantizer, channels: channels, block: block, pixels: pixels)
        var expected: [Float] = []
        for first in stride(from: 0, to: channels, by: block) {
          for pixel in 0..<pixels {
            for channel in first..<first + block {
              expected.append(quantizer.value(of: levels[pixel * channels + channel]))
            }
          }
        }
        var found = [Float](repeating: .nan, count: levels.count)
        if bits == 8 {
          dequantizer.dequantize(levels.map { UInt8($0) }, into: &found)
        } else {
          dequantizer.dequantize(levels, into: &found)
        }
        #expect(found == expected, "\(bits) bits, blocks of \(block)")
      }
    }
  }
}
