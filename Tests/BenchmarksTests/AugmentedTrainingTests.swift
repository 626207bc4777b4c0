import Benchmarks
import Networks
import Testing

@Suite struct AugmentedTrainingTests {
  /// Epochs of two batches: it goes on over their ends, and waits for a batch now and then. Nothing is held to a time.
  @Test func trainingGoesOnFromEpochToEpoch() throws {
    var architecture = Architecture()
    architecture.firstWidth = 16
    architecture.stages = [Stage(width: 16, blocks: 1)]
    architecture.head = []
    let network = try Network(architecture)
    let found = try AugmentedTraining(network, batch: 4, batches: 2, threads: 1, seconds: 0)
    #expect(found.augmented.count >= 3 && found.augmented.least > 0 && found.plain.least > 0)
    #expect(found.waiting > 0 && found.waiting < 1)
  }
}
