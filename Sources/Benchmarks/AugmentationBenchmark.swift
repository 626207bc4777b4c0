import Datasets
public import Networks
import Tensors

/// Images per second that one thread shuffles, augments and scales, in batches of 128.
public func augmentationSpeed(seconds: Double) throws -> Spread {
  let batch = 128
  let dataset = try Dataset.synthetic(train: 1024, test: 1)
  let loader = BatchLoader(
    training: dataset.train, scaling: .unit, batch: batch, augmentation: Augmentation(), seed: 0)
  let images = AlignedBuffer<Float>(count: batch * dataset.train.valuesPerImage)
  let labels = AlignedBuffer<Int32>(count: batch)
  let indices = loader.order.indices(epoch: 1, count: dataset.train.count)
  var next = 0
  let times = try repeatedly(seconds: seconds) {
    _ = try loader.fill(
      batch: next % loader.batches, of: indices, epoch: 1 + next / loader.batches, images: images.buffer,
      labels: labels.buffer)
    next += 1
  }
  return Spread(times.map { Double(batch) / $0 })
}

/// What augmentation costs a training, whose batches another thread prepares ahead of it, as in a trial.
public struct AugmentedTraining: Codable, Hashable, Sendable {
  public let threads: Int
  /// Images per second of steps on one batch again and again.
  public let plain: Spread
  /// … and on batches of shuffled and augmented images.
  public let augmented: Spread
  /// Share of its time for which the augmented training waited for images.
  public let waiting: Double

  /// - Parameters:
  ///   - network: for images of 3 × 32 × 32.
  ///   - batches: of an epoch.
  ///   - seconds: that each training is timed for.
  /// - Throws: `OneDNNError` where oneDNN has no fast code for a layer.
  public init(
    _ network: Network, batch: Int, batches: Int = 50, threads: Int, seconds: Double
  ) throws {
    self.threads = threads
    let workload = try Workload(network, kind: .training, batch: batch, threads: threads)
    let dataset = try Dataset.synthetic(train: batches * batch, test: 1)
    let pipeline = BatchPipeline(
      BatchLoader(
        training: dataset.train, scaling: .unit, batch: batch, augmentation: Augmentation(), seed: 0))
    plain = try workload.imagesPerSecond(seconds: seconds)
    var epoch = 0
    var waits: [Double] = []
    let times = try repeatedly(seconds: seconds) {
      let began = ContinuousClock.now
      var images = try pipeline.next()
      if images == nil {
        epoch += 1
        pipeline.start(epoch: epoch)
        images = try pipeline.next()
      }
      waits.append((ContinuousClock.now - began) / .seconds(1))
      try workload.train(on: images!)
    }
    augmented = Spread(times.map { Double(batch) / $0 })
    waiting = waits.dropFirst().reduce(0, +) / times.reduce(0, +)
  }
}
