import CVectors

/// The greatest values of a stream, or the least ones: as many as an order statistic near that end needs.
///
/// Most values cost one comparison: they are not beyond `threshold`, which rises as the stream goes on. In a long
/// stream it is raised to where, by what came so far, it is likely to be needed in the end. Where that was too high
/// the tail is not `isComplete`, and the stream must come again to one that does not guess: then, as ever, it is
/// exact. Memory is the owner's.
struct Tail {
  enum End: Float {
    case least = -1
    case greatest = 1
  }

  let end: End
  /// How many are wanted at most.
  private let wanted: Int
  private let capacity: Int
  /// Candidates at which the wanted ones are sought out: at first no more than those, for where one value repeats,
  /// as zeros do, there will be no others and the rest of the memory is never touched.
  private var limit: Int
  /// Candidates, those of the least values negated: among them are the `wanted` greatest.
  private let values: UnsafeMutablePointer<Float>
  private var count = 0
  /// What is not greater (negated: the least values) is not wanted.
  private var threshold = -Float.infinity
  /// Of the whole stream.
  private let total: Int
  /// How many values have been seen when the threshold is raised next by a guess.
  private var nextGuess: Int

  /// Room for the `wanted` most extreme of `total` values.
  static func capacity(wanted: Int, of total: Int) -> Int { min(2 * wanted + 8 * block, total + block) }

  private static let block = 8
  /// Values that are looked at before the candidates among them are taken.
  private static let stretch = 1024

  /// A threshold is guessed first after this part of a stream, and for no fewer wanted values.
  private static let firstGuess = 1.0 / 256
  private static let leastWanted = 2048

  /// - Parameters:
  ///   - values: room for `capacity(wanted:of:)` values.
  ///   - guesses: false for one that is complete whatever comes.
  init(_ end: End, wanted: Int, of total: Int, values: UnsafeMutablePointer<Float>, guesses: Bool) {
    self.end = end
    self.wanted = wanted
    self.total = total
    self.values = values
    nextGuess = guesses && wanted >= Self.leastWanted ? Int(Double(total) * Self.firstGuess) : .max
    capacity = Self.capacity(wanted: wanted, of: total)
    limit = min(wanted + Self.block, capacity)
  }

  /// Whether a run whose most extreme value is this can hold wanted ones.
  @inline(__always)
  func wants(extreme: Float) -> Bool { extreme * end.rawValue > threshold }

  /// Takes finite values.
  ///
  /// - Parameter seen: how many values came before them.
  mutating func offer(_ run: UnsafeBufferPointer<Float>, seen: Int) {
    guard let p = run.baseAddress else { return }
    if seen >= nextGuess { guess(seen: seen) }
    let whole = run.count & ~(Self.block - 1)
    for start in stride(from: 0, to: whole, by: Self.stretch) {
      offerBlocks(p + start, min(Self.stretch, whole - start) / Self.block)
    }
    var candidates = 0
    for i in whole..<run.count {
      candidates |= isGreater(p[i] * end.rawValue, than: threshold) &<< (i &- whole)
    }
    take(p + whole, candidates)
  }

  /// First those blocks are found that hold a candidate, without a branch for each, which could not be predicted.
  @inline(__always)
  private mutating func offerBlocks(_ p: UnsafePointer<Float>, _ blocks: Int) {
    typealias Found = (block: Int32, candidates: UInt32)
    withUnsafeTemporaryAllocation(of: Found.self, capacity: Self.stretch / Self.block) { found in
      var number = 0
      for i in 0..<blocks {
        let candidates = greater(p + i &* Self.block, sign: end.rawValue, than: threshold)
        found[number] = (Int32(truncatingIfNeeded: i), candidates)
        number &+= Int((candidates &+ 0xFF) &>> 8)
      }
      for i in 0..<number { take(p + Int(found[i].block) &* Self.block, Int(found[i].candidates)) }
    }
  }

  /// - Parameter candidates: of a block's values, one bit each. Some may not be beyond a threshold that has risen
  ///   since; too many do no harm.
  @inline(__always)
  private mutating func take(_ some: UnsafePointer<Float>, _ candidates: Int) {
    if count &+ Self.block > limit {
      keepGreatest(
        wanted, atMost: limit < capacity ? wanted : wanted + (capacity - wanted) / 4 * 3 - Self.block)
      limit = capacity
    }
    let sign = end.rawValue
    var (left, next) = (candidates, values + count)
    while left != 0 {
      next.pointee = some[left.trailingZeroBitCount] * sign
      next += 1
      left &= left &- 1
    }
    count = next - values
  }

