import Synchronization
import Tensors

/// One split of a data set: labelled RGB images of one size. Pixels are 8-bit planes, 3 × height × width,
/// row-major, and stay where they are (for CIFAR in the file) until they are read.
public final class ImageSet: Sendable {
  /// Red, green, blue.
  public static let channels = 3
  public let height: Int
  public let width: Int
  /// Number of classes; every label is in 0 ..< classes.
  public let classes: Int
  /// One label per image.
  public let labels: [Int32]
  private let places: [Place]
  private let sources: [any PixelSource]
  private let cachedStatistics = Mutex<ChannelStatistics?>(nil)

  /// Where an image's `3 · height · width` bytes begin.
  struct Place: Sendable {
    let source: Int
    let offset: Int
  }

  /// - Parameters:
  ///   - places: of every image.
  ///   - sources: that they name by their index.
  init(
    height: Int, width: Int, classes: Int, labels: [Int32], places: [Place], sources: [any PixelSource]
  ) {
    precondition(labels.count == places.count)
    self.height = height
    self.width = width
    self.classes = classes
    self.labels = labels
    self.places = places
    self.sources = sources
  }

  public var count: Int { labels.count }
  /// Values of one image: 3 · height · width.
  public var valuesPerImage: Int { Self.channels * height * width }

  /// Reads the bytes of an image, 3 × height × width.
  ///
  /// - Throws: `DatasetError` where the file they are in cannot be read.
  public func readPixels(of index: Int, into pixels: UnsafeMutableBufferPointer<UInt8>) throws(DatasetError) {
    precondition(pixels.count == valuesPerImage)
    let place = places[index]
    try sources[place.source].read(at: place.offset, into: UnsafeMutableRawBufferPointer(pixels))
  }

  /// Reads one image after the other.
  func forEachImage(_ body: (UnsafeBufferPointer<UInt8>) -> Void) throws(DatasetError) {
    let pixels = AlignedBuffer<UInt8>(count: valuesPerImage)
    for index in 0..<count {
      try readPixels(of: index, into: pixels.buffer)
      body(UnsafeBufferPointer(pixels.buffer))
    }
  }

  /// The first `count` images stratified by class, in their original order: classes take turns, each giving its
  /// first image not yet taken, until `count` are taken.
  public func subset(first count: Int) throws(DatasetError) -> ImageSet {
    guard count >= 1, count <= self.count else {
      throw DatasetError("a subset of \(count) images was asked for; this split allows 1 to \(self.count)")
    }
    var byClass = [[Int]](repeating: [], count: classes)
    for (i, label) in labels.enumerated() { byClass[Int(label)].append(i) }
    var chosen: [Int] = []
    var turn = 0
    while chosen.count < count {
      for members in byClass where turn < members.count && chosen.count < count {
        chosen.append(members[turn])
      }
      turn += 1
    }
    chosen.sort()
    return ImageSet(
      height: height, width: width, classes: classes, labels: chosen.map { labels[$0] },
      places: chosen.map { places[$0] }, sources: sources)
  }

  /// Mean and standard deviation of every channel over all images; computed on first use.
  ///
  /// - Throws: `DatasetError` where a file cannot be read.
  public func statistics() throws(DatasetError) -> ChannelStatistics {
    try cachedStatistics.withLock { cached throws(DatasetError) in
      if let cached { return cached }
      let computed = try ChannelStatistics(of: self)
      cached = computed
      return computed
    }
  }
}

/// Mean and (population) standard deviation per channel of pixels / 255; red, green, blue.
public struct ChannelStatistics: Hashable, Sendable {
  public let mean: [Double]
  public let standardDeviation: [Double]

  init(of set: ImageSet) throws(DatasetError) {
    let plane = set.height * set.width
    var sums = [Int](repeating: 0, count: ImageSet.channels)
    var squares = sums
    try set.forEachImage { pixels in
      for c in 0..<ImageSet.channels {
        var sum: UInt32 = 0
        var square: UInt64 = 0
        for p in pixels[c * plane..<(c + 1) * plane] {
          sum &+= UInt32(p)
          square &+= UInt64(UInt32(p) &* UInt32(p))
        }
        sums[c] += Int(sum)
        squares[c] += Int(square)
      }
    }
    let n = Double(set.count * plane)
    mean = sums.map { Double($0) / n / 255 }
    standardDeviation = zip(sums, squares).map { sum, square in
      let mean = Double(sum) / n
      return max(Double(square) / n - mean * mean, 0).squareRoot() / 255
    }
  }
}
