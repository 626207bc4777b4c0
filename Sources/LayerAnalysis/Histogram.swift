#if canImport(Glibc)
  import Glibc
#endif
import CVectors
import Tensors

/// Number of equal bins of a tensor's histogram (D6).
public let histogramBins = 256

/// Counts of finite values in 256 equal bins over known bounds (D6): bin ⌊(x − lower)·256/range⌋ in double precision,
/// the upper bound in the last. All fall into the first bin where the range is 0.
public final class HistogramCounter {
  private let lower: Double
  private let scale: Double
  private let allAreFinite: Bool
  private let counts = AlignedBuffer<UInt32>(count: tables * histogramBins)

  /// Neighbouring values are counted in different tables, so that one that repeats does not wait for its own count.
  private static let tables = 8
  private static let block = 1024
  /// Of eight values each, whose bins are found together.
  private static let vectors = 4

  /// - Parameters:
  ///   - bounds: extremes of the finite values.
  ///   - allAreFinite: whether it is known that no others will come.
  public init(bounds: Bounds, allAreFinite: Bool = false) {
    self.allAreFinite = allAreFinite
    lower = Double(bounds.lower)
    scale = bounds.range > 0 ? Double(histogramBins) / bounds.range : 0
  }

  /// - Parameter values: the finite ones within the bounds.
  public func add(_ values: UnsafeBufferPointer<Float>) {
    withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.block) { bins in
      for start in stride(from: 0, to: values.count, by: Self.block) {
        let run = UnsafeBufferPointer(rebasing: values[start..<min(start + Self.block, values.count)])
        if allAreFinite || RunExtent(run).isFinite {
          count(run, bins.baseAddress!)
        } else {
          for value in run where value.isFinite {
            withUnsafePointer(to: value) {
              count(UnsafeBufferPointer(start: $0, count: 1), bins.baseAddress!)
            }
          }
        }
      }
    }
  }

  private func count(_ run: UnsafeBufferPointer<Float>, _ bins: UnsafeMutablePointer<Int32>) {
    let p = run.baseAddress!
    let some = Self.vectors * 8
    let whole = run.count / some * some
    for i in stride(from: 0, to: whole, by: some) {
      if !findBins(p + i, bins + i) {
        for j in i..<i + some { bins[j] = bin(p[j]) }
      }
    }
    for i in whole..<run.count { bins[i] = bin(p[i]) }
    let table = counts.base
    for i in stride(from: 0, to: whole, by: Self.tables) {
      for j in 0..<Self.tables { table[j &* histogramBins &+ Int(bins[i &+ j])] &+= 1 }
    }
    for i in whole..<run.count { table[Int(bins[i])] &+= 1 }
  }

  private func bin(_ value: Float) -> Int32 {
    min(Int32((Double(value) - lower) * scale), Int32(histogramBins - 1))
  }

  /// Finds the bins of some vectors of eight values in single precision, whose three roundings, 3 · 256 · 2⁻²⁴ of a
  /// bin at most, matter only near the border of two bins.
  ///
  /// - Returns: whether each of the values is so far from a border.
  @inline(__always)
  private func findBins(_ values: UnsafePointer<Float>, _ result: UnsafeMutablePointer<Int32>) -> Bool {
    let (lower, scale) = (SIMD8(repeating: Float(lower)), SIMD8(repeating: Float(scale)))
    var sure: UInt32 = 0xFF
    for i in 0..<Self.vectors {
      let some = UnsafeRawPointer(values + 8 &* i).loadUnaligned(as: SIMD8<Float>.self)
      let fromCenter = (some - lower) * scale - 0.5
      // Adding 1.5·2²³ leaves an integer, the nearest, in the low bits of the pattern.
      let shifted = fromCenter + 0x1.8p23
      let distance = fromCenter - (shifted - 0x1.8p23)
      // 2⁻¹⁴ from a border or more, or below the first one, where the first bin is alone.
      let isSure = (distance * distance .< 0.25 - 0x1p-14) .| (fromCenter .< 0)
      sure &= cvectors_signs(unsafeBitCast(isSure, to: SIMD8<Float>.self))
      let bins = unsafeBitCast(shifted, to: SIMD8<Int32>.self) & SIMD8(repeating: Int32(histogramBins - 1))
      UnsafeMutableRawPointer(result + 8 &* i).storeBytes(of: bins, as: SIMD8<Int32>.self)
    }
    return sure == 0xFF
  }

  public var result: [UInt32] {
    (0..<histogramBins).map { bin in
      (0..<Self.tables).reduce(UInt32(0)) { $0 &+ counts.base[$1 * histogramBins + bin] }
    }
  }
}

/// KL divergence, in nats, of a histogram from the uniform distribution on the same bins (D6): Σ p·ln(p·bins).
/// nil of no values.
public func klFromUniform(_ histogram: [UInt32]) -> Double? {
  let total = histogram.reduce(0.0) { $0 + Double($1) }
  guard total > 0 else { return nil }
  return histogram.reduce(0) { sum, count in
    guard count > 0 else { return sum }
    let p = Double(count) / total
    return sum + p * log(p * Double(histogram.count))
  }
}
