/// How the eight channels of a vector fall into groups.
protocol ChannelGroups {
  /// Channels of a group.
  static var size: Int { get }
  /// In every lane the `index`-th channel of that lane's group.
  static func spread(_ x: Lanes, _ index: Int) -> Lanes
}

enum Quads: ChannelGroups {
  static var size: Int { 4 }

  @inline(__always)
  static func spread(_ x: Lanes, _ index: Int) -> Lanes {
    let (low, high) = (x[index], x[index &+ 4])
    return Lanes(low, low, low, low, high, high, high, high)
  }
}

enum Octets: ChannelGroups {
  static var size: Int { 8 }

  @inline(__always)
  static func spread(_ x: Lanes, _ index: Int) -> Lanes { Lanes(repeating: x[index]) }
}

/// Eight neighbouring pixels of a row.
private struct Octuple {
  var a, b, c, d, e, f, g, h: Lanes

  @inline(__always)
  init(repeating x: Lanes) { (a, b, c, d, e, f, g, h) = (x, x, x, x, x, x, x, x) }

  /// Adds the products of ten pixels with the three weights of a kernel's row, of one input channel.
  @inline(__always)
  mutating func add<Groups: ChannelGroups>(
    _: Groups.Type, _ index: Int, _ x: UnsafePointer<Lanes>, _ weights: UnsafePointer<Lanes>
  ) {
    let left = weights[index]
    let middle = weights[Groups.size &+ index]
    let right = weights[2 &* Groups.size &+ index]
    var input = Groups.spread(x[0], index)
    a.addProduct(input, left)
    input = Groups.spread(x[1], index)
    a.addProduct(input, middle)
    b.addProduct(input, left)
    input = Groups.spread(x[2], index)
    a.addProduct(input, right)
    b.addProduct(input, middle)
    c.addProduct(input, left)
    input = Groups.spread(x[3], index)
    b.addProduct(input, right)
    c.addProduct(input, middle)
    d.addProduct(input, left)
    input = Groups.spread(x[4], index)
    c.addProduct(input, right)
    d.addProduct(input, middle)
    e.addProduct(input, left)
    input = Groups.spread(x[5], index)
    d.addProduct(input, right)
    e.addProduct(input, middle)
    f.addProduct(input, left)
    input = Groups.spread(x[6], index)
    e.addProduct(input, right)
    f.addProduct(input, middle)
    g.addProduct(input, left)
    input = Groups.spread(x[7], index)
    f.addProduct(input, right)
    g.addProduct(input, middle)
    h.addProduct(input, left)
    input = Groups.spread(x[8], index)
    g.addProduct(input, right)
    h.addProduct(input, middle)
    input = Groups.spread(x[9], index)
    h.addProduct(input, right)
  }

  @inline(__always)
  func store(_ y: PixelLanes, at pixel: Int, relu: Bool) {
    y[pixel] = a.rectified(relu)
    y[pixel &+ 1] = b.rectified(relu)
    y[pixel &+ 2] = c.rectified(relu)
    y[pixel &+ 3] = d.rectified(relu)
    y[pixel &+ 4] = e.rectified(relu)
    y[pixel &+ 5] = f.rectified(relu)
    y[pixel &+ 6] = g.rectified(relu)
    y[pixel &+ 7] = h.rectified(relu)
  }
}

