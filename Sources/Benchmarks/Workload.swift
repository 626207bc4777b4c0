public import Networks
import Quantization
import Tensors
public import Training

/// A network with random weights on random images and labels, ready to be timed. No data set is needed, and
/// augmentation is not part of it.
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
    case .training:
      let result = try labels.withUnsafeBufferPointer {
        try compiled!.trainStep(
          count: batch, labels: $0, learningRate: Self.learningRate, momentum: 0.9, weightDecay: 0)
      }
      precondition(result.isFinite, "the benchmark's training diverged")
    case .inference: try compiled!.infer(count: batch)
    case .integer:
      try images.withUnsafeBufferPointer { images in
        try logits.withUnsafeMutableBufferPointer {
          try integer!.infer(images: images, count: batch, logits: $0)
        }
      }
    }
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

  /// Images go through in slices, as `infer` takes them, so that accumulators stay in the cache.
  private func profile(_ integer: IntegerNetwork) throws -> [TimedStep] {
    let slice = 8
    let values = images.count / max(batch, Self.calibrationImages)
    let largest = network.layers.map { max($0.outputCount, $0.inChannels * $0.inputSize * $0.inputSize * 4) }
    let levels = AlignedBuffer<UInt16>(count: slice * largest.reduce(values, max))
    var seconds = [Double](repeating: 0, count: network.layers.count + 1)
    var last = ContinuousClock.now
    func lap(_ index: Int) {
      let now = ContinuousClock.now
      seconds[index] += (now - last) / .seconds(1)
      last = now
    }
    try images.withUnsafeBufferPointer { images in
      for start in stride(from: 0, to: batch, by: slice) {
        let count = min(slice, batch - start)
        integer.quantize(
          images: UnsafeBufferPointer(rebasing: images[(start * values)...]), count: count, into: levels.base)
        lap(0)
        for layer in network.layers.indices {
          try integer.run(layer: layer, levels.base, count: count)
          lap(layer + 1)
        }
      }
    }
    let quantize = TimedStep(
      layer: nil, pass: "quantize", implementation: "strata", seconds: seconds[0])
    return [quantize]
      + zip(network.layers, seconds.dropFirst()).map {
        TimedStep(
          layer: $0.name, pass: "forward", implementation: integer.arithmetic.rawValue, seconds: $1)
      }
  }
}