  /// Drops what, by what came so far, is not likely to be wanted.
  private mutating func guess(seen: Int) {
    let part = Double(seen) / Double(total)
    let likely = Int(Double(wanted) * (2 * part + 0.3 * part.squareRoot()))
    nextGuess = likely < wanted ? 2 * seen : .max
    while count > likely + likely / 4 {
      let pivot = self.pivot(0..<count, rank: likely)
      // Equal ones all stay, for of a value that repeats, as zeros do, all may be wanted.
      let kept = partition(0..<count) { 1 &- isGreater(pivot, than: $0) }
      if kept < likely || kept == count { return }
      count = kept
      threshold = max(threshold, pivot.nextDown)
    }
  }

  /// Whether the `rank` most extreme of all values are there.
  ///
  /// - Parameter rank: of at most `wanted`, and of no more values than came.
  func isComplete(rank: Int) -> Bool { count >= rank }

  /// The `rank`-th and the next most extreme value, towards the end, of all that were offered: 1 is the extreme.
  ///
  /// - Parameter rank: in 1 ... the lesser of `wanted` and the number of values offered; `isComplete`.
  mutating func values(ofRank rank: Int) -> (value: Float, next: Float) {
    keepGreatest(rank, atMost: rank)
    var (least, second) = (Float.infinity, Float.infinity)
    for i in 0..<count {
      let value = values[i]
      second = min(second, max(least, value))
      least = min(least, value)
    }
    return (least * end.rawValue, second * end.rawValue)
  }

  /// Drops candidates that are not among the `wanted` greatest, until at most `most` are left.
  private mutating func keepGreatest(_ wanted: Int, atMost most: Int) {
    // Candidates before `first` are among the wanted; those from `last` on are not.
    var (first, last) = (0, count)
    while last > most {
      let pivot = self.pivot(first..<last, rank: wanted - first)
      let greater = partition(first..<last) { isGreater($0, than: pivot) }
      if greater >= wanted {
        last = greater
        threshold = max(threshold, pivot)
      } else {
        let equal = partition(greater..<last) { 1 &- isGreater(pivot, than: $0) }
        if equal >= wanted {
          last = wanted
          threshold = max(threshold, pivot)
        } else {
          first = equal
        }
      }
    }
    count = last
  }

  /// A candidate that about `rank` of a range, or some more, are greater than.
  private func pivot(_ range: Range<Int>, rank: Int) -> Float {
    let size = min(range.count, 31)
    return withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { sample in
      for i in 0..<size {
        let value = values[range.lowerBound + i * range.count / size]
        var j = i
        while j > 0, sample[j - 1] < value {
          sample[j] = sample[j - 1]
          j -= 1
        }
        sample[j] = value
      }
      return sample[min(rank * size / range.count + size / 12, size - 1)]
    }
  }

  /// Moves those that belong there (1, else 0) to the front of a range, and returns where they end.
  @inline(__always)
  private func partition(_ range: Range<Int>, _ belongs: (Float) -> Int) -> Int {
    var boundary = range.lowerBound
    for i in range {
      let value = values[i]
      values[i] = values[boundary]
      values[boundary] = value
      boundary &+= belongs(value)
    }
    return boundary
  }
}

/// 1 or 0, without a branch, which could not be predicted: the sign of a difference.
///
/// - Parameters:
///   - value: finite.
///   - other: finite or −∞.
@inline(__always)
private func isGreater(_ value: Float, than other: Float) -> Int {
  Int(truncatingIfNeeded: (other - value).bitPattern &>> 31)
}

/// Which of 8 values, times the sign, are greater than a threshold, one bit each, the first's lowest.
///
/// - Parameter threshold: finite or −∞.
@inline(__always)
private func greater(_ values: UnsafePointer<Float>, sign: Float, than threshold: Float) -> UInt32 {
  let eight = UnsafeRawPointer(values).loadUnaligned(as: SIMD8<Float>.self) * sign
  return cvectors_signs(SIMD8(repeating: threshold) - eight)
}
