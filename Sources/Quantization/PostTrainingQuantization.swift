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

/// Post-training quantization of one network (E2): made once per trial, given the weights of each snapshot, and
/// then calibrated on one or more samples of images.
///
/// All calibration images go through one layer before any goes through the next, so that exact percentiles need
/// one layer's activations in memory and one pass of inference. Memory at its peak: 6 bytes a value of the largest
/// activation times images.
public final class PostTrainingQuantization {
  public let network: Network
  public let options: QuantizationOptions
  private let threads: Int
  /// The network with BatchNorm folded in, in fp32.
  private let compiled: CompiledNetwork
  private var folded: [FoldedLayer] = []

  /// Images that go through the fp32 network at a time: what a layer leaves is in the cache for the next.
  private static let batch = 16

  /// - Parameter threads: of fp32 inference and of the integer network.
  /// - Throws: `OneDNNError` where oneDNN has no fast code for a layer.
  public init(
    _ network: Network, options: QuantizationOptions, algorithm: ConvolutionAlgorithm = .automatic,
    threads: Int = 1
  ) throws {
    self.network = network
    self.options = options
    self.threads = threads
    compiled = try CompiledNetwork(
      network.withoutBatchNorm(), batch: Self.batch, purpose: .inference, algorithm: algorithm,
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
  /// - Parameter goesOn: asked several times a layer; false abandons the calibration.
  /// - Returns: nil if abandoned.
  public func calibrate(
    images: UnsafeBufferPointer<Float>, count: Int, arithmetic: IntegerArithmetic = .automatic,
    goesOn: () -> Bool
  ) throws -> CalibratedNetwork? {
    precondition(!folded.isEmpty, "load parameters first")
    precondition(count > 0 && images.count >= count * network.inputCount)
    let images = UnsafeBufferPointer(rebasing: images[..<(count * network.inputCount)])
    let input = Calibration(images: images, outputs: [], bits: options.activationBits).input
    let integer = try IntegerNetwork(
      network, folded: folded, input: input, options: options, arithmetic: arithmetic, threads: threads)
    let activations = LayerActivations(compiled, images: images, count: count)
    let levels = LevelBuffer(of: network, images: count, bits: options.activationBits)
    integer.quantize(images: images, count: count, into: levels)
    let sensitivity = try Sensitivity(compiled, activations, images: min(options.sensitivityImages, count))

    var statistics: [TensorStatistics] = []
    var errors: [LayerQuantizationError] = []
    for layer in network.layers.indices {
      guard goesOn() else { return nil }
      var error = LayerQuantizationError()
      error.weightsAloneQMSE = try sensitivity?.ofWeights(
        layer: layer, original: folded[layer].weight,
        quantized: QuantizedWeights(folded[layer].weight, options: options)
          .dequantized(shape: folded[layer].weight.shape))
      guard goesOn() else { return nil }
      let survey = ChannelSurvey(activations.nextLayout, clippedPercent: options.clippedPercent)
      try activations.advance(survey)
      let (moments, bounds) = survey.result()
      let output = AffineQuantizer(bounds.tensor, bits: options.activationBits)
      guard goesOn() else { return nil }
      error.activationsAloneQMSE = try sensitivity?.ofActivations(layer: layer, quantizer: output)
      try integer.append(output: output)
      guard goesOn() else { return nil }
      try integer.run(layer: layer, levels, count: count)
      guard goesOn() else { return nil }
      var found = TensorStatistics(moments: moments, bounds: bounds)
      let histogram = HistogramCounter(bounds: Bounds(lower: found.minimum, upper: found.maximum))
      let noise = activations.compare(
        with: integer, levels: levels, histogram: histogram, quantizedBy: output.grid)
      found.setHistogram(histogram.result)
      found.sqnr = noise.rounding.sqnr
      statistics.append(found)
      error.mse = noise.quantization.meanSquareError
      error.sqnr = noise.quantization.sqnr
      errors.append(error)
    }
    return CalibratedNetwork(network: integer, activations: statistics, errors: errors)
  }
}

extension Moments {
  static func ofAll(_ values: UnsafeBufferPointer<Float>) -> Moments {
    channelMoments(of: values, layout: ChannelLayout(outer: 1, channels: 1, inner: values.count))[0]
  }
}
