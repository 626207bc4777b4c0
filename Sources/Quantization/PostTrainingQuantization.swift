public import LayerAnalysis
public import Networks
import Tensors
public import Training

/// Statistics of a trained network's weights under quantization (SPEC D); they depend on no calibration sample.
/// One per layer, in order.
public struct WeightAnalysis: Hashable, Sendable {
  public var weights: [TensorStatistics] = []
  public var foldedWeights: [TensorStatistics] = []
}

/// What one layer's quantization does (D7).
public struct LayerQuantizationError: Hashable, Sendable {
  /// Mean squared difference of the layer's output, quantized network against fp32, over the calibration images.
  public var mse = 0.0
  /// 10·log10(E[a²]/E[(a − â)²]) in dB; nil where either expectation is 0.
  public var sqnr: Double?
  /// QMSE of the softmax output with only this layer's weights quantized; nil where not measured.
  public var weightsAloneQMSE: Double?
  /// The same with only its output quantized.
  public var activationsAloneQMSE: Double?
}

/// A trained network under one calibration sample.
public struct CalibratedNetwork {
  public let network: IntegerNetwork
  /// Of every layer's output (logits for the last), clipped (D4), under its quantizer.
  public let activations: [TensorStatistics]
  public let errors: [LayerQuantizationError]
}

/// Post-training quantization of one network (E2): given the weights of a snapshot, and then calibrated on one or more
/// samples of images.
///
/// Calibration images go through the fp32 network twice, a few at a time: first for the exact percentiles of all
/// activations, which do not depend on quantization, then beside the integer network. Memory: 8·p percent of all the
/// sample's activations for percentiles p and 100 − p, and then those of 16 images for the lone contributions.
public final class PostTrainingQuantization {
  public let network: Network
  public let options: QuantizationOptions
  private let algorithm: ConvolutionAlgorithm
  private let threads: Int
  /// The network with BatchNorm folded in, in fp32.
  private let compiled: CompiledNetwork
  private var folded: [FoldedLayer] = []

  /// Images that go through the fp32 network together.
  private static let batch = 64

  /// - Parameter threads: of fp32 inference and of the integer network.
  /// - Throws: `OneDNNError` where oneDNN has no fast code for a layer.
  public init(
    _ network: Network, options: QuantizationOptions, algorithm: ConvolutionAlgorithm = .automatic,
    threads: Int = 1
  ) throws {
    self.network = network
    self.options = options
    self.algorithm = algorithm
    self.threads = threads
    compiled = try CompiledNetwork(
      network.withoutBatchNorm(), batch: Self.batch, purpose: .stream, algorithm: algorithm,
      threads: threads)
  }

  /// Takes over trained weights: folds BatchNorm and analyses W and F, by absolute extremes.
  ///
  /// - Throws: `ParametersError` where they are not this network's.
  public func load(_ parameters: Parameters) throws -> WeightAnalysis {
    folded = try foldBatchNorm(parameters, of: network)
    try compiled.load(Parameters(folded, of: network))
    var analysis = WeightAnalysis()
    for (layer, folded) in zip(network.layers, folded) {
      let statistics = weightStatistics(parameters["\(layer.name).weight"]!)
      analysis.weights.append(statistics)
      analysis.foldedWeights.append(layer.batchNorm ? weightStatistics(folded.weight) : statistics)
    }
    return analysis
  }

  private func weightStatistics(_ weight: Tensor) -> TensorStatistics {
    let quantizers = QuantizedWeights(weight, options: options).quantizers
    return weight.values.withUnsafeBufferPointer { values in
      TensorStatistics(of: values, layout: weight.channelLayout) { _ in quantizers.map(\.grid) }
    }
  }

