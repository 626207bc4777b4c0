import Tensors

/// Turns images of a set into network input: Float, N × 3 × height × width, row-major, and Int32 labels.
/// A value; every result is a pure function of it and the arguments, whoever calls and in whatever order.
public struct BatchLoader: Sendable {
  public let set: ImageSet
  public let scaling: PixelScaling
  /// Images of a full batch; the last batch of an epoch holds what is left (SPEC C1).
  public let batch: Int
  public let order: ImageOrder
  private let augmentation: (parameters: Augmentation, seed: UInt64)?

  /// Images in order, not augmented: for evaluation and calibration.
  public init(evaluating set: ImageSet, scaling: PixelScaling, batch: Int) {
    self.init(set: set, scaling: scaling, batch: batch, order: .sequential, augmentation: nil)
  }

  /// Images shuffled anew every epoch and, with `augmentation`, each through a map of its own (SPEC C2).
  public init(
    training set: ImageSet, scaling: PixelScaling, batch: Int, augmentation: Augmentation?, seed: UInt64
  ) {
    self.init(
      set: set, scaling: scaling, batch: batch, order: .shuffled(seed: seed),
      augmentation: augmentation.map { ($0, seed) })
  }

  private init(
    set: ImageSet, scaling: PixelScaling, batch: Int, order: ImageOrder,
    augmentation: (parameters: Augmentation, seed: UInt64)?
  ) {
    precondition(batch >= 1)
    self.set = set
    self.scaling = scaling
    self.batch = batch
    self.order = order
    self.augmentation = augmentation
  }

  /// Batches of an epoch, the last partial one included.
  public var batches: Int { (set.count + batch - 1) / batch }

  /// Fills batch `number` of an epoch whose `order.indices(epoch:count:)` are `indices`.
  /// - Parameters:
  ///   - images: room for `batch · 3 · height · width` values.
  ///   - labels: room for `batch` values.
  /// - Returns: the images written; less than `batch` only in the last batch.
  /// - Throws: `DatasetError` where a file cannot be read.
  public func fill(
    batch number: Int, of indices: [Int32], epoch: Int, images: UnsafeMutableBufferPointer<Float>,
    labels: UnsafeMutableBufferPointer<Int32>
  ) throws(DatasetError) -> Int {
    precondition(number >= 0 && number < batches && indices.count == set.count)
    let range = number * batch..<min((number + 1) * batch, set.count)
    try load(indices[range], epoch: epoch, images: images, labels: labels)
    return range.count
  }

  /// Writes the named images one after the other.
  /// - Parameters:
  ///   - images: room for `indices.count · 3 · height · width` values.
  ///   - labels: room for `indices.count` values.
  /// - Throws: `DatasetError` where a file cannot be read.
  public func load(
    _ indices: ArraySlice<Int32>, epoch: Int = 0, images: UnsafeMutableBufferPointer<Float>,
    labels: UnsafeMutableBufferPointer<Int32>
  ) throws(DatasetError) {
    let values = set.valuesPerImage
    precondition(images.count >= indices.count * values && labels.count >= indices.count, "buffers too small")
    guard let base = images.baseAddress, !indices.isEmpty else { return }
    let scratchCount = resampleScratchCount(height: set.height, width: set.width)
    let scratch = AlignedBuffer<SIMD4<Float>>(count: scratchCount)
    let pixels = AlignedBuffer<UInt8>(count: values)
    for (n, index) in indices.enumerated() {
      labels[n] = set.labels[Int(index)]
      try set.readPixels(of: Int(index), into: pixels.buffer)
      write(pixels.base, index: Int(index), epoch: epoch, scratch: scratch.base, into: base + n * values)
    }
  }

  private func write(
    _ pixels: UnsafePointer<UInt8>, index: Int, epoch: Int, scratch: UnsafeMutablePointer<SIMD4<Float>>,
    into output: UnsafeMutablePointer<Float>
  ) {
    guard let augmentation else {
      scalePlanes(pixels, plane: set.height * set.width, scaling: scaling, into: output)
      return
    }
    let map = augmentation.parameters.map(
      seed: augmentation.seed, epoch: epoch, image: index, height: set.height, width: set.width)
    resample(
      pixels, height: set.height, width: set.width, map: map, scaling: scaling, scratch: scratch, into: output
    )
  }
}
