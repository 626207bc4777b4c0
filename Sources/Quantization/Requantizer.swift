import Tensors

#if canImport(Glibc)
  import Glibc
#endif

/// Brings accumulators at scale S_x·S_w to output levels (E3), channel by channel, and applies ReLU by not going
/// below the level of real zero.
package struct Requantizer {
  let rounding: QuantizationOptions.Rounding
  let zeroPoint: Int32
  let lowest: Int32
  let highest: Int32
  /// float32(float32(S_x·S_w)/S_y) per output channel.
  let multipliers: [Float]
  private let fixed: [FixedPointMultiplier]

  package init(
    input: AffineQuantizer, weights: QuantizedWeights, output: AffineQuantizer, relu: Bool,
    rounding: QuantizationOptions.Rounding
  ) {
    self.rounding = rounding
    zeroPoint = output.zeroPoint
    lowest = relu ? output.zeroPoint : 0
    highest = output.lastLevel
    let scales = (0..<weights.outChannels).map { weights.quantizer(ofChannel: $0).scale }
    multipliers = scales.map { min(input.scale * $0 / output.scale, .greatestFiniteMagnitude) }
    fixed = scales.map {
      FixedPointMultiplier(Double(input.scale) * Double($0) / Double(output.scale), rounding: rounding)
    }
  }

  /// The level of one accumulator: the definition that the vectorized loop below equals.
  package func level(of accumulator: Int32, channel: Int) -> UInt16 {
    let steps: Int32
    switch rounding {
    case .tiesToEven:
      let real = Float(accumulator) * multipliers[channel]
      steps = Int32(
        min(max(real, Float(lowest - zeroPoint)), Float(highest - zeroPoint)).rounded(.toNearestOrEven))
    case .tiesAway: steps = fixed[channel].multiplyRoundingTwice(accumulator)
    case .tiesUp: steps = fixed[channel].multiplyRoundingOnce(accumulator)
    }
    return UInt16(min(max(Int64(steps) + Int64(zeroPoint), Int64(lowest)), Int64(highest)))
  }

  /// Accumulators of more than 8 bits' operands: a product in double precision, rounded once in the same direction.
  package func level(ofWide accumulator: Int64, channel: Int) -> UInt16 {
    let real = Double(accumulator) * Double(multipliers[channel])
    let clipped = min(max(real, Double(lowest - zeroPoint)), Double(highest - zeroPoint))
    let steps =
      switch rounding {
      case .tiesToEven: clipped.rounded(.toNearestOrEven)
      case .tiesAway: clipped.rounded(.toNearestOrAwayFromZero)
      case .tiesUp: (clipped + 0.5).rounded(.down)
      }
    return UInt16(Int32(steps) + zeroPoint)
  }

  /// The levels of some pixels, pixels × channels.
  package func requantize<Level: LevelScalar>(
    _ accumulators: Accumulators, pixels: Int, into levels: UnsafeMutablePointer<Level>
  ) {
    let channels = multipliers.count
    switch accumulators {
    case .narrow(let sums) where rounding == .tiesToEven:
      multipliers.withUnsafeBufferPointer { requantizeToEven(sums, $0, pixels: pixels, into: levels) }
    case .narrow(let sums):
      for i in 0..<pixels * channels {
        let (pixel, channel) = (i / channels, i % channels)
        let total = sums.total(pixel: pixel, channel: channel)
        levels[i] = Level(truncatingIfNeeded: level(of: total, channel: channel))
      }
    case .wide(let sums):
      for i in 0..<pixels * channels {
        let (pixel, channel) = (i / channels, i % channels)
        let total = sums.total(pixel: pixel, channel: channel)
        levels[i] = Level(truncatingIfNeeded: level(ofWide: total, channel: channel))
      }
    }
  }

  private func requantizeToEven<Level: LevelScalar>(
    _ partial: PartialSums<Int32>, _ multipliers: UnsafeBufferPointer<Float>, pixels: Int,
    into levels: UnsafeMutablePointer<Level>
  ) {
    let m = multipliers.baseAddress!
    let (constants, factors) = (partial.terms.constants.base, partial.terms.factors.base)
    let channels = partial.terms.channels
    guard let windows = partial.windows else {
      for pixel in 0..<pixels {
        let sums = partial.sums + pixel * channels
        requantizeRun(m, levels + pixel * channels, count: channels) { sums[$0] &+ constants[$0] }
      }
      return
    }
    let groups = partial.terms.groups
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: channels) { ofChannel in
      let window = ofChannel.baseAddress!
      for pixel in 0..<pixels {
        let sums = partial.sums + pixel * channels
        let out = levels + pixel * channels
        if groups == 1, partial.terms.factorsAreEqual {
          let shared = windows[pixel] &* factors[0]
          requantizeRun(m, out, count: channels) { sums[$0] &+ constants[$0] &+ shared }
        } else {
          spread(windows + pixel * groups, groups: groups, channels: channels / groups, into: window)
          requantizeRun(m, out, count: channels) {
            sums[$0] &+ constants[$0] &+ window[$0] &* factors[$0]
          }
        }
      }
    }
  }

  /// clip(acc·m) rounded to even, plus the zero point; a loop that vectorizes.
  @inline(__always)
  private func requantizeRun<Level: LevelScalar>(
    _ multipliers: UnsafePointer<Float>, _ levels: UnsafeMutablePointer<Level>, count: Int,
    _ accumulator: (Int) -> Int32
  ) {
    let low = Float(lowest - zeroPoint)
    let high = Float(highest - zeroPoint)
    // Adding 1.5·2²³ leaves the integer, rounded to even, in the low bits of the pattern.
    let offset = zeroPoint &- Int32(bitPattern: Float(0x1.8p23).bitPattern)
    for i in 0..<count {
      var real = Float(accumulator(i)) * multipliers[i]
      real = real < low ? low : real
      real = real > high ? high : real
      levels[i] = Level(truncatingIfNeeded: Int32(bitPattern: (real + 0x1.8p23).bitPattern) &+ offset)
    }
  }
}

