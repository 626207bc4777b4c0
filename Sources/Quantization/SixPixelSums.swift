import CVectors

/// Sums of products of six pixels with sixteen output channels.
struct SixPixelSums {
  typealias Sums = SIMD8<Int32>
  typealias Weights = SIMD16<Int16>
  private typealias Pair = (low: Sums, high: Sums)
  private var a: Pair = (.zero, .zero)
  private var b: Pair = (.zero, .zero)
  private var c: Pair = (.zero, .zero)
  private var d: Pair = (.zero, .zero)
  private var e: Pair = (.zero, .zero)
  private var f: Pair = (.zero, .zero)

  /// - Parameters:
  ///   - x: of each pixel two neighbouring channels, 16 bits each.
  ///   - index: where they lie.
  ///   - weights: of these, for sixteen output channels.
  @inline(__always)
  mutating func add(_ x: SixPixels, _ index: Int, _ weights: UnsafePointer<Weights>) {
    let (low, high) = (weights[0], weights[1])
    Self.add(&a, x.a[index], low, high)
    Self.add(&b, x.b[index], low, high)
    Self.add(&c, x.c[index], low, high)
    Self.add(&d, x.d[index], low, high)
    Self.add(&e, x.e[index], low, high)
    Self.add(&f, x.f[index], low, high)
  }

  @inline(__always)
  private static func add(_ sums: inout Pair, _ channels: Int32, _ low: Weights, _ high: Weights) {
    let pair = unsafeBitCast(Sums(repeating: channels), to: Weights.self)
    sums.low &+= cvectors_add_products(pair, low)
    sums.high &+= cvectors_add_products(pair, high)
  }

  /// - Parameter stride: from a pixel's sums to the next one's, vectors.
  @inline(__always)
  func store(_ sums: UnsafeMutablePointer<Sums>, stride: Int) {
    Self.store(a, sums)
    Self.store(b, sums + stride)
    Self.store(c, sums + 2 &* stride)
    Self.store(d, sums + 3 &* stride)
    Self.store(e, sums + 4 &* stride)
    Self.store(f, sums + 5 &* stride)
  }

  @inline(__always)
  private static func store(_ pair: Pair, _ place: UnsafeMutablePointer<Sums>) {
    (place[0], place[1]) = pair
  }
}

/// Six pixels' channels, in pairs.
struct SixPixels {
  let a, b, c, d, e, f: UnsafePointer<Int32>
}

/// Sums over windows of six pixels, of sixteen output channels.
///
/// - Parameters:
///   - taps: where the pixels of a window lie, from its first, in pairs of channels.
///   - pairs: of a pixel.
///   - weights: taps × pairs × 2.
///   - stride: from a pixel's sums to the next one's, vectors.
///
/// Not inlined: Swift 6.3's compiler crashes over these vectors in a generic class.
@inline(never)
func multiplyPairs(
  _ pixels: SixPixels, taps: [Int], pairs: Int, by weights: UnsafePointer<SixPixelSums.Weights>,
  into sums: UnsafeMutablePointer<SixPixelSums.Sums>, stride: Int
) {
  var six = SixPixelSums()
  var w = weights
  for tap in taps {
    for i in tap..<tap &+ pairs {
      six.add(pixels, i, w)
      w += 2
    }
  }
  six.store(sums, stride: stride)
}
