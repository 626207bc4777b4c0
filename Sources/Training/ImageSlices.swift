import Networks

/// How a step's images are gone through a layer: so few at a time that what one computation leaves is still in the
/// cache for the next.
struct ImageSlices {
  let ranges: [Range<Int>]
  var size: Int { ranges[0].count }

  /// All images at once.
  init(all count: Int) { ranges = [0..<count] }

  /// - Parameter size: of each, a divisor of `count`.
  init(count: Int, size: Int) {
    ranges = stride(from: 0, to: count, by: size).map { $0..<$0 + size }
  }

  /// Slices of equal size, a divisor of `count`: the largest that fits, or, where that would be less than half of what
  /// fits, the next one (a prime number of images is taken at once).
  ///
  /// - Parameters:
  ///   - imageBytes: what an image takes and leaves.
  ///   - sliceBytes: what a slice should at most.
  init(count: Int, imageBytes: Int, sliceBytes: Int) {
    let most = max(min(sliceBytes / imageBytes, count), 1)
    let divisors = (1...count).filter { count % $0 == 0 }
    let fitting = divisors.last { $0 <= most }!
    self.init(count: count, size: 2 * fitting >= most ? fitting : divisors.first { $0 > most }!)
  }

  /// - Parameter larger: by how much slices may exceed what fits the cache.
  init(_ layer: Layer, _ options: CompilationOptions, larger: Int = 1) {
    self.init(
      count: options.count, imageBytes: Self.imageBytes(layer),
      sliceBytes: larger * options.sliceBytes * options.threads)
  }

  /// What an image takes and leaves in a layer.
  static func imageBytes(_ layer: Layer) -> Int {
    (layer.inputCount + layer.outputCount) * MemoryLayout<Float>.stride
  }
}
