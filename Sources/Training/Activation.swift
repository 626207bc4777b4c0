import OneDNN

/// A layer's output, or its gradient, for all images of a step, image after image in a slot of the arena.
struct Activation {
  let slot: String
  /// Where it begins in the slot, bytes.
  var offset = 0
  /// One image's: C × H × W, or C.
  let extents: [Int]
  let format: Layout.Format

  /// Of how many channels one pixel's values lie side by side; nil where `ChannelBlocks` knows no such blocks, or pads
  /// the last of them.
  var channelBlock: Int? {
    ChannelBlocks(images: 1, extents: extents, format: format).flatMap {
      $0.channels == extents[0] ? $0.width : nil
    }
  }

  func layout(images: Int) throws -> Layout { try Layout([images] + extents, .float32, format) }

  /// Some of the images.
  func memory(_ images: Range<Int>, in arena: MemoryArena) throws -> Memory {
    let layout = try layout(images: images.count)
    return try arena.memory(slot, layout, offset: offset + layout.bytes / images.count * images.lowerBound)
  }
}

extension Layout {
  /// How it is arranged.
  ///
  /// - Parameter extents: its own.
  /// - Returns: nil where it is none of the formats with a name.
  func format(extents: [Int]) throws(OneDNNError) -> Format? {
    let formats: [Format] = extents.count == 4 ? [.plain, .channelsLast, .blocks16, .blocks8] : [.plain]
    for format in formats where try Layout(extents, .float32, format) == self { return format }
    return nil
  }
}
