import Datasets
public import Networks
import Quantization
import Tensors
public import Training

/// A network with random weights on random images and labels, ready to be timed. No data set is needed, and
/// augmentation is not part of it (`AugmentedTraining`).
public final class Workload {
  public enum Kind: String, Codable, Hashable, Sendable {
    /// A step of SGD with momentum in fp32: forward, loss, backward, update.
    case training
    /// fp32, BatchNorm with its running statistics.
    case inference
    /// The quantized network, uint8 × uint8, from real pixels to logits.
    case integer
  }

  public let network: Network
  public let kind: Kind
  public let batch: Int
  public let threads: Int
  private let labels: [Int32]
  private let images: [Float]
  private var compiled: CompiledNetwork?
  private var integer: IntegerNetwork?
  private var logits: [Float] = []

  /// Small enough that the weights of no network diverge on random labels while it is timed.
  private static let learningRate = 1e-4
  /// Images that the integer network's activation ranges are taken from.
  private static let calibrationImages = 32

  /// - Throws: `OneDNNError` where oneDNN has no fast code for a layer.
  public init(_ network: Network, kind: Kind, batch: Int, threads: Int) throws {
    precondition(batch > 0 && threads > 0)
    self.network = network
    self.kind = kind
    self.batch = batch
    self.threads = threads
    var random = RandomStream(seed: 0, purpose: .syntheticData)
    let a = network.architecture
    let values = a.inputChannels * a.inputSize * a.inputSize
    images = (0..<max(batch, Self.calibrationImages) * values).map { _ in random.uniform() }
    labels = (0..<batch).map { _ in Int32(random.index(below: a.classes)) }
    let parameters = Parameters(Initialization().parameters(of: network, seed: 0))
    switch kind {
    case .training, .inference:
      let compiled = try CompiledNetwork(
        network, batch: batch, purpose: kind == .training ? .training : .inference, threads: threads)
      try compiled.load(parameters)
      _ = compiled.images.update(fromContentsOf: images.prefix(compiled.images.count))
      self.compiled = compiled
    case .integer:
      var options = QuantizationOptions()
      options.sensitivityImages = 0
      let quantization = try PostTrainingQuantization(network, options: options, threads: threads)
      _ = try quantization.load(parameters)
      integer = try images.withUnsafeBufferPointer {
        try quantization.calibrate(images: $0, count: Self.calibrationImages).network
      }
      logits = [Float](repeating: 0, count: batch * a.classes)
    }
  }

  /// One batch.
  public func step() throws {
    switch kind {
    case .training: try labels.withUnsafeBufferPointer { try trainStep(labels: $0) }
    case .inference: try compiled!.infer(count: batch)
    case .integer:
      try images.withUnsafeBufferPointer { images in
        try logits.withUnsafeMutableBufferPointer {
          try integer!.infer(images: images, count: batch, logits: $0)
        }
      }
    }
  }

  /// One batch of these images in place of its own; of a workload that trains.
  func train(on images: BatchPipeline.Batch) throws {
    compiled!.images.baseAddress!.update(from: images.images.baseAddress!, count: images.images.count)
    try trainStep(labels: UnsafeBufferPointer(images.labels))
  }

  private func trainStep(labels: UnsafeBufferPointer<Int32>) throws {
    let result = try compiled!.trainStep(
      count: labels.count, labels: labels, learningRate: Self.learningRate, momentum: 0.9, weightDecay: 0)
    precondition(result.isFinite, "the benchmark's training diverged")
  }

  /// One batch, timed piece by piece.
  public func profile() throws -> [TimedStep] {
    switch kind {
    case .training:
      try labels.withUnsafeBufferPointer {
        try compiled!.profileTrainStep(labels: $0, learningRate: Self.learningRate, momentum: 0.9)
      }
    case .inference: try compiled!.profileInference()
    case .integer: try profile(integer!)
    }
  }

  private func profile(_ integer: IntegerNetwork) throws -> [TimedStep] {
    let levels = LevelBuffer(of: network, images: batch, bits: integer.calibration.input.bits)
    var seconds: [Double] = []
    func time(_ body: () throws -> Void) rethrows {
      seconds.append(try ContinuousClock().measure(body) / .seconds(1))
    }
    try images.withUnsafeBufferPointer { images in
      time { integer.quantize(images: images, count: batch, into: levels) }
      for layer in network.layers.indices { try time { try integer.run(layer: layer, levels, count: batch) } }
    }
    let quantize = TimedStep(
      layer: nil, pass: "quantize", implementation: "strata", seconds: seconds[0])
    return [quantize]
      + network.layers.enumerated().map { i, layer in
        TimedStep(
          layer: layer.name, pass: "forward", implementation: integer.implementation(ofLayer: i),
          seconds: seconds[i + 1])
      }
  }
}
