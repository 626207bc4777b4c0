#if canImport(Glibc)
  import Glibc
#endif

/// Number of equal bins of a tensor's histogram (D6).
public let histogramBins = 256

/// Counts of the finite values in 256 equal bins over `bounds` (D6): bin ⌊(x − lower)·256/range⌋ in double
/// precision, the upper bound in the last. All fall into the first bin where the range is 0.
///
/// - Parameter bounds: extremes of the finite values.
public func histogram(of values: UnsafeBufferPointer<Float>, bounds: Bounds) -> [UInt32] {
  let lower = Double(bounds.lower)
  let scale = bounds.range > 0 ? Double(histogramBins) / bounds.range : 0
  var even = [UInt32](repeating: 0, count: histogramBins)
  var odd = even
  even.withUnsafeMutableBufferPointer { even in
    odd.withUnsafeMutableBufferPointer { odd in
      var i = 0
      while i < values.count {
        if values[i].isFinite { even[bin(values[i], lower, scale)] &+= 1 }
        if i + 1 < values.count, values[i + 1].isFinite { odd[bin(values[i + 1], lower, scale)] &+= 1 }
        i += 2
      }
    }
  }
  return zip(even, odd).map { $0 &+ $1 }
}

@inline(__always)
private func bin(_ value: Float, _ lower: Double, _ scale: Double) -> Int {
  let position = Int(truncatingIfNeeded: Int32((Double(value) - lower) * scale))
  return min(max(position, 0), histogramBins - 1)
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
