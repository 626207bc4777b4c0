/// The transforms of Winograd's minimal filtering F(4 × 4, 3 × 3) in whole numbers, with interpolation at 0, ±1, ±2 and ∞.
///
/// Of Lavin and Gray's maps (arXiv:1509.09308) Bᵀ and Aᵀ are whole; G is 1/24 of whole rows times 6, −4, −4, 1, 1 and 24,
/// factors that are put into Aᵀ here, which so gives 24 times a result along each axis.
enum IntegerWinograd {
  typealias Values = SIMD16<Int16>
  typealias Sums = SIMD8<Int32>

  /// Pixels of a tile along an axis, and results.
  static let pixels = 6
  static let results = 4
  static let elements = pixels * pixels

  /// A result's magnitude is less: its product with 24² is known modulo 2³², which leaves it modulo 2²⁶.
  static let limit = 1 << 25

  /// Of 3 × 3 taps, G·g·Gᵀ without those factors: 6 × 6 elements, at most 49 times the largest tap.
  static func kernel(_ taps: InlineArray<9, Int32>) -> InlineArray<36, Int32> {
    func apply(_ g: (Int32, Int32, Int32)) -> InlineArray<6, Int32> {
      let (even, evenTwice) = (g.0 + g.2, g.0 + 4 * g.2)
      return [g.0, even + g.1, even - g.1, evenTwice + 2 * g.1, evenTwice - 2 * g.1, g.2]
    }
    let (left, middle, right) = (
      apply((taps[0], taps[3], taps[6])), apply((taps[1], taps[4], taps[7])),
      apply((taps[2], taps[5], taps[8]))
    )
    var elements = InlineArray<36, Int32>(repeating: 0)
    for row in 0..<pixels {
      let elementsOfRow = apply((left[row], middle[row], right[row]))
      for column in 0..<pixels { elements[row * pixels + column] = elementsOfRow[column] }
    }
    return elements
  }
}

/// Bᵀ·d·B of sixteen channels of a tile: integers of at most 8 bits and a sign become at most 100 times as large.
///
/// - Parameters:
///   - pixels: of the tile, `step` apart in rows `rowStep` apart.
///   - half: room for 36.
///   - elements: 36, `elementStep` apart.
func transformTile(
  _ pixels: UnsafePointer<IntegerWinograd.Values>, rowStep: Int, step: Int,
  _ half: UnsafeMutablePointer<IntegerWinograd.Values>,
  into elements: UnsafeMutablePointer<IntegerWinograd.Values>, elementStep: Int
) {
  for row in 0..<6 { transformValues(pixels + row &* rowStep, step, half + row, 6) }
  for column in 0..<6 {
    transformValues(half + column &* 6, 1, elements + column &* elementStep, 6 &* elementStep)
  }
}

@inline(__always)
private func transformValues(
  _ x: UnsafePointer<IntegerWinograd.Values>, _ step: Int, _ y: UnsafeMutablePointer<IntegerWinograd.Values>,
  _ yStep: Int
) {
  let (x0, x1, x2) = (x[0], x[step], x[2 &* step])
  let (x3, x4, x5) = (x[3 &* step], x[4 &* step], x[5 &* step])
  let (even, odd) = (x4 &- x2 &<< 2, x3 &- x1 &<< 2)
  let (evenTwice, oddTwice) = (x4 &- x2, (x3 &- x1) &<< 1)
  y[0] = (x0 &- x2) &<< 2 &+ evenTwice
  y[yStep] = even &+ odd
  y[2 &* yStep] = even &- odd
  y[3 &* yStep] = evenTwice &+ oddTwice
  y[4 &* yStep] = evenTwice &- oddTwice
  y[5 &* yStep] = (x1 &- x3) &<< 2 &+ x5 &- x3
}

/// The results of eight channels of a tile from its products, which overflow freely.
///
/// - Parameters:
///   - products: 36, `step` apart.
///   - half: room for 24.
///   - sums: 16, `pixelStep` apart in rows `rowStep` apart.
func transformProducts(
  _ products: UnsafePointer<IntegerWinograd.Sums>, step: Int,
  _ half: UnsafeMutablePointer<IntegerWinograd.Sums>,
  into sums: UnsafeMutablePointer<IntegerWinograd.Sums>, rowStep: Int, pixelStep: Int
) {
  for column in 0..<6 {
    let y = ResultSums(products + column &* step, 6 &* step)
    (half[column], half[6 &+ column], half[12 &+ column], half[18 &+ column]) = (
      y.first, y.second, y.third, y.fourth
    )
  }
  putRow(half, doublings: 3, sums, pixelStep)
  putRow(half + 6, doublings: 2, sums + rowStep, pixelStep)
  putRow(half + 12, doublings: 1, sums + 2 &* rowStep, pixelStep)
  putRow(half + 18, doublings: 1, sums + 3 &* rowStep, pixelStep)
}

/// - Parameter doublings: d, where the row holds 3·2ᵈ times its results.
@inline(__always)
private func putRow(
  _ row: UnsafePointer<IntegerWinograd.Sums>, doublings: Int32,
  _ sums: UnsafeMutablePointer<IntegerWinograd.Sums>,
  _ step: Int
) {
  let y = ResultSums(row, 1)
  sums[0] = ninth(y.first, doublings &+ 3)
  sums[step] = ninth(y.second, doublings &+ 2)
  sums[2 &* step] = ninth(y.third, doublings &+ 1)
  sums[3 &* step] = ninth(y.fourth, doublings &+ 1)
}

/// The quotient by 9·2ⁿ of a multiple of it that is known modulo 2³².
@inline(__always)
private func ninth(_ multiple: IntegerWinograd.Sums, _ doublings: Int32) -> IntegerWinograd.Sums {
  // 9 times this is 2³³ + 1.
  (multiple &* IntegerWinograd.Sums(repeating: 954_437_177)) &>> IntegerWinograd.Sums(repeating: doublings)
}

/// Aᵀ·m along an axis: 24, 12, 6 and 6 times the four results.
private struct ResultSums {
  let first, second, third, fourth: IntegerWinograd.Sums

  @inline(__always)
  init(_ m: UnsafePointer<IntegerWinograd.Sums>, _ step: Int) {
    let (m1, m2, m3, m4) = (m[step], m[2 &* step], m[3 &* step], m[4 &* step])
    let (sum, difference) = (m1 &+ m2, m1 &- m2)
    let (sumOfTwos, differenceOfTwos) = (m3 &+ m4, m3 &- m4)
    first = six(m[0]) &- sum &<< 2 &+ sumOfTwos
    second = differenceOfTwos &- difference &<< 1
    third = sumOfTwos &- sum
    fourth = six(m[5 &* step]) &- difference &+ differenceOfTwos &<< 1
  }
}

@inline(__always)
private func six(_ m: IntegerWinograd.Sums) -> IntegerWinograd.Sums { m &<< 2 &+ m &<< 1 }
