import Synchronization

/// One split of a data set: labelled RGB images of one size. Pixels are 8-bit planes, 3 × height × width,
/// row-major, and stay where they were loaded (for CIFAR in the mapped file); subsets share them.
///
/// `@unchecked Sendable`: the pixels are only ever read, and `owners` keeps their memory alive.
public final class ImageSet: @unchecked Sendable {
  /// Red, green, blue.
  public static let channels = 3
  public let height: Int
  public let width: Int
  /// Number of classes; every label is in 0 ..< classes.
  public let classes: Int
  /// One label per image.
  public let labels: [Int32]
  private let pixels: [UnsafePointer<UInt8>]
  private let owners: [any AnyObject & Sendable]
  private let cachedStatistics = Mutex<ChannelStatistics?>(nil)

  /// - Parameters:
  ///   - pixels: the first byte of every image; `3 · height · width` bytes may be read from it.
  ///   - owners: what must live as long as those bytes.
  init(
    height: Int, width: Int, classes: Int, labels: [Int32], pixels: [UnsafePointer<UInt8>],
    owners: [any AnyObject & Sendable]
  ) {
    precondition(labels.count == pixels.count)
    self.height = height
    self.width = width
    self.classes = classes
    self.labels = labels
    self.pixels = pixels
    self.owners = owners
  }

  public var count: Int { labels.count }
  /// Values of one image: 3 · height · width.
  public var valuesPerImage: Int { Self.channels * height * width }

  /// The bytes of an image, 3 × height × width, valid inside `body`.
  public func withPixels<Result>(of index: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result)
    rethrows
    -> Result
  {
    try withExtendedLifetime(self) {
      try body(UnsafeBufferPointer(start: pixels[index], count: valuesPerImage))
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
      pixels: chosen.map { pixels[$0] }, owners: owners)
  }

  /// Mean and standard deviation of every channel over all images; computed on first use.
  public var statistics: ChannelStatistics {
    cachedStatistics.withLock { cached in
      if let cached { return cached }
      let computed = ChannelStatistics(of: self)
      cached = computed
      return computed
    }
  }
}

/// Mean and (population) standard deviation per channel of pixels / 255; red, green, blue.
public struct ChannelStatistics: Hashable, Sendable {
  public let mean: [Double]
  public let standardDeviation: [Double]

  init(of set: ImageSet) {
    let plane = set.height * set.width
    var sums = [Int](repeating: 0, count: ImageSet.channels)
    var squares = sums
    for i in 0..<set.count {
      set.withPixels(of: i) { pixels in
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
    }
    let n = Double(set.count * plane)
    mean = sums.map { Double($0) / n / 255 }
    standardDeviation = zip(sums, squares).map { sum, square in
      let mean = Double(sum) / n
      return max(Double(square) / n - mean * mean, 0).squareRoot() / 255
    }
  }
}
