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
  ///   - x: of each pixel pairs of neighbouring channels, 16 bits each.
  ///   - first: where a run of them lies.
  ///   - weights: of each pair, for sixteen output channels.
  @inline(__always)
  mutating func add(_ x: SixPixels, _ first: Int, _ length: Int, _ weights: UnsafePointer<Weights>) {
    var w = weights
    for index in first..<first &+ length {
      let (low, high) = (w[0], w[1])
      Self.add(&a, x.a[index], low, high)
      Self.add(&b, x.b[index], low, high)
      Self.add(&c, x.c[index], low, high)
      Self.add(&d, x.d[index], low, high)
      Self.add(&e, x.e[index], low, high)
      Self.add(&f, x.f[index], low, high)
      w += 2
    }
  }

  @inline(__always)
  private static func add(_ sums: inout Pair, _ channels: Int32, _ low: Weights, _ high: Weights) {
    let pair = unsafeBitCast(Sums(repeating: channels), to: Weights.self)
    sums.low &+= cvectors_add_products(pair, low)
    sums.high &+= cvectors_add_products(pair, high)
  }

  /// - Parameter stride: from a pixel's sums to the next one's, vectors.
  @inline(__always)
  mutating func load(_ sums: UnsafePointer<Sums>, stride: Int) {
    a = Self.load(sums)
    b = Self.load(sums + stride)
    c = Self.load(sums + 2 &* stride)
    d = Self.load(sums + 3 &* stride)
    e = Self.load(sums + 4 &* stride)
    f = Self.load(sums + 5 &* stride)
  }

  @inline(__always)
  private static func load(_ place: UnsafePointer<Sums>) -> Pair { (place[0], place[1]) }

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

/// Sums over runs of pairs of channels of six pixels, of sixteen output channels.
///
/// - Parameters:
///   - first: where a run of pairs lies, from each pixel's first.
///   - weights: length × 2.
///   - sums: replaced, or added to.
///   - stride: from a pixel's sums to the next one's, vectors.
///
/// Not inlined: Swift 6.3's compiler crashes over these vectors in a generic class. Of one run alone: with a loop around it
/// the compiler does not keep all sums in registers.
@inline(never)
func multiplyPairs(
  _ pixels: SixPixels, from first: Int, count length: Int, by weights: UnsafePointer<SixPixelSums.Weights>,
  into sums: UnsafeMutablePointer<SixPixelSums.Sums>, stride: Int, adding: Bool
) {
  var six = SixPixelSums()
  if adding { six.load(sums, stride: stride) }
  six.add(pixels, first, length, weights)
  six.store(sums, stride: stride)
}
