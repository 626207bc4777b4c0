/// Real values C/b × H × W × b of one image from its levels H × W × C.
struct BlockDequantizer {
  private let scale: Float
  private let zero: Int32
  private let channels: Int
  private let block: Int
  private let pixels: Int

  /// Pixels whose levels stay in the cache while the channels are gone through.
  private static let run = 64

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
    if block == 1 { gatherPlanes(levels, into: values) } else { copyBlocks(levels, into: values) }
  }

  @inline(__always)
  private func copyBlocks<Level: LevelScalar>(
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

  @inline(__always)
  private func gatherPlanes<Level: LevelScalar>(
    _ levels: UnsafePointer<Level>, into values: UnsafeMutablePointer<Float>
  ) {
    let side = TransposedBytes.side
    let canTurn = Level.self == UInt8.self
    let turnedChannels = canTurn ? channels / side * side : 0
    for begin in stride(from: 0, to: pixels, by: Self.run) {
      let end = min(begin + Self.run, pixels)
      let turnedEnd = begin + (end - begin) / side * side
      for channel in stride(from: 0, to: turnedChannels, by: side) {
        for pixel in stride(from: begin, to: turnedEnd, by: side) {
          turn(UnsafeRawPointer(levels), into: values, pixel: pixel, channel: channel)
        }
      }
      for channel in 0..<channels {
        let plane = values + channel * pixels
        for pixel in (channel < turnedChannels ? turnedEnd : begin)..<end {
          plane[pixel] = scale * Float(Int32(levels[pixel &* channels &+ channel]) &- zero)
        }
      }
    }
  }

  /// The values of 8 pixels of 8 channels.
  @inline(__always)
  private func turn(
    _ levels: UnsafeRawPointer, into values: UnsafeMutablePointer<Float>, pixel: Int, channel: Int
  ) {
    let bytes = TransposedBytes(levels + (pixel &* channels &+ channel), rowBytes: channels)
    var plane = UnsafeMutableRawPointer(values + (channel &* pixels &+ pixel))
    for i in 0..<TransposedBytes.side {
      let row = SIMD8<Int32>(truncatingIfNeeded: bytes[row: i]) &- zero
      plane.storeBytes(of: SIMD8<Float>(row) * scale, as: SIMD8<Float>.self)
      plane += pixels &* MemoryLayout<Float>.stride
    }
  }
}

/// 8 × 8 bytes of a matrix, turned so that what was a column is a row.
private struct TransposedBytes {
  static let side = 8

  private var rows: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)

  /// - Parameters:
  ///   - corner: the first of eight rows of eight bytes.
  ///   - rowBytes: from one row to the next.
  @inline(__always)
  init(_ corner: UnsafeRawPointer, rowBytes: Int) {
    func row(_ i: Int) -> UInt64 { corner.loadUnaligned(fromByteOffset: i * rowBytes, as: UInt64.self) }
    rows = (row(0), row(1), row(2), row(3), row(4), row(5), row(6), row(7))
    Self.exchange(&rows.0, &rows.4, 32, 0x0000_0000_FFFF_FFFF)
    Self.exchange(&rows.1, &rows.5, 32, 0x0000_0000_FFFF_FFFF)
    Self.exchange(&rows.2, &rows.6, 32, 0x0000_0000_FFFF_FFFF)
    Self.exchange(&rows.3, &rows.7, 32, 0x0000_0000_FFFF_FFFF)
    Self.exchange(&rows.0, &rows.2, 16, 0x0000_FFFF_0000_FFFF)
    Self.exchange(&rows.1, &rows.3, 16, 0x0000_FFFF_0000_FFFF)
    Self.exchange(&rows.4, &rows.6, 16, 0x0000_FFFF_0000_FFFF)
    Self.exchange(&rows.5, &rows.7, 16, 0x0000_FFFF_0000_FFFF)
    Self.exchange(&rows.0, &rows.1, 8, 0x00FF_00FF_00FF_00FF)
    Self.exchange(&rows.2, &rows.3, 8, 0x00FF_00FF_00FF_00FF)
    Self.exchange(&rows.4, &rows.5, 8, 0x00FF_00FF_00FF_00FF)
    Self.exchange(&rows.6, &rows.7, 8, 0x00FF_00FF_00FF_00FF)
  }

  /// The upper parts of one for the lower parts of another (little-endian).
  @inline(__always)
  private static func exchange(_ a: inout UInt64, _ b: inout UInt64, _ shift: UInt64, _ mask: UInt64) {
    let difference = ((a &>> shift) ^ b) & mask
    b ^= difference
    a ^= difference &<< shift
  }

  @inline(__always)
  subscript(row i: Int) -> SIMD8<UInt8> {
    withUnsafeBytes(of: rows) { $0.loadUnaligned(fromByteOffset: i * 8, as: SIMD8<UInt8>.self) }
  }
}