  /// Runs images through the fp32 network last loaded, with BatchNorm folded in.
  ///
  /// - Parameters:
  ///   - images: count × C × H × W, row-major.
  ///   - logits: count × classes.
  public func infer(
    images: UnsafeBufferPointer<Float>, count: Int, logits: UnsafeMutableBufferPointer<Float>
  ) throws {
    let (values, classes) = (network.inputCount, network.architecture.classes)
    precondition(images.count >= count * values && logits.count >= count * classes)
    for start in stride(from: 0, to: count, by: Self.batch) {
      let now = min(Self.batch, count - start)
      compiled.images.baseAddress!.update(from: images.baseAddress! + start * values, count: now * values)
      try compiled.infer(count: now)
      (logits.baseAddress! + start * classes).update(from: compiled.logits.baseAddress!, count: now * classes)
    }
  }

  /// Calibrates on a sample: percentile ranges of every activation, the integer network, statistics of the
  /// activations (D4–D6), and the errors of D7.
  ///
  /// - Parameters:
  ///   - images: count × C × H × W, row-major.
  ///   - arithmetic: of the integer network; all give the same levels.
  public func calibrate(
    images: UnsafeBufferPointer<Float>, count: Int, arithmetic: IntegerArithmetic = .automatic
  ) throws -> CalibratedNetwork {
    try calibrate(images: images, count: count, arithmetic: arithmetic, goesOn: { true })!
  }

  /// The same, while it is wanted.
  ///
  /// - Parameter goesOn: asked for every layer of every few images; false abandons the calibration.
  /// - Returns: nil if abandoned.
  public func calibrate(
    images: UnsafeBufferPointer<Float>, count: Int, arithmetic: IntegerArithmetic = .automatic,
    goesOn: () -> Bool
  ) throws -> CalibratedNetwork? {
    precondition(!folded.isEmpty, "load parameters first")
    precondition(count > 0 && images.count >= count * network.inputCount)
    let images = UnsafeBufferPointer(rebasing: images[..<(count * network.inputCount)])
    let pass = ActivationPass(compiled: compiled, images: images, count: count)
    guard let surveys = try pass.survey(clippedPercent: options.clippedPercent, goesOn) else { return nil }
    var statistics = surveys.map { survey in
      let (moments, bounds) = survey.result()
      return TensorStatistics(moments: moments, bounds: bounds)
    }
    let calibration = Calibration(
      images: images, outputs: statistics.map { Bounds(lower: $0.lower, upper: $0.upper) },
      bits: options.activationBits)
    let integer = try IntegerNetwork(
      network, folded: folded, calibration: calibration, options: options, arithmetic: arithmetic,
      threads: threads)
    guard
      let comparisons = try pass.compare(with: integer, statistics, goesOn),
      var errors = try loneContributions(images: images, count: count, calibration.outputs, goesOn)
    else { return nil }
    for (layer, comparison) in comparisons.enumerated() {
      statistics[layer].setHistogram(comparison.histogram.result)
      statistics[layer].sqnr = comparison.rounding.sqnr
      errors[layer].mse = comparison.quantization.meanSquareError
      errors[layer].sqnr = comparison.quantization.sqnr
    }
    return CalibratedNetwork(network: integer, activations: statistics, errors: errors)
  }

  /// On the first of the images; nil if abandoned.
  private func loneContributions(
    images: UnsafeBufferPointer<Float>, count: Int, _ outputs: [AffineQuantizer], _ goesOn: () -> Bool
  ) throws -> [LayerQuantizationError]? {
    var errors = network.layers.map { _ in LayerQuantizationError() }
    let count = min(options.sensitivityImages, count)
    guard count > 0 else { return errors }
    guard
      let sensitivity = try Sensitivity(
        of: compiled.network, folded: folded, images: images, count: count, outputs: outputs,
        options: options, algorithm: algorithm, threads: threads, goesOn: goesOn)
    else { return nil }
    for layer in errors.indices {
      errors[layer].weightsAloneQMSE = sensitivity.ofWeights[layer]
      errors[layer].activationsAloneQMSE = sensitivity.ofActivations[layer]
    }
    return errors
  }
}

extension Moments {
  static func ofAll(_ values: UnsafeBufferPointer<Float>) -> Moments {
    channelMoments(of: values, layout: ChannelLayout(outer: 1, channels: 1, inner: values.count))[0]
  }
}
