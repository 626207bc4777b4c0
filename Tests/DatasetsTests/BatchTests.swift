import Datasets
import Foundation
import Testing

@Suite struct BatchTests {
  private func loader(images: Int = 37, batch: Int = 8) throws -> BatchLoader {
    let set = try Dataset.synthetic(train: images, test: 1).train
    return BatchLoader(training: set, scaling: .unit, batch: batch, augmentation: Augmentation(), seed: 6)
  }

  private func rest(of pipeline: BatchPipeline) throws -> [Int: LoadedBatch] {
    var batches: [Int: LoadedBatch] = [:]
    while let batch = try pipeline.next() {
      #expect(batch.count == batch.labels.count)
      batches[batch.number] = LoadedBatch(images: Array(batch.images), labels: Array(batch.labels))
    }
    return batches
  }

  @Test func anEpochUsesEveryImageOnceInANewOrder() throws {
    let loader = try loader()
    let first = loader.order.indices(epoch: 1, count: 37)
    #expect(first.sorted() == (0..<37).map { Int32($0) })
    #expect(first == loader.order.indices(epoch: 1, count: 37))
    #expect(first != loader.order.indices(epoch: 2, count: 37))
    #expect(first != ImageOrder.shuffled(seed: 7).indices(epoch: 1, count: 37))
  }

  @Test func theLastBatchHoldsWhatIsLeft() throws {
    let loader = try loader()
    #expect(loader.batches == 5)
    #expect(try (0..<5).map { try loader.batch($0, epoch: 1).labels.count } == [8, 8, 8, 8, 5])
    let order = loader.order.indices(epoch: 1, count: 37)
    #expect(
      try (0..<5).flatMap { try loader.batch($0, epoch: 1).labels }
        == order.map { loader.set.labels[Int($0)] })
  }

  @Test func evaluationIsInOrderAndNotAugmented() throws {
    let set = try Dataset.synthetic(train: 10, test: 1).train
    let evaluation = BatchLoader(evaluating: set, scaling: .unit, batch: 4)
    let batch = try evaluation.batch(2, epoch: 0)
    #expect(batch.labels == [8, 9])
    #expect(try batch.images.prefix(3072).map { UInt8(($0 * 255).rounded()) } == rawPixels(of: set, 8))
  }

  @Test func calibrationSamplesAreDistinctAndDifferByDraw() {
    let samples = (0..<5).map { ImageOrder.calibrationSample(images: 100, of: 1_000, seed: 3, draw: $0) }
    for sample in samples {
      #expect(Set(sample).count == 100 && sample == sample.sorted())
      #expect(sample.allSatisfy { (0..<1_000).contains($0) })
    }
    #expect(Set(samples).count == 5)
    #expect(samples[2] == ImageOrder.calibrationSample(images: 100, of: 1_000, seed: 3, draw: 2))
    #expect(ImageOrder.calibrationSample(images: 9, of: 9, seed: 3, draw: 0) == (0..<9).map { Int32($0) })
  }

  @Test(arguments: [1, 2, 7])
  func thePipelineDeliversWhatTheLoaderGives(ahead: Int) throws {
    let loader = try loader()
    let pipeline = BatchPipeline(loader, ahead: ahead)
    #expect(try pipeline.next() == nil)
    for epoch in [4, 1] {
      pipeline.start(epoch: epoch)
      let batches = try rest(of: pipeline)
      #expect(batches.count == 5)
      for (number, batch) in batches { #expect(try batch == loader.batch(number, epoch: epoch)) }
      #expect(try pipeline.next() == nil)
    }
  }

  @Test func thePipelineStartsAtAnyBatch() throws {
    let loader = try loader()
    let pipeline = BatchPipeline(loader)
    for from in 0...5 {
      pipeline.start(epoch: 2, fromBatch: from)
      let batches = try rest(of: pipeline)
      #expect(batches.keys.sorted() == Array(from..<5))
      for (number, batch) in batches { #expect(try batch == loader.batch(number, epoch: 2)) }
    }
  }

  /// An epoch abandoned at any point leaves nothing in the next one, and a batch in use is not overwritten.
  @Test func anEpochCanBeAbandoned() throws {
    let loader = try loader()
    let pipeline = BatchPipeline(loader, ahead: 1)
    for taken in 0...4 {
      pipeline.start(epoch: 9)
      for number in 0..<taken {
        let batch = try #require(try pipeline.next())
        #expect(batch.number == number)
        #expect(try Array(batch.images) == loader.batch(number, epoch: 9).images)
      }
    }
    pipeline.start(epoch: 3)
    #expect(try rest(of: pipeline)[4] == loader.batch(4, epoch: 3))
    pipeline.start(epoch: 3)
    pipeline.stop()
    #expect(try pipeline.next() == nil)
  }

  /// The batches of an epoch filled by eight threads in reverse order are those of one thread.
  @Test func resultsDoNotDependOnWhoRunsThem() async throws {
    let loader = try loader()
    let parallel = try await withThrowingTaskGroup(of: (Int, LoadedBatch).self) { group in
      for number in (0..<loader.batches).reversed() {
        group.addTask { (number, try loader.batch(number, epoch: 1)) }
      }
      var batches: [Int: LoadedBatch] = [:]
      for try await (number, batch) in group { batches[number] = batch }
      return batches
    }
    for number in 0..<loader.batches { #expect(try parallel[number] == loader.batch(number, epoch: 1)) }
  }
}
