/// Stride 2: y[t] = (g₀·x[2t] + g₂·x[2t + 2]) + g₁·x[2t + 1]. The taps on even values are a filter of two taps and stride
/// 1, computed by F(4, 2), five products for four results, with interpolation at 0, ±3/4, 3/2 and ∞; the tap on odd
/// values takes four products as they are. Element 5 of a kernel serves all four.
enum StrideTwo: WinogradForm {
  private static var a: Float { 0.75 }
  private static var b: Float { 1.5 }
  private static var a2: Float { a * a }

  static var kernelElements: [Int] { [0, 1, 2, 3, 4, 5, 5, 5, 5] }

  /// Bᵀ of the even values, and the odd ones.
  enum Values: AxisMap {
    static var inputs: Int { 9 }
    static var outputs: Int { 9 }

    @inline(__always)
    static func apply(_ x: UnsafePointer<Lanes>, _ step: Int, _ y: UnsafeMutablePointer<Lanes>, _ yStep: Int)
    {
      filterValues(x, 2 &* step, y, yStep)
      for i in 0..<4 { y[(5 &+ i) &* yStep] = x[(1 &+ 2 &* i) &* step] }
    }
  }

  /// Aᵀ of the first five, and the others.
  enum Products: AxisMap {
    static var inputs: Int { 9 }
    static var outputs: Int { 4 }

    @inline(__always)
    static func apply(_ m: UnsafePointer<Lanes>, _ step: Int, _ y: UnsafeMutablePointer<Lanes>, _ yStep: Int)
    {
      let filtered = filterProducts(m, step)
      y[0] = filtered.0 + m[5 &* step]
      y[yStep] = filtered.1 + m[6 &* step]
      y[2 &* yStep] = filtered.2 + m[7 &* step]
      y[3 &* yStep] = filtered.3 + m[8 &* step]
    }
  }

  /// A, and the gradients as they are.
  enum ResultGradients: AxisMap {
    static var inputs: Int { 4 }
    static var outputs: Int { 9 }

    @inline(__always)
    static func apply(_ x: UnsafePointer<Lanes>, _ step: Int, _ y: UnsafeMutablePointer<Lanes>, _ yStep: Int)
    {
      let (x0, x1, x2, x3) = (x[0], x[step], x[2 &* step], x[3 &* step])
      let (even, odd) = (x0.adding(a2, x2), (a * x1).adding(a * a2, x3))
      y[0] = x0
      y[yStep] = even + odd
      y[2 &* yStep] = even - odd
      y[3 &* yStep] = x0.adding(b, x1).adding(b * b, x2).adding(b * b * b, x3)
      y[4 &* yStep] = x3
      y[5 &* yStep] = x0
      y[6 &* yStep] = x1
      y[7 &* yStep] = x2
      y[8 &* yStep] = x3
    }
  }

  private static var scaleZero: Float { 1 / (a2 * b) }
  private static var scalePlus: Float { 1 / (2 * a2 * (a - b)) }
  private static var scaleMinus: Float { -1 / (2 * a2 * (a + b)) }
  private static var scaleB: Float { 1 / (b * (b * b - a2)) }

  /// G of the outer taps, and the one between them.
  enum Kernel: AxisMap {
    static var inputs: Int { 3 }
    static var outputs: Int { 6 }

    @inline(__always)
    static func apply(_ g: UnsafePointer<Lanes>, _ step: Int, _ u: UnsafeMutablePointer<Lanes>, _ uStep: Int)
    {
      let (g0, g1, g2) = (g[0], g[step], g[2 &* step])
      u[0] = scaleZero * g0
      u[uStep] = scalePlus * g0.adding(a, g2)
      u[2 &* uStep] = scaleMinus * g0.adding(-a, g2)
      u[3 &* uStep] = scaleB * g0.adding(b, g2)
      u[4 &* uStep] = g2
      u[5 &* uStep] = g1
    }
  }

