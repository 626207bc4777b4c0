#if canImport(Glibc)
  import Glibc
#endif

/// What a random number is for. Raw values are part of every trial's results: never renumber.
public enum RandomPurpose: UInt32, Sendable {
  case weights = 1
  case shuffle = 2
  case augmentation = 3
  case calibration = 4
  case syntheticData = 5
  case subset = 6
  case drill = 7
}

/// A stream of random numbers that is a pure function of (seed, purpose, epoch, index): whoever draws it, and
/// in whatever order streams are made, the numbers are the same.
public struct RandomStream: RandomNumberGenerator, Sendable {
  private let key: Philox.Key
  private var counter: Philox.Counter
  private var block: SIMD4<UInt32> = .zero
  private var used = 4

  /// - Parameters:
  ///   - epoch: the epoch, or a second coordinate of the caller's (a draw, a layer).
  ///   - index: the item within it, e.g. the image's position in the training set.
  public init(seed: UInt64, purpose: RandomPurpose, epoch: Int = 0, index: Int = 0) {
    key = Philox.Key(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    counter = Philox.Counter(
      0, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: epoch), purpose.rawValue)
  }

  public mutating func nextBits() -> UInt32 {
    if used == 4 {
      block = Philox.block(counter: counter, key: key)
      counter[0] &+= 1
      used = 0
    }
    defer { used += 1 }
    return block[used]
  }

  public mutating func next() -> UInt64 {
    let low = nextBits()
    return UInt64(nextBits()) << 32 | UInt64(low)
  }

  /// Uniform in [0, 1) with 24 random bits.
  public mutating func uniform() -> Float { Float(nextBits() >> 8) * 0x1p-24 }

  /// Uniform in [lower, upper).
  public mutating func uniform(_ lower: Float, _ upper: Float) -> Float {
    lower + (upper - lower) * uniform()
  }

  /// Uniform integer in 0 ..< bound, without bias (Lemire's multiply and reject).
  public mutating func index(below bound: Int) -> Int {
    precondition(bound > 0 && bound <= Int(UInt32.max))
    let width = UInt64(bound)
    let threshold = UInt64(UInt32(truncatingIfNeeded: 0 &- UInt32(bound)) % UInt32(bound))
    while true {
      let product = UInt64(nextBits()) * width
      if product & 0xFFFF_FFFF >= threshold { return Int(product >> 32) }
    }
  }

  /// Standard normal by Box–Muller, in double precision and rounded once.
  public mutating func normal() -> Float {
    let u = (Double(nextBits()) + 0.5) * 0x1p-32
    let v = Double(nextBits()) * 0x1p-32
    return Float((-2 * log(u)).squareRoot() * cos(2 * Double.pi * v))
  }

  /// A permutation of 0 ..< count (Fisher–Yates).
  public mutating func permutation(of count: Int) -> [Int32] {
    var order = (0..<count).map { Int32($0) }
    for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, index(below: i + 1)) }
    return order
  }
}
