public import Networks
import Quantization
import Tensors
import Training

/// What a snapshot's evaluation of a network costs on this machine, beside an epoch of its training.
///
/// Random weights, images and labels; no augmentation, which runs ahead of training on another thread.
public struct EvaluationBenchmark: Codable, Hashable, Sendable {
  /// How many images an evaluation and an epoch take. The defaults are CIFAR-10's and a trial's.
  public struct Images: Codable, Hashable, Sendable {
    public var training = 50_000
    public var test = 10_000
    public var calibration = 1024
    /// That each quantizer's lone contribution is measured on.
    public var sensitivity = 64
    /// In a training step.
    public var batch = 128

    public init() {}
  }

  /// Seconds of each part.
  public struct Parts: Codable, Hashable, Sendable {
    /// Compiling the network for inference.
    public var compilation = 0.0
    /// BatchNorm folded in; statistics of all weights.
    public var weights = 0.0
    /// The test images through the fp32 network.
    public var fp32 = 0.0
    /// Percentiles, statistics and errors of all activations of the calibration images; the integer network.
    public var calibration = 0.0
    /// What each quantizer contributes alone.
    public var sensitivity = 0.0
    /// The test images through the integer network.
    public var integer = 0.0

    public var all: Double { compilation + weights + fp32 + calibration + sensitivity + integer }
  }

  public let images: Images
  public let threads: Int
  public let parts: Parts
  /// Of one epoch.
  public let trainingSeconds: Double

  /// What the statistics D1–D7 take of it: all that calibration does but to run the fp32 network over its images once,
  /// and the weights' and the lone contributions.
  public var statistics: Double {
    let network = parts.fp32 * Double(images.calibration) / Double(images.test)
    return parts.weights + max(parts.calibration - network, 0) + parts.sensitivity
  }

  /// Evaluation over epoch.
  public var ofEpoch: Double { parts.all / trainingSeconds }

  /// - Parameter seconds: that training and both inferences are timed for, and scaled up to all their images; the
  ///   other parts are done in full, several times.
  /// - Throws: `OneDNNError` where oneDNN has no fast code for a layer.
  public init(_ network: Network, images: Images = Images(), threads: Int, seconds: Double) throws {
    self.images = images
    self.threads = threads
    let training = try Workload(network, kind: .training, batch: images.batch, threads: threads)
    trainingSeconds = Double(images.training) / (try training.imagesPerSecond(seconds: seconds)).median
    parts = try Self.parts(network, images, threads: threads, seconds: seconds)
  }

  private static let calibrationRounds = 3

  private static func parts(
    _ network: Network, _ images: Images, threads: Int, seconds: Double
  ) throws -> Parts {
    var parts = Parts()
    var random = RandomStream(seed: 0, purpose: .syntheticData)
    let a = network.architecture
    let values = a.inputChannels * a.inputSize * a.inputSize
    let pixels = (0..<max(images.calibration, images.batch) * values).map { _ in random.uniform() }
    let parameters = Parameters(Initialization().parameters(of: network, seed: 0))
    func quantization(sensitivityImages: Int) throws -> PostTrainingQuantization {
      var options = QuantizationOptions()
      options.sensitivityImages = sensitivityImages
      return try PostTrainingQuantization(network, options: options, threads: threads)
    }
    func calibrate(_ quantization: PostTrainingQuantization, images count: Int) throws -> IntegerNetwork {
      try pixels.withUnsafeBufferPointer { try quantization.calibrate(images: $0, count: count).network }
    }
    var logits = [Float](repeating: 0, count: images.batch * a.classes)
    func test(_ infer: Inference) throws -> Double {
      let times = try repeatedly(seconds: seconds) {
        try pixels.withUnsafeBufferPointer { pixels in
          try logits.withUnsafeMutableBufferPointer { try infer(pixels, images.batch, $0) }
        }
      }
      return Spread(times).median / Double(images.batch) * Double(images.test)
    }
    var rounds: [Parts] = []
    // One more than counts: every snapshot of a trial but the first finds the process's memory and code used before.
    for _ in 0...calibrationRounds {
      var round = Parts()
      let plain = try quantization(sensitivityImages: 0)
      _ = try plain.load(parameters)
      let compiled = try time { try quantization(sensitivityImages: images.sensitivity) }
      let whole = compiled.result
      round.compilation = compiled.seconds
      round.weights = try time { try whole.load(parameters) }.seconds
      round.calibration = try time { try calibrate(plain, images: images.calibration) }.seconds
      let few = min(images.sensitivity, images.calibration)
      let without = try time { try calibrate(plain, images: few) }.seconds
      round.sensitivity = max(try time { try calibrate(whole, images: few) }.seconds - without, 0)
      rounds.append(round)
    }
    func median(_ part: (Parts) -> Double) -> Double { Spread(rounds.dropFirst().map(part)).median }
    parts.compilation = median(\.compilation)
    parts.weights = median(\.weights)
    parts.calibration = median(\.calibration)
    parts.sensitivity = median(\.sensitivity)
    let last = try quantization(sensitivityImages: 0)
    _ = try last.load(parameters)
    parts.fp32 = try test(last.infer)
    parts.integer = try test(try calibrate(last, images: images.batch).infer)
    return parts
  }

  private typealias Inference = (
    _ images: UnsafeBufferPointer<Float>, _ count: Int, _ logits: UnsafeMutableBufferPointer<Float>
  ) throws -> Void

  private static func time<Result>(
    _ body: () throws -> Result
  ) rethrows -> (result: Result, seconds: Double) {
    let began = ContinuousClock.now
    let result = try body()
    return (result, (ContinuousClock.now - began) / .seconds(1))
  }
}
