#if canImport(Glibc)
  import Glibc
#endif
import Tensors

/// Number of equal bins of a tensor's histogram (D6).
public let histogramBins = 256

/// Counts of the finite values in 256 equal bins over `bounds` (D6): bin ⌊(x − lower)·256/range⌋ in double
/// precision, the upper bound in the last. All fall into the first bin where the range is 0.
///
/// - Parameter bounds: extremes of the finite values.
public func histogram(of values: UnsafeBufferPointer<Float>, bounds: Bounds) -> [UInt32] {
  let lower = Double(bounds.lower)
  let scale = bounds.range > 0 ? Double(histogramBins) / bounds.range : 0
  let counts = AlignedBuffer<UInt32>(count: tables * histogramBins)
  for start in stride(from: 0, to: values.count, by: block) {
    let run = UnsafeBufferPointer(rebasing: values[start..<min(start + block, values.count)])
    if run.isFinite {
      count(run, lower, scale, counts.base)
    } else {
      for value in run where value.isFinite {
        withUnsafePointer(to: value) {
          count(UnsafeBufferPointer(start: $0, count: 1), lower, scale, counts.base)
        }
      }
    }
  }
  return (0..<histogramBins).map { bin in
    (0..<tables).reduce(UInt32(0)) { $0 &+ counts.base[$1 * histogramBins + bin] }
  }
}

/// Neighbouring values are counted in different tables, so that one that repeats does not wait for its own count.
private let tables = 16
private let block = 4096

private func count(
  _ run: UnsafeBufferPointer<Float>, _ lower: Double, _ scale: Double, _ counts: UnsafeMutablePointer<UInt32>
) {
  let p = run.baseAddress!
  var i = 0
  while i < run.count {
    for j in 0..<min(tables, run.count - i) {
      let position = UInt(bitPattern: Int((Double(p[i + j]) - lower) * scale))
      counts[j * histogramBins + Int(min(position, UInt(histogramBins - 1)))] &+= 1
    }
    i += tables
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