  /// Its transpose.
  enum KernelGradient: AxisMap {
    static var inputs: Int { 6 }
    static var outputs: Int { 3 }

    @inline(__always)
    static func apply(_ u: UnsafePointer<Lanes>, _ step: Int, _ g: UnsafeMutablePointer<Lanes>, _ gStep: Int)
    {
      let (u0, u4, u5) = (u[0], u[4 &* step], u[5 &* step])
      let (plus, minus, last) = (scalePlus * u[step], scaleMinus * u[2 &* step], scaleB * u[3 &* step])
      g[0] = (scaleZero * u0 + last) + (plus + minus)
      g[gStep] = u5
      g[2 &* gStep] = u4.adding(a, plus - minus).adding(b, last)
    }
  }

  /// Bᵀ of F(4, 2).
  @inline(__always)
  fileprivate static func filterValues(
    _ x: UnsafePointer<Lanes>, _ step: Int, _ y: UnsafeMutablePointer<Lanes>, _ yStep: Int
  ) {
    let (x1, x2, x3) = (x[step], x[2 &* step], x[3 &* step])
    let (even, odd) = (x3.adding(-b, x2), x2.adding(-b, x1))
    y[0] = even.adding(-a2, x1.adding(-b, x[0]))
    y[yStep] = even.adding(a, odd)
    y[2 &* yStep] = even.adding(-a, odd)
    y[3 &* yStep] = x3.adding(-a2, x1)
    y[4 &* yStep] = x[4 &* step].adding(-b, x3).adding(-a2, odd)
  }

  /// Aᵀ of F(4, 2).
  @inline(__always)
  fileprivate static func filterProducts(_ m: UnsafePointer<Lanes>, _ step: Int) -> (
    Lanes, Lanes, Lanes, Lanes
  ) {
    let (m1, m2, m3) = (m[step], m[2 &* step], m[3 &* step])
    let (sum, difference) = (m1 + m2, m1 - m2)
    return (
      (m[0] + m3) + sum, (a * difference).adding(b, m3), (a2 * sum).adding(b * b, m3),
      m[4 &* step].adding(a * a2, difference).adding(b * b * b, m3)
    )
  }
}

/// Takes a gradient of `StrideTwo`'s results back to the values: at even places by the filter of two taps, mirrored, at
/// odd ones by the single tap. Of a tile, five gradients of results, eight of values.
enum StrideTwoBackward: WinogradForm {
  typealias ResultGradients = StrideTwo.ResultGradients
  typealias Kernel = StrideTwo.Kernel
  typealias KernelGradient = StrideTwo.KernelGradient

  static var kernelElements: [Int] { StrideTwo.kernelElements }

  enum Values: AxisMap {
    static var inputs: Int { 5 }
    static var outputs: Int { 9 }

    @inline(__always)
    static func apply(_ x: UnsafePointer<Lanes>, _ step: Int, _ y: UnsafeMutablePointer<Lanes>, _ yStep: Int)
    {
      StrideTwo.filterValues(x, step, y, yStep)
      for i in 0..<4 { y[(5 &+ i) &* yStep] = x[(1 &+ i) &* step] }
    }
  }

  enum Products: AxisMap {
    static var inputs: Int { 9 }
    static var outputs: Int { 8 }

    @inline(__always)
    static func apply(_ m: UnsafePointer<Lanes>, _ step: Int, _ y: UnsafeMutablePointer<Lanes>, _ yStep: Int)
    {
      let filtered = StrideTwo.filterProducts(m, step)
      y[0] = filtered.0
      y[yStep] = m[5 &* step]
      y[2 &* yStep] = filtered.1
      y[3 &* yStep] = m[6 &* step]
      y[4 &* yStep] = filtered.2
      y[5 &* yStep] = m[7 &* step]
      y[6 &* yStep] = filtered.3
      y[7 &* yStep] = m[8 &* step]
    }
  }
}
