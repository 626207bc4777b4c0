import LayerAnalysis
import Networks
import Quantization
import Tensors
import Testing
import Training

@Suite struct FoldingTests {
  /// The folded network's logits are the BatchNorm network's, but for float32 roundings along eight layers.
  @Test(arguments: SmallNetwork.all)
  func foldingKeepsTheFunction(_ small: SmallNetwork) throws {
    let images = small.images(16)
    let network = try small.network()
    let parameters = try small.parameters()
    var architecture = small.architecture
    architecture.batchNorm = false
    let plain = try Network(architecture)
    var folded = Parameters()
    for (layer, values) in zip(plain.layers, try foldBatchNorm(parameters, of: network)) {
      folded["\(layer.name).weight"] = values.weight
      folded["\(layer.name).bias"] = Tensor(shape: [layer.outChannels], values: values.bias)
    }
    let expected = try logits(network, parameters, images, 16)
    let found = try logits(plain, folded, images, 16)
    let largest = expected.map(abs).max()!
    for (a, b) in zip(expected, found) { #expect(abs(a - b) <= 2e-4 * largest) }
  }

  @Test func byHand() throws {
    let small = SmallNetwork("regular")
    var parameters = try small.parameters()
    let w = parameters["conv1.weight"]!.values[0]
    parameters["conv1.bn.weight"]!.values[0] = 3
    parameters["conv1.bn.bias"]!.values[0] = 0.25
    parameters["conv1.bn.running_mean"]!.values[0] = -2
    parameters["conv1.bn.running_var"]!.values[0] = 0.248
    // √(0.248 + 0.001) … ε = 1e-3.
    let factor = 3 / (Double(Float(0.248)) + 1e-3).squareRoot()
    let folded = try foldBatchNorm(parameters, of: small.network())[0]
    #expect(folded.weight.values[0] == Float(Double(w) * factor))
    #expect(folded.bias[0] == Float(0.25 + 2 * factor))
  }

  @Test func otherNetworksParametersAreRefused() throws {
    let parameters = try SmallNetwork("no BatchNorm", batchNorm: false).parameters()
    #expect(throws: ParametersError.self) {
      try foldBatchNorm(parameters, of: SmallNetwork("regular").network())
    }
  }
}

/// The logits of a network of its own for these images.
func logits(_ network: Network, _ parameters: Parameters, _ images: [Float], _ count: Int) throws -> [Float] {
  let compiled = try CompiledNetwork(network, batch: count, purpose: .inference)
  try compiled.load(parameters)
  for i in images.indices { compiled.images[i] = images[i] }
  try compiled.infer(count: count)
  return Array(compiled.logits[..<(count * network.architecture.classes)])
}

