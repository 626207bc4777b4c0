#if canImport(Glibc)
  import Glibc
#endif
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

  /// - Parameters:
  ///   - bounds: extremes of the finite values.
  ///   - allAreFinite: whether it is known that no others will come.
  public init(bounds: Bounds, allAreFinite: Bool = false) {
    self.allAreFinite = allAreFinite
    lower = Double(bounds.lower)
    scale = bounds.range > 0 ? Double(histogramBins) / bounds.range : 0
  }

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
    let last = Int32(histogramBins - 1)
    // Two loops: the first is vectorized. Adding 2⁵² leaves an integer in the low bits of the pattern.
    for i in 0..<run.count {
      let position = ((Double(p[i]) - lower) * scale).rounded(.down)
      bins[i] = min(Int32(truncatingIfNeeded: (position + 0x1p52).bitPattern), last)
    }
    let table = counts.base
    let whole = run.count & ~(Self.tables - 1)
    var i = 0
    while i < whole {
      for j in 0..<Self.tables { table[j * histogramBins + Int(bins[i + j])] &+= 1 }
      i += Self.tables
    }
    while i < run.count {
      table[Int(bins[i])] &+= 1
      i += 1
    }
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
