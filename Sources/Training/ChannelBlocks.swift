import OneDNN

/// How the activation of images C × H × W lies in memory: images, blocks of channels, pixels, and a block's channels
/// side by side (`nChw16c`, `nChw8c`, or `nhwc` as one block of all). The last block is padded with zeros where
/// `width` does not divide C.
struct ChannelBlocks {
  let images: Int
  /// C, padded to whole blocks.
  let channels: Int
  /// H·W.
  let pixels: Int
  /// Channels of a block: a multiple of 8.
  let width: Int

  /// - Parameter extents: C × H × W.
  /// - Returns: nil if `format` arranges them in another way.
  init?(images: Int, extents: [Int], format: Layout.Format) {
    switch format {
    case .blocks16: width = 16
    case .blocks8: width = 8
    case .channelsLast where extents[0] % Lanes.scalarCount == 0: width = extents[0]
    case .any, .plain, .channelsLast, .weightBlocks16: return nil
    }
    self.images = images
    channels = (extents[0] + width - 1) / width * width
    pixels = extents[1] * extents[2]
  }

  var imageCount: Int { channels * pixels }

  /// Eight channels of an image: `channel` and the seven after it.
  struct Place {
    let image: Int
    let channel: Int
  }

  @inline(__always)
  func lanes(_ values: UnsafeMutablePointer<Float>, _ place: Place) -> PixelLanes {
    let block = place.image * (channels / width) + place.channel / width
    let start = values + block * pixels * width + place.channel % width
    return PixelLanes(
      base: UnsafeMutableRawPointer(start).assumingMemoryBound(to: Lanes.self), count: pixels,
      stride: width / Lanes.scalarCount)
  }
}
