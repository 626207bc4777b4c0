import CVectors

/// Sums of products of six pixels with sixteen output channels.
struct SixPixelSums {
  typealias Sums = SIMD8<Int32>
  typealias Weights = SIMD16<Int16>
  private var aLow = Sums.zero, bLow = Sums.zero, cLow = Sums.zero
  private var dLow = Sums.zero, eLow = Sums.zero, fLow = Sums.zero
  private var aHigh = Sums.zero, bHigh = Sums.zero, cHigh = Sums.zero
  private var dHigh = Sums.zero, eHigh = Sums.zero, fHigh = Sums.zero

  /// - Parameters:
  ///   - x: of each pixel two neighbouring channels, 16 bits each.
  ///   - index: where they lie.
  ///   - weights: of these, for sixteen output channels.
  @inline(__always)
  mutating func add(_ x: SixPixels, _ index: Int, _ weights: UnsafePointer<Weights>) {
    let (low, high) = (weights[0], weights[1])
    var pair = Self.spread(x.a[index])
    aLow &+= cvectors_add_products(pair, low)
    aHigh &+= cvectors_add_products(pair, high)
    pair = Self.spread(x.b[index])
    bLow &+= cvectors_add_products(pair, low)
    bHigh &+= cvectors_add_products(pair, high)
    pair = Self.spread(x.c[index])
    cLow &+= cvectors_add_products(pair, low)
    cHigh &+= cvectors_add_products(pair, high)
    pair = Self.spread(x.d[index])
    dLow &+= cvectors_add_products(pair, low)
    dHigh &+= cvectors_add_products(pair, high)
    pair = Self.spread(x.e[index])
    eLow &+= cvectors_add_products(pair, low)
    eHigh &+= cvectors_add_products(pair, high)
    pair = Self.spread(x.f[index])
    fLow &+= cvectors_add_products(pair, low)
    fHigh &+= cvectors_add_products(pair, high)
  }

  @inline(__always)
  private static func spread(_ pair: Int32) -> Weights {
    unsafeBitCast(Sums(repeating: pair), to: Weights.self)
  }

  /// - Parameter stride: from a pixel's sums to the next one's, vectors.
  @inline(__always)
  func store(_ sums: UnsafeMutablePointer<Sums>, stride: Int) {
    Self.store(aLow, aHigh, sums)
    Self.store(bLow, bHigh, sums + stride)
    Self.store(cLow, cHigh, sums + 2 &* stride)
    Self.store(dLow, dHigh, sums + 3 &* stride)
    Self.store(eLow, eHigh, sums + 4 &* stride)
    Self.store(fLow, fHigh, sums + 5 &* stride)
  }

  @inline(__always)
  private static func store(_ low: Sums, _ high: Sums, _ place: UnsafeMutablePointer<Sums>) {
    (place[0], place[1]) = (low, high)
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
