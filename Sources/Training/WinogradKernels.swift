/// Sums of products of six tiles with sixteen channels.
private struct SixTiles {
  typealias Pair = (Lanes, Lanes)
  var a, b, c, d, e, f: Pair

  @inline(__always)
  init() {
    let zero: Pair = (.zero, .zero)
    (a, b, c, d, e, f) = (zero, zero, zero, zero, zero, zero)
  }

  /// - Parameters:
  ///   - v: one channel's value of the first tile; the next one's is eight further.
  ///   - u: sixteen weights.
  @inline(__always)
  mutating func add(_ v: UnsafePointer<Float>, _ u: UnsafePointer<Lanes>) {
    let (low, high) = (u[0], u[1])
    Self.add(&a, Lanes(repeating: v[0]), low, high)
    Self.add(&b, Lanes(repeating: v[8]), low, high)
    Self.add(&c, Lanes(repeating: v[16]), low, high)
    Self.add(&d, Lanes(repeating: v[24]), low, high)
    Self.add(&e, Lanes(repeating: v[32]), low, high)
    Self.add(&f, Lanes(repeating: v[40]), low, high)
  }

  @inline(__always)
  private static func add(_ sums: inout Pair, _ x: Lanes, _ low: Lanes, _ high: Lanes) {
    sums.0.addProduct(x, low)
    sums.1.addProduct(x, high)
  }

  @inline(__always)
  func store(_ low: UnsafeMutablePointer<Lanes>, _ high: UnsafeMutablePointer<Lanes>) {
    (low[0], low[1], low[2], low[3], low[4], low[5]) = (a.0, b.0, c.0, d.0, e.0, f.0)
    (high[0], high[1], high[2], high[3], high[4], high[5]) = (a.1, b.1, c.1, d.1, e.1, f.1)
  }
}

/// One element of the transformed tiles, times sixteen columns of a matrix: m = v·u.
///
/// - Parameters:
///   - v: blocks × tiles × 8 channels; a multiple of six tiles.
///   - u: 8·blocks channels × 16.
///   - m: 2 × tiles × 8 channels.
func multiplyTiles(
  _ v: UnsafePointer<Lanes>, blocks: Int, tiles: Int, by u: UnsafePointer<Lanes>,
  into m: UnsafeMutablePointer<Lanes>
) {
  for tile in stride(from: 0, to: tiles, by: 6) {
    var sums = SixTiles()
    for block in 0..<blocks {
      let x = UnsafeRawPointer(v + (block &* tiles &+ tile)).assumingMemoryBound(to: Float.self)
      let w = u + block &* 16
      sums.add(x, w)
      sums.add(x + 1, w + 2)
      sums.add(x + 2, w + 4)
      sums.add(x + 3, w + 6)
      sums.add(x + 4, w + 8)
      sums.add(x + 5, w + 10)
      sums.add(x + 6, w + 12)
      sums.add(x + 7, w + 14)
    }
    sums.store(m + tile, m + (tiles &+ tile))
  }
}

/// Adds one element's part to the gradient of that matrix: u += vᵀ·y.
///
/// - Parameters:
///   - v: tiles × 8 channels.
///   - y: 2 × tiles × 8 channels.
///   - u: 8 × 16.
func sumTiles(
  _ v: UnsafePointer<Lanes>, _ y: UnsafePointer<Lanes>, tiles: Int, to u: UnsafeMutablePointer<Lanes>
) {
  let x = UnsafeRawPointer(v).assumingMemoryBound(to: Float.self)
  sumFourChannels(x, y, y + tiles, tiles: tiles, to: u)
  sumFourChannels(x + 4, y, y + tiles, tiles: tiles, to: u + 8)
}

@inline(__always)
private func sumFourChannels(
  _ x: UnsafePointer<Float>, _ low: UnsafePointer<Lanes>, _ high: UnsafePointer<Lanes>, tiles: Int,
  to u: UnsafeMutablePointer<Lanes>
) {
  var (a, b, c, d) = ((u[0], u[1]), (u[2], u[3]), (u[4], u[5]), (u[6], u[7]))
  for tile in 0..<tiles {
    let (l, h) = (low[tile], high[tile])
    let v = x + tile &* 8
    var value = Lanes(repeating: v[0])
    a.0.addProduct(value, l)
    a.1.addProduct(value, h)
    value = Lanes(repeating: v[1])
    b.0.addProduct(value, l)
    b.1.addProduct(value, h)
    value = Lanes(repeating: v[2])
    c.0.addProduct(value, l)
    c.1.addProduct(value, h)
    value = Lanes(repeating: v[3])
    d.0.addProduct(value, l)
    d.1.addProduct(value, h)
  }
  (u[0], u[1], u[2], u[3]) = (a.0, a.1, b.0, b.1)
  (u[4], u[5], u[6], u[7]) = (c.0, c.1, d.0, d.1)
}
