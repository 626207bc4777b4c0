import Datasets
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
