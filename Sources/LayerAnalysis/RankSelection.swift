import Tensors

/// Values ordered by their bit patterns: a float's key as an unsigned integer sorts as the float does.
enum SortKey {
  /// −0 counts as +0.
  @inline(__always)
  static func of(_ value: Float) -> UInt32 {
    let bits = (value + 0).bitPattern
    return bits ^ (UInt32(bitPattern: Int32(bitPattern: bits) >> 31) | 0x8000_0000)
  }

  static func value(of key: UInt32) -> Float {
    Float(bitPattern: key & 0x8000_0000 != 0 ? key ^ 0x8000_0000 : ~key)
  }

  /// Upper halves of the keys of finite values.
  static let finiteHalves = 0x0080...0xFF7F
  /// Number of values a half of a key takes.
  static let halves = 1 << 16
  /// Upper half of the key of zero, which is the least key of its half.
  static let zeroHalf = 0x8000
}

/// Finds the values of given ranks (positions in sorted order) without sorting: a first pass counts the upper
/// halves of all keys, a second the lower halves of those whose upper half holds a wanted rank. Exact, in memory
/// that does not grow with the number of values.
struct RankSelection {
  /// Finite values; ranks count these.
  let finite: Int
  /// Upper halves whose lower halves the second pass must count.
  private(set) var wanted: [UInt32] = []
  private var targets: [Int: Target] = [:]

  private enum Target {
    case zero
    case within(half: UInt32, rank: Int)
  }

  /// - Parameters:
  ///   - upper: how many values have each upper half.
  ///   - zeros: how many values are 0.
  ///   - ranks: the ranks wanted, as a function of the number of finite values.
  init(upper: [UInt32], zeros: Int, ranks: (Int) -> [Int]) {
    finite = upper[SortKey.finiteHalves].reduce(0) { $0 + Int($1) }
    guard finite > 0 else { return }
    var below = 0
    var half = SortKey.finiteHalves.lowerBound
    for rank in Set(ranks(finite)).sorted() {
      while below + Int(upper[half]) <= rank {
        below += Int(upper[half])
        half += 1
      }
      if half == SortKey.zeroHalf, rank - below < zeros {
        targets[rank] = .zero
      } else {
        targets[rank] = .within(half: UInt32(half), rank: rank - below)
        if wanted.last != UInt32(half) { wanted.append(UInt32(half)) }
      }
    }
  }

  /// The value of one of the wanted ranks.
  /// - Parameter lower: for each of `wanted`, how many of its values have each lower half, one after the other.
  func value(ofRank rank: Int, lower: UnsafePointer<UInt32>) -> Float {
    switch targets[rank]! {
    case .zero: return 0
    case .within(let half, let rank):
      let counts = lower + wanted.firstIndex(of: half)! * SortKey.halves
      var below = 0
      var low = 0
      while below + Int(counts[low]) <= rank {
        below += Int(counts[low])
        low += 1
      }
      return SortKey.value(of: half << 16 | UInt32(low))
    }
  }
}

/// Counts of the upper halves of keys, in four tables taken in turn, so that a value that repeats soon does not
/// wait for its own count.
final class UpperHalfCounts {
  private static let tables = 4
  private let counts = AlignedBuffer<UInt32>(count: tables * SortKey.halves)
  private var zeros = 0

  func add(_ run: UnsafeBufferPointer<Float>) {
    zeros += run.zeros
    let p = run.baseAddress!
    let table = counts.base
    let whole = run.count & ~(Self.tables - 1)
    var i = 0
    while i < whole {
      for j in 0..<Self.tables { table[j << 16 + Int(SortKey.of(p[i + j]) >> 16)] &+= 1 }
      i += Self.tables
    }
    while i < run.count {
      table[Int(SortKey.of(p[i]) >> 16)] &+= 1
      i += 1
    }
  }

  /// The counts so far and the number of zeros; starts anew.
  func take() -> (counts: [UInt32], zeros: Int) {
    let table = counts.base
    let sums = [UInt32](unsafeUninitializedCapacity: SortKey.halves) { sums, count in
      for half in 0..<SortKey.halves {
        var sum: UInt32 = 0
        for j in 0..<Self.tables { sum &+= table[j << 16 + half] }
        sums.initializeElement(at: half, to: sum)
      }
      count = SortKey.halves
    }
    counts.buffer.update(repeating: 0)
    defer { zeros = 0 }
    return (sums, zeros)
  }
}

/// Adds to `counts` the lower half of every key of a run whose upper half is `half`.
func countLowerHalves(
  _ run: UnsafeBufferPointer<Float>, of half: UInt32, _ counts: UnsafeMutablePointer<UInt32>
) {
  let p = run.baseAddress!
  var i = 0
  while i < run.count {
    let end = min(i + 16, run.count)
    var hits: UInt32 = 0
    // Without a branch, so that it vectorizes: the top bit of t − 1 is set only where t is 0.
    for j in i..<end { hits |= (SortKey.of(p[j]) >> 16 ^ half) &- 1 }
    if hits >> 31 != 0 {
      for j in i..<end {
        let key = SortKey.of(p[j])
        if key >> 16 == half { counts[Int(key & 0xFFFF)] &+= 1 }
      }
    }
    i = end
  }
}
