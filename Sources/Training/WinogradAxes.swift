/// A linear map of values along one axis of a tile, eight channels at a time: a step of Winograd's minimal filtering.
///
/// A 3-tap filter g of the values d is y = Aᵀ[(G·g) ⊙ (Bᵀ·d)], with fewer products than taps times results (Lavin and
/// Gray, arXiv:1509.09308); in two dimensions all three maps are applied along one axis, then along the other. Gradients
/// go back through them by the transposed maps.
protocol AxisMap {
  static var inputs: Int { get }
  static var outputs: Int { get }
  /// - Parameters: steps are between two values, vectors.
  static func apply(_ x: UnsafePointer<Lanes>, _ step: Int, _ y: UnsafeMutablePointer<Lanes>, _ yStep: Int)
}

/// The maps of a kind of minimal filtering.
protocol WinogradForm {
  /// Bᵀ: of the values that a tile's results depend on.
  associatedtype Values: AxisMap
  /// Aᵀ: of products into results.
  associatedtype Products: AxisMap
  /// A: of results' gradients into products'.
  associatedtype ResultGradients: AxisMap
  /// G: of a kernel's three taps into six elements.
  associatedtype Kernel: AxisMap
  /// Gᵀ: of gradients of those elements into the taps'.
  associatedtype KernelGradient: AxisMap
  /// For each of a tile's elements along an axis, the kernel's that it is multiplied with.
  static var kernelElements: [Int] { get }
}

/// Applies a map along both axes.
///
/// - Parameters:
///   - x: inputs × inputs values, `step` apart in rows `rowStep` apart.
///   - half: room for outputs × inputs.
///   - y: outputs × outputs, row by row, `yStep` apart.
@inline(__always)
func transform<Map: AxisMap>(
  _: Map.Type, _ x: UnsafePointer<Lanes>, rowStep: Int, step: Int, _ half: UnsafeMutablePointer<Lanes>,
  into y: UnsafeMutablePointer<Lanes>, yStep: Int
) {
  for row in 0..<Map.inputs { Map.apply(x + row &* rowStep, step, half + row, Map.inputs) }
  for column in 0..<Map.outputs {
    Map.apply(half + column &* Map.inputs, 1, y + column &* yStep, Map.outputs &* yStep)
  }
}

/// F(4, 3), stride 1: six products for four results, with interpolation at 0, ±5/8, ±3/2 and ∞, which rounds less
/// than at whole numbers.
enum UnitStride: WinogradForm {
  static var kernelElements: [Int] { Array(0..<6) }

  private static var a: Float { 0.625 }
  private static var b: Float { 1.5 }
  private static var a2: Float { a * a }
  private static var b2: Float { b * b }

  enum Values: AxisMap {
    static var inputs: Int { 6 }
    static var outputs: Int { 6 }

    @inline(__always)
    static func apply(_ x: UnsafePointer<Lanes>, _ step: Int, _ y: UnsafeMutablePointer<Lanes>, _ yStep: Int)
    {
      let (x1, x2, x3, x4) = (x[step], x[2 &* step], x[3 &* step], x[4 &* step])
      let (evenA, oddA) = (x4.adding(-b2, x2), (a * x3).adding(-a * b2, x1))
      let (evenB, oddB) = (x4.adding(-a2, x2), (b * x3).adding(-b * a2, x1))
      y[0] = x4.adding(a2 * b2, x[0]).adding(-a2 - b2, x2)
      y[yStep] = evenA + oddA
      y[2 &* yStep] = evenA - oddA
      y[3 &* yStep] = evenB + oddB
      y[4 &* yStep] = evenB - oddB
      y[5 &* yStep] = x[5 &* step].adding(a2 * b2, x1).adding(-a2 - b2, x3)
    }
  }

  enum Products: AxisMap {
    static var inputs: Int { 6 }
    static var outputs: Int { 4 }

    @inline(__always)
    static func apply(_ m: UnsafePointer<Lanes>, _ step: Int, _ y: UnsafeMutablePointer<Lanes>, _ yStep: Int)
    {
      let (m1, m2, m3, m4) = (m[step], m[2 &* step], m[3 &* step], m[4 &* step])
      let (sumA, differenceA) = (m1 + m2, m1 - m2)
      let (sumB, differenceB) = (m3 + m4, m3 - m4)
      y[0] = m[0] + (sumA + sumB)
      y[yStep] = (a * differenceA).adding(b, differenceB)
      y[2 &* yStep] = (a2 * sumA).adding(b2, sumB)
      y[3 &* yStep] = m[5 &* step].adding(a * a2, differenceA).adding(b * b2, differenceB)
    }
  }

  enum ResultGradients: AxisMap {
    static var inputs: Int { 4 }
    static var outputs: Int { 6 }

    @inline(__always)
    static func apply(_ x: UnsafePointer<Lanes>, _ step: Int, _ y: UnsafeMutablePointer<Lanes>, _ yStep: Int)
    {
      let (x0, x1, x2, x3) = (x[0], x[step], x[2 &* step], x[3 &* step])
      let (evenA, oddA) = (x0.adding(a2, x2), (a * x1).adding(a * a2, x3))
      let (evenB, oddB) = (x0.adding(b2, x2), (b * x1).adding(b * b2, x3))
      y[0] = x0
      y[yStep] = evenA + oddA
      y[2 &* yStep] = evenA - oddA
      y[3 &* yStep] = evenB + oddB
      y[4 &* yStep] = evenB - oddB
      y[5 &* yStep] = x3
    }
  }

  private static var scaleZero: Float { 1 / (a2 * b2) }
  private static var scaleA: Float { 1 / (2 * a2 * (a2 - b2)) }
  private static var scaleB: Float { 1 / (2 * b2 * (b2 - a2)) }

  enum Kernel: AxisMap {
    static var inputs: Int { 3 }
    static var outputs: Int { 6 }

    @inline(__always)
    static func apply(_ g: UnsafePointer<Lanes>, _ step: Int, _ u: UnsafeMutablePointer<Lanes>, _ uStep: Int)
    {
      let (g0, g1, g2) = (g[0], g[step], g[2 &* step])
      let (evenA, oddA) = (scaleA * g0.adding(a2, g2), (scaleA * a) * g1)
      let (evenB, oddB) = (scaleB * g0.adding(b2, g2), (scaleB * b) * g1)
      u[0] = scaleZero * g0
      u[uStep] = evenA + oddA
      u[2 &* uStep] = evenA - oddA
      u[3 &* uStep] = evenB + oddB
      u[4 &* uStep] = evenB - oddB
      u[5 &* uStep] = g2
    }
  }

  enum KernelGradient: AxisMap {
    static var inputs: Int { 6 }
    static var outputs: Int { 3 }

    @inline(__always)
    static func apply(_ u: UnsafePointer<Lanes>, _ step: Int, _ g: UnsafeMutablePointer<Lanes>, _ gStep: Int)
    {
      let (u1, u2, u3, u4) = (u[step], u[2 &* step], u[3 &* step], u[4 &* step])
      let (sumA, sumB) = (scaleA * (u1 + u2), scaleB * (u3 + u4))
      g[0] = (scaleZero * u[0]) + (sumA + sumB)
      g[gStep] = (scaleA * a) * (u1 - u2) + (scaleB * b) * (u3 - u4)
      g[2 &* gStep] = u[5 &* step].adding(a2, sumA).adding(b2, sumB)
    }
  }
}

extension Lanes {
  /// self + factor·x, rounded once.
  @inline(__always)
  func adding(_ factor: Float, _ x: Lanes) -> Lanes { addingProduct(Lanes(repeating: factor), x) }
}
