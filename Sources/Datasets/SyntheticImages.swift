import Tensors

extension Dataset {
  /// Ten classes of generated 32 × 32 images: five forms (disc, square, ring, cross, triangle), each in a warm
  /// and in a cool colour. Position, size, angle, stripes, contrast, background, a distractor and noise vary, so
  /// that neither colour nor form alone, nor any linear function of the pixels, tells the class.
  ///
  /// Image i of a split has label i mod 10 and is a pure function of (split, i): asking for fewer images gives
  /// the first of the same ones.
  public static func synthetic(train: Int = 10_000, test: Int = 2_000) throws(DatasetError) -> Dataset {
    for (count, split) in [(train, "training"), (test, "test")] where !(1...1_000_000).contains(count) {
      throw DatasetError("\(count) synthetic \(split) images were asked for; 1 to 1000000 can be made")
    }
    return Dataset(
      name: "synthetic", train: SyntheticImages.split(0, count: train),
      test: SyntheticImages.split(1, count: test))
  }
}

extension Dataset {
  /// Stands for the synthetic set where data sets are compared: the fingerprint of its first 20 training and 10
  /// test images. Known without making them; a test holds the generator to it.
  public static let syntheticFingerprint = "c99d5e3e04cee89a1d83109c029ea3b7d23355cb8506590396cf13f7edb40173"
}

/// The generator behind `Dataset.synthetic`. Arithmetic is IEEE + − × ÷ √ only, so that every machine makes the
/// same bytes. Changing anything here makes another data set: results of old trials no longer compare.
enum SyntheticImages {
  static let side = 32
  static let classes = 10
  static let seed: UInt64 = 0x5EED_0F57_A7A0_0001

  static func split(_ split: Int, count: Int) -> ImageSet {
    let bytes = ImageSet.channels * side * side
    let memory = AlignedBuffer<UInt8>(count: count * bytes)
    for i in 0..<count { draw(split: split, index: i, into: memory.base + i * bytes) }
    return ImageSet(
      height: side, width: side, classes: classes, labels: (0..<count).map { Int32($0 % classes) },
      places: (0..<count).map { ImageSet.Place(source: 0, offset: $0 * bytes) }, sources: [memory])
  }

  private static func draw(split: Int, index: Int, into pixels: UnsafeMutablePointer<UInt8>) {
    var stream = RandomStream(seed: seed, purpose: .syntheticData, epoch: split, index: index)
    let scene = SyntheticScene(label: index % classes, drawing: &stream)
    let plane = side * side
    for y in 0..<side {
      for x in 0..<side {
        let colour = scene.colour(x: Float(x), y: Float(y))
        let p = y * side + x
        for c in 0..<ImageSet.channels {
          // The sum of two uniform bytes: a triangular distribution.
          let bits = stream.nextBits()
          let sum = Int32(truncatingIfNeeded: (bits & 0xFF) + (bits >> 8 & 0xFF))
          let value: Float = colour[c] + Float(sum - 255) / 255 * scene.noise
          pixels[c * plane + p] = UInt8(min(max(value, 0), 255))
        }
      }
    }
  }
}