/// Eight channels of a padded image, pixel by pixel, correlated with 3 × 3 kernels.
///
/// - Parameters:
///   - x: (size + 2) × (size + 2).
///   - weights: kernel row × kernel column × input channel of a group.
///   - y: size × size; size is a multiple of 8.
@inline(__always)
func correlateImage<Groups: ChannelGroups>(
  _: Groups.Type, _ x: UnsafePointer<Lanes>, _ weights: UnsafePointer<Lanes>, bias: Lanes, relu: Bool,
  into y: PixelLanes, size: Int
) {
  let rowLength = size &+ 2
  for row in 0..<size {
    for column in stride(from: 0, to: size, by: 8) {
      var sums = Octuple(repeating: bias)
      for kernelRow in 0..<3 {
        let source = x + ((row &+ kernelRow) &* rowLength &+ column)
        let w = weights + kernelRow &* 3 &* Groups.size
        sums.add(Groups.self, 0, source, w)
        sums.add(Groups.self, 1, source, w)
        sums.add(Groups.self, 2, source, w)
        sums.add(Groups.self, 3, source, w)
        if Groups.size == 8 {
          sums.add(Groups.self, 4, source, w)
          sums.add(Groups.self, 5, source, w)
          sums.add(Groups.self, 6, source, w)
          sums.add(Groups.self, 7, source, w)
        }
      }
      sums.store(y, at: row &* size &+ column, relu: relu)
    }
  }
}

/// The same of two groups of four channels, for the integer network: no bias, no ReLU.
///
/// - Parameters:
///   - x, weights: as above, eight floats a vector.
///   - y: of the first pixel.
///   - stride: floats between two pixels of y, a multiple of 8.
package func correlateGroupsOfFour(
  _ x: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
  stride: Int, size: Int
) {
  func lanes(_ floats: UnsafePointer<Float>) -> UnsafePointer<Lanes> {
    UnsafeRawPointer(floats).assumingMemoryBound(to: Lanes.self)
  }
  correlateImage(
    Quads.self, lanes(x), lanes(weights), bias: .zero, relu: false,
    into: PixelLanes(
      base: UnsafeMutableRawPointer(y).assumingMemoryBound(to: Lanes.self), count: size * size,
      stride: stride / Lanes.scalarCount), size: size)
}

/// Adds an image's part to the gradient of the kernels that `correlateImage` takes.
///
/// - Parameters:
///   - x: (size + 2) × (size + 2).
///   - gradient: of y, size × (size + 4): two zeros before and after each row.
///   - weights: as in `correlateImage`.
@inline(__always)
func addWeightsGradient<Groups: ChannelGroups>(
  _: Groups.Type, _ x: UnsafePointer<Lanes>, _ gradient: UnsafePointer<Lanes>,
  to weights: UnsafeMutablePointer<Lanes>, size: Int
) {
  for row in 0..<size {
    let g = gradient + row &* (size &+ 4)
    for kernelRow in 0..<3 {
      let source = x + (row &+ kernelRow) &* (size &+ 2)
      let w = weights + kernelRow &* 3 &* Groups.size
      addTwoChannels(Groups.self, 0, source, g, to: w, size: size)
      addTwoChannels(Groups.self, 2, source, g, to: w, size: size)
      if Groups.size == 8 {
        addTwoChannels(Groups.self, 4, source, g, to: w, size: size)
        addTwoChannels(Groups.self, 6, source, g, to: w, size: size)
      }
    }
  }
}

/// One row's part, of the input channels `index` and `index` + 1: as many sums as registers hold.
@inline(__always)
private func addTwoChannels<Groups: ChannelGroups>(
  _: Groups.Type, _ index: Int, _ x: UnsafePointer<Lanes>, _ gradient: UnsafePointer<Lanes>,
  to weights: UnsafeMutablePointer<Lanes>, size: Int
) {
  var first = (left: Lanes.zero, middle: Lanes.zero, right: Lanes.zero)
  var second = first
  for i in 0..<size &+ 2 {
    let (left, middle, right) = (gradient[i &+ 2], gradient[i &+ 1], gradient[i])
    var input = Groups.spread(x[i], index)
    first.left.addProduct(input, left)
    first.middle.addProduct(input, middle)
    first.right.addProduct(input, right)
    input = Groups.spread(x[i], index &+ 1)
    second.left.addProduct(input, left)
    second.middle.addProduct(input, middle)
    second.right.addProduct(input, right)
  }
  let w = weights + index
  w[0] += first.left
  w[1] += second.left
  w[Groups.size] += first.middle
  w[Groups.size &+ 1] += second.middle
  w[2 &* Groups.size] += first.right
  w[2 &* Groups.size &+ 1] += second.right
}
