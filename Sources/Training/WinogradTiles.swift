/// Where the tiles of square images lie, along either axis.
struct WinogradTiling {
  /// Pixels of an image, of a tile, and from one tile to the next one.
  let size: Int
  let count: Int
  let step: Int
  /// Of the first tile's first pixel; what lies beyond the image's edges is zero, or dropped.
  let offset: Int

  /// A tile's pixels of eight channels, row by row.
  struct Window {
    let base: UnsafeMutablePointer<Lanes>
    let rowStep: Int
    let step: Int
  }

  /// - Parameters:
  ///   - image: its pixels.
  ///   - room: for a copy, if the tile reaches beyond the image.
  @inline(__always)
  func window(_ tile: WinogradTile, of image: PixelLanes, _ room: UnsafeMutablePointer<Lanes>) -> Window {
    let (row, column) = (tile.row &* step &+ offset, tile.column &* step &+ offset)
    if row >= 0, column >= 0, row &+ count <= size, column &+ count <= size {
      return Window(
        base: image.base + (row &* size &+ column) &* image.stride, rowStep: size &* image.stride,
        step: image.stride)
    }
    room.update(repeating: .zero, count: count &* count)
    for r in max(0, -row)..<min(count, size &- row) {
      let (source, copy) = ((row &+ r) &* size &+ column, room + r &* count)
      for c in max(0, -column)..<min(count, size &- column) { copy[c] = image[source &+ c] }
    }
    return Window(base: room, rowStep: count, step: 1)
  }

  /// Puts a tile's results, count × count, into the image.
  @inline(__always)
  func put(
    _ results: UnsafePointer<Lanes>, _ tile: WinogradTile, bias: Lanes, relu: Bool, into image: PixelLanes
  ) {
    let (row, column) = (tile.row &* step &+ offset, tile.column &* step &+ offset)
    for r in max(0, -row)..<min(count, size &- row) {
      for c in max(0, -column)..<min(count, size &- column) {
        image[(row &+ r) &* size &+ column &+ c] = (results[r &* count &+ c] + bias).rectified(relu)
      }
    }
  }
}

/// One of the tiles of some images.
struct WinogradTile {
  let image: Int
  /// Among the image's tiles.
  let row: Int
  let column: Int

  static func all(images: Int, acrossImage: Int) -> [Self] {
    (0..<images).flatMap { image in
      (0..<acrossImage).flatMap { row in
        (0..<acrossImage).map { Self(image: image, row: row, column: $0) }
      }
    }
  }
}