@Suite struct PostTrainingQuantizationTests {
  /// Bright images before dark ones: where the percentiles lie is guessed wrong, and all images come once more.
  @Test func theOrderOfImagesChangesNoRange() throws {
    let (small, count) = (SmallNetwork("regular"), 256)
    let values = small.images(count)
    let each = values.count / count
    var options = QuantizationOptions()
    options.clippedPercent = 10
    options.sensitivityImages = 0
    func calibrate(_ order: [Int]) throws -> (calibration: Calibration, steps: Int) {
      let images = order.flatMap { image in
        values[image * each..<(image + 1) * each].map { image < 7 * count / 8 ? $0 : 50 * $0 }
      }
      let quantization = try PostTrainingQuantization(small.network(), options: options)
      _ = try quantization.load(small.parameters())
      var steps = 0
      let calibrated = try images.withUnsafeBufferPointer {
        try quantization.calibrate(images: $0, count: count) {
          steps += 1
          return true
        }
      }
      return (try #require(calibrated).network.calibration, steps)
    }
    let darkFirst = try calibrate(Array(0..<count))
    let brightFirst = try calibrate((0..<count).reversed())
    #expect(brightFirst.calibration == darkFirst.calibration)
    #expect(brightFirst.steps > darkFirst.steps, "the images came no oftener")
  }

  /// The network, its parameters without BatchNorm, and a calibration of more images than go through at a time.
  private struct Setting {
    let small: SmallNetwork
    let count = 100
    let images: [Float]
    let network: Network
    let folded: [FoldedLayer]
    let calibrated: CalibratedNetwork
    let weights: WeightAnalysis

    init(_ small: SmallNetwork, sensitivityImages: Int = 0) throws {
      self.small = small
      images = small.images(count)
      network = try small.network()
      folded = try foldBatchNorm(small.parameters(), of: network)
      var options = QuantizationOptions()
      options.sensitivityImages = sensitivityImages
      let quantization = try PostTrainingQuantization(network, options: options)
      weights = try quantization.load(small.parameters())
      calibrated = try images.withBuffer { [count] in try quantization.calibrate(images: $0, count: count) }
    }

    /// Folded parameters with one layer's weights replaced.
    func parameters(replacing layer: Int? = nil, by weight: Tensor? = nil) -> Parameters {
      var parameters = Parameters()
      for (i, values) in folded.enumerated() {
        let name = network.layers[i].name
        parameters["\(name).weight"] = i == layer ? weight : values.weight
        parameters["\(name).bias"] = Tensor(shape: [network.layers[i].outChannels], values: values.bias)
      }
      return parameters
    }

    func plain() throws -> Network {
      var architecture = small.architecture
      architecture.batchNorm = false
      return try Network(architecture)
    }

    /// Activations of every layer, batch by batch through a network of its own.
    func activations() throws -> [[Float]] {
      let compiled = try CompiledNetwork(plain(), batch: count, purpose: .inference)
      try compiled.load(parameters())
      for i in images.indices { compiled.images[i] = images[i] }
      try compiled.infer(count: count)
      return try network.layers.enumerated().map { i, layer in
        var values = [Float](repeating: 0, count: count * layer.outputCount)
        try values.withUnsafeMutableBufferPointer {
          try compiled.readActivation(layer: i, count: count, into: $0)
        }
        return values
      }
    }
  }

  @Test(arguments: SmallNetwork.all)
  func calibrationIsByPercentilesOfTheActivations(_ small: SmallNetwork) throws {
    let setting = try Setting(small)
    for (i, values) in try setting.activations().enumerated() {
      let layer = setting.network.layers[i]
      let layout = ChannelLayout(
        outer: setting.count, channels: layer.outChannels, inner: layer.outputSize * layer.outputSize)
      let found = setting.calibrated.activations[i]
      // One image at a time or a hundred: float32 convolutions may differ in the last bits.
      let bounds = values.withBuffer { percentileBounds(of: $0, layout: layout, clippedPercent: 1) }
      #expect(abs(found.lower - bounds.tensor.lower) <= 1e-5 * Float(bounds.tensor.range))
      #expect(abs(found.upper - bounds.tensor.upper) <= 1e-5 * Float(bounds.tensor.range))
      #expect(found.count == values.count && found.channelUpper.count == layer.outChannels)
      let quantizer = setting.calibrated.network.calibration.outputs[i]
      #expect(quantizer == AffineQuantizer(Bounds(lower: found.lower, upper: found.upper), bits: 8))
      #expect(layer.relu == (found.minimum == 0) || !layer.relu)
      #expect((found.sqnr ?? 0) > 15)
    }
    let input = setting.calibrated.network.calibration.input
    #expect(
      input == AffineQuantizer(Bounds(lower: setting.images.min()!, upper: setting.images.max()!), bits: 8))
  }

