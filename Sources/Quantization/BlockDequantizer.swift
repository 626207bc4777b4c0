/// Real values C/b × H × W × b of one image from its levels H × W × C.
struct BlockDequantizer {
  private let scale: Float
  private let zero: Int32
  private let channels: Int
  private let block: Int
  private let pixels: Int

  /// - Parameter block: b, which divides C.
  init(_ quantizer: AffineQuantizer, channels: Int, block: Int, pixels: Int) {
    precondition(block > 0 && channels % block == 0, "blocks of \(block) of \(channels) channels")
    scale = quantizer.scale
    zero = quantizer.zeroPoint
    self.channels = channels
    self.block = block
    self.pixels = pixels
  }

  @inline(__always)
  func dequantize<Level: LevelScalar>(
    _ levels: UnsafePointer<Level>, into values: UnsafeMutablePointer<Float>
  ) {
    var next = values
    for first in stride(from: 0, to: channels, by: block) {
      for pixel in 0..<pixels {
        let source = levels + (pixel &* channels &+ first)
        for i in 0..<block { next[i] = scale * Float(Int32(source[i]) &- zero) }
        next += block
      }
    }
  }
}
