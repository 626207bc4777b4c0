import Benchmarks
import Networks
import Testing

@Suite struct EvaluationTests {
  /// Parts add up, and both inferences are scaled to as many images as were asked for. Nothing is held to a time.
  @Test func anEvaluationHasAllItsParts() throws {
    var images = EvaluationBenchmark.Images()
    images.training = 40
    images.test = 1_000_000
    images.calibration = 20
    images.sensitivity = 4
    images.batch = 8
    let network = ProfileTests.networks[0].network
    let found = try EvaluationBenchmark(network, images: images, threads: 1, seconds: 0)
    let parts = found.parts
    let timed = [parts.compilation, parts.weights, parts.fp32, parts.calibration, parts.integer]
    #expect(timed.allSatisfy { $0 > 0 } && parts.sensitivity >= 0)
    #expect(abs(parts.all - timed.reduce(parts.sensitivity, +)) <= 1e-9 * parts.all)
    // A million test images take longer than the 40 of an epoch, whatever else the machine does.
    #expect(parts.fp32 > found.trainingSeconds && parts.integer > found.trainingSeconds)
    let calibration = max(parts.calibration - parts.fp32 * 20 / 1_000_000, 0)
    #expect(found.statistics == parts.weights + calibration + parts.sensitivity)
    #expect(found.ofEpoch == parts.all / found.trainingSeconds)
  }
}