  @Test func weightsAreAnalysedBeforeAndAfterFolding() throws {
    let setting = try Setting(SmallNetwork("groups of 4", .uniform(4)))
    for (i, layer) in setting.network.layers.enumerated() {
      let w = try setting.small.parameters()["\(layer.name).weight"]!.values
      let f = setting.folded[i].weight.values
      #expect(setting.weights.weights[i].maximum == w.max() && setting.weights.weights[i].minimum == w.min())
      #expect(
        setting.weights.foldedWeights[i].upper == f.max() && setting.weights.foldedWeights[i].lower == f.min()
      )
      #expect(layer.batchNorm || setting.weights.weights[i] == setting.weights.foldedWeights[i])
      #expect(setting.weights.foldedWeights[i].channelLower.count == layer.outChannels)
      #expect((setting.weights.foldedWeights[i].sqnr ?? 0) > 25)
    }
  }

  /// D7 against errors taken batch by batch from networks of the test's own.
  @Test(arguments: SmallNetwork.all)
  func layerErrorsAreTheActivationsDifferences(_ small: SmallNetwork) throws {
    let setting = try Setting(small)
    let integer = setting.calibrated.network
    let levels = LevelBuffer(
      of: setting.network, images: setting.count, bits: integer.calibration.input.bits)
    setting.images.withBuffer { integer.quantize(images: $0, count: setting.count, into: levels) }
    for (i, values) in try setting.activations().enumerated() {
      try integer.run(layer: i, levels, count: setting.count)
      var quantized = [Float](repeating: 0, count: values.count)
      quantized.withUnsafeMutableBufferPointer {
        integer.dequantize(layer: i, levels, count: setting.count, into: $0)
      }
      let noise = zip(values, quantized).reduce(0) {
        $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1))
      }
      let found = setting.calibrated.errors[i]
      #expect(abs(found.mse - noise / Double(values.count)) <= 1e-4 * found.mse)
      #expect(found.weightsAloneQMSE == nil && found.activationsAloneQMSE == nil)
    }
  }

  /// Each quantizer's lone contribution against a network that is fp32 but for that tensor.
  @Test(arguments: [
    SmallNetwork("regular"), SmallNetwork("pyramid", .reversePyramid(2), downsampling: .maxPool),
  ])
  func loneContributions(_ small: SmallNetwork) throws {
    let images = 70
    let setting = try Setting(small, sensitivityImages: images)
    let first = Array(setting.images[..<(images * 192)])
    let plain = try setting.plain()
    let reference = try logits(plain, setting.parameters(), first, images)
    let compiled = try CompiledNetwork(plain, batch: images, purpose: .inference)
    try compiled.load(setting.parameters())
    for i in first.indices { compiled.images[i] = first[i] }
    for (i, layer) in plain.layers.enumerated() {
      let quantized = QuantizedWeights(setting.folded[i].weight, options: QuantizationOptions())
      let weights = try logits(
        plain,
        setting.parameters(replacing: i, by: quantized.dequantized(shape: setting.folded[i].weight.shape)),
        first, images)
      let found = setting.calibrated.errors[i]
      let expected = qmse(reference, weights)
      let weightsAlone = try #require(found.weightsAloneQMSE)
      #expect(abs(weightsAlone - expected) <= 0.02 * expected, "\(layer.name)")

      let quantizer = setting.calibrated.network.calibration.outputs[i]
      try compiled.infer(count: images)
      try compiled.mapActivation(layer: i, count: images) { values in
        for j in values.indices { values[j] = quantizer.rounded(values[j]) }
      }
      try compiled.infer(resumingAfter: i, count: images)
      let activations = Array(compiled.logits[..<(images * 10)])
      let lone = qmse(reference, activations)
      let activationsAlone = try #require(found.activationsAloneQMSE)
      #expect(abs(activationsAlone - lone) <= 0.02 * lone, "\(layer.name)")
    }
  }

  private func qmse(_ a: [Float], _ b: [Float]) -> Double {
    a.withBuffer { a in b.withBuffer { OutputErrors.qmse(fp32: a, quantized: $0, classes: 10) } }
  }

  /// A diverged network is analysed like any other: nothing crashes, and nothing reported is NaN.
  @Test func calibrationIsAbandonedWhereAsked() throws {
    let small = SmallNetwork("depthwise", .depthwise)
    let network = try small.network()
    let quantization = try PostTrainingQuantization(network, options: QuantizationOptions())
    _ = try quantization.load(try small.parameters())
    func asked(before end: Int) throws -> (count: Int, isWhole: Bool) {
      var count = 0
      let calibrated = try small.images(24).withBuffer {
        try quantization.calibrate(images: $0, count: 24) {
          count += 1
          return count < end
        }
      }
      return (count, calibrated != nil)
    }
    let whole = try asked(before: .max)
    #expect(whole.isWhole && whole.count >= network.layers.count)
    for end in [1, whole.count / 2, whole.count] { #expect(try asked(before: end) == (end, false)) }
  }

  @Test(arguments: [Float.nan, .infinity, 1e38])
  func divergedNetworksHaveDefinedStatistics(_ value: Float) throws {
    let small = SmallNetwork("depthwise", .depthwise)
    var parameters = try small.parameters()
    for name in ["stage1.0.spatial.weight", "stage2.0.pointwise.weight", "dense1.weight"] {
      parameters[name]!.values[0] = value
    }
    parameters["stage2.0.spatial.bn.bias"]!.values[1] = value
    let network = try small.network()
    var options = QuantizationOptions()
    options.sensitivityImages = 8
    let quantization = try PostTrainingQuantization(network, options: options)
    let weights = try quantization.load(parameters)
    let images = small.images(24)
    let calibrated = try images.withBuffer { try quantization.calibrate(images: $0, count: 24) }
    for statistics in weights.weights + weights.foldedWeights + calibrated.activations {
      let numbers = [
        Double(statistics.minimum), Double(statistics.maximum), statistics.mean, statistics.standardDeviation,
        statistics.range, statistics.averagePrecision, statistics.kurtosis, statistics.sqnr,
        statistics.klFromUniform, statistics.channelKurtosis,
      ]
      #expect(numbers.compactMap(\.self).allSatisfy { $0.isFinite })
    }
    for error in calibrated.errors {
      #expect(error.mse.isFinite && (error.weightsAloneQMSE ?? 0).isFinite)
      #expect(error.sqnr?.isNaN != true)
    }
    var logits = [Float](repeating: .nan, count: 240)
    try images.withBuffer { images in
      try logits.withUnsafeMutableBufferPointer {
        try calibrated.network.infer(images: images, count: 24, logits: $0)
      }
    }
    #expect(logits.allSatisfy { $0.isFinite })
  }
}
