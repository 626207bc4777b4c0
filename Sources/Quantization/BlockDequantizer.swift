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

  func dequantize<Level: LevelScalar>(
    _ levels: UnsafePointer<Level>, into values: UnsafeMutablePointer<Float>
  ) {
    var next = values
    for first in stride(from: 0, to: channels, by: block) {
      for pixel in 0..<pixels {
        dequantizeBlock(levels + (pixel &* channels &+ first), into: next)
        next += block
      }
    }
  }

  @inline(__always)
  private func dequantizeBlock<Level: LevelScalar>(
    _ levels: UnsafePointer<Level>, into values: UnsafeMutablePointer<Float>
  ) {
    var i = 0
    while i &+ 8 <= block {
      let eight = UnsafeRawPointer(levels + i).loadUnaligned(as: SIMD8<Level>.self)
      let steps = SIMD8<Int32>(truncatingIfNeeded: eight) &- zero
      UnsafeMutableRawPointer(values + i).storeBytes(of: SIMD8<Float>(steps) * scale, as: SIMD8<Float>.self)
      i &+= 8
    }
    while i < block {
      values[i] = scale * Float(Int32(levels[i]) &- zero)
      i &+= 1
    }
  }
}
