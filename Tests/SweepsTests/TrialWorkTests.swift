import Networks
import Sweeps
import Testing

@Suite struct TrialWorkTests {
  /// 3 epochs of 10 units in 5 steps, snapshots of 2 units at initialization and after epochs 2 and 3.
  private var work: TrialWork {
    var work = TrialWork()
    (work.epochs, work.steps, work.epoch, work.snapshot) = (3, 5, 10, 2)
    work.snapshotEpochs = [0, 2, 3]
    return work
  }

  @Test(arguments: [
    (0, 0, 0.0), (0, 1, 4), (0, 5, 12), (1, 0, 12), (1, 5, 22), (2, 0, 24), (2, 5, 34), (3, 0, 36),
    (9, 9, 36),
    (-1, -1, 0),
  ])
  func whatIsDoneGrowsWithEpochStepAndSnapshot(epoch: Int, step: Int, done: Double) {
    #expect(work.done(epoch: epoch, step: step) == done)
    #expect(work.total == 36)
  }

  @Test func regularNetworksCostMoreThanDepthwiseOnes() throws {
    var estimate = WorkEstimate()
    var configuration = TrialConfiguration()
    let regular = try estimate.work(of: configuration)
    configuration.network.factorization = .depthwise
    let depthwise = try estimate.work(of: configuration)
    #expect(regular.family != depthwise.family)
    #expect(regular.steps == 391)
    #expect(regular.snapshotEpochs == [0, 200])
    // 3.7 ms an image against 1.7 ms (scripts/bench-core).
    let ratio = regular.epoch / depthwise.epoch
    #expect(ratio > 2.0 && ratio < 2.7)
    configuration.training.epochs = 100
    #expect(try estimate.work(of: configuration).epoch == depthwise.epoch)
  }
}