/// Each of some values as often as there are channels in a group: a loop of known length is vectorized.
private func spread(
  _ values: UnsafePointer<Int32>, groups: Int, channels: Int, into ofChannel: UnsafeMutablePointer<Int32>
) {
  if channels % 8 == 0 {
    for start in stride(from: 0, to: groups * channels, by: 8) {
      let value = values[start / channels]
      for i in 0..<8 { ofChannel[start + i] = value }
    }
  } else {
    for i in 0..<groups * channels { ofChannel[i] = values[i / channels] }
  }
}

/// A real multiplier as mantissa·2^(shift − 31) with a mantissa in 2³⁰ ..< 2³¹, as TFLite's `QuantizeMultiplier`.
package struct FixedPointMultiplier: Hashable {
  let mantissa: Int32
  let shift: Int

  package init(_ real: Double, rounding: QuantizationOptions.Rounding) {
    guard real > 0, real.isFinite else {
      mantissa = 0
      shift = 0
      return
    }
    let (fraction, exponent) = frexp(real)
    var q = Int64((fraction * 0x1p31).rounded(.toNearestOrAwayFromZero))
    var e = exponent
    if q == 1 << 31 {
      q /= 2
      e += 1
    }
    if e < -31 {
      e = 0
      q = 0
    }
    if rounding == .tiesUp, e > 30 {
      e = 30
      q = (1 << 31) - 1
    }
    mantissa = Int32(q)
    shift = e
  }

  /// Rounded once, ties towards +∞ (TFLite's `MultiplyByQuantizedMultiplier` with single rounding).
  package func multiplyRoundingOnce(_ x: Int32) -> Int32 {
    let right = 31 - shift
    let product = Int64(x) * Int64(mantissa) + Int64(1) << (right - 1)
    return Int32(clamping: product >> right)
  }

  /// Rounded to the high half of the doubled product, then divided by a power of two with ties away from zero
  /// (gemmlowp's `SaturatingRoundingDoublingHighMul` and `RoundingDivideByPOT`).
  package func multiplyRoundingTwice(_ x: Int32) -> Int32 {
    // From 31 on, every x but 0 is clamped.
    let shifted = Int32(clamping: Int64(x) << min(max(shift, 0), 31))
    let product = Int64(shifted) * Int64(mantissa)
    let nudge: Int64 = product >= 0 ? 1 << 30 : 1 - 1 << 30
    let high = Int32(clamping: (product + nudge) / (1 << 31))
    let right = max(-shift, 0)
    let mask = Int32(truncatingIfNeeded: Int64(1) << right - 1)
    let threshold = mask >> 1 + (high < 0 ? 1 : 0)
    return high >> right + (high & mask > threshold ? 1 : 0)
  }
}
