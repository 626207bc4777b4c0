/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a pure function
/// from a 128-bit counter and a 64-bit key to 128 random bits.
public enum Philox {
  public typealias Counter = SIMD4<UInt32>
  public typealias Key = SIMD2<UInt32>

  public static func block(counter: Counter, key: Key) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for round in 0..<10 {
      if round > 0 { k &+= Key(0x9E37_79B9, 0xBB67_AE85) }
      let a = UInt64(c[0]) &* 0xD251_1F53
      let b = UInt64(c[2]) &* 0xCD9E_8D57
      c = Counter(
        UInt32(truncatingIfNeeded: b >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: b),
        UInt32(truncatingIfNeeded: a >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: a))
    }
    return c
  }
}
