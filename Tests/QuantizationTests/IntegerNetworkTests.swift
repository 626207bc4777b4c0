import LayerAnalysis
import Networks
import Quantization
import Tensors
import Testing
import Training

@Suite struct IntegerNetworkTests {
  /// Levels of every layer, by every arithmetic, against a simulation in double precision of the same network: the
  /// real output of a layer on the dequantized input, quantized. They agree but where float32 requantization meets
  /// what is within 1e-4 of a tie; those are counted, and are few.
  @Test(arguments: SmallNetwork.all)
  func agreesWithSimulation(_ small: SmallNetwork) throws {
    let count = 19
    // Standardized images: the input's zero point is not 0, so padding matters.
    let images = small.images(count, lower: -1.3, upper: 2.1)
    let network = try small.network()
    let quantization = try PostTrainingQuantization(network, options: QuantizationOptions())
    _ = try quantization.load(small.parameters())
    let folded = try foldBatchNorm(small.parameters(), of: network)
    var reference: [[UInt16]]?
    for arithmetic in IntegerArithmetic.usable {
      let integer = try images.withBuffer {
        try quantization.calibrate(images: $0, count: count, arithmetic: arithmetic).network
      }
      #expect(integer.calibration.input.zeroPoint > 0)
      let levels = try levelsOfAllLayers(integer, images, count)
      #expect(reference == nil || reference! == levels, "\(arithmetic)")
      reference = levels
    }
    let levels = try #require(reference)
    let integer = try images.withBuffer { try quantization.calibrate(images: $0, count: count).network }
    var ties = 0
    for (i, layer) in network.layers.enumerated() {
      let simulation = SimulatedLayer(
        layer,
        flattens: i > 0 && layer.isDense && !network.layers[i - 1].isDense ? network.layers[i - 1] : nil,
        folded[i], input: integer.calibration.input(ofLayer: i), output: integer.calibration.outputs[i])
      ties += simulation.compare(levels[i], levels[i + 1], images: count)
    }
    let all = levels.dropFirst().map(\.count).reduce(0, +)
    #expect(ties * 1000 <= all, "\(ties) of \(all) levels differ at a tie")
  }

  /// The levels of the input and of every layer's output.
  private func levelsOfAllLayers(_ integer: IntegerNetwork, _ images: [Float], _ count: Int) throws
    -> [[UInt16]]
  {
    let levels = LevelBuffer(of: integer.network, images: count, bits: integer.calibration.input.bits)
    images.withBuffer { integer.quantize(images: $0, count: count, into: levels) }
    var all = [(0..<count * 3 * 64).map { levels[$0] }]
    for (i, layer) in integer.network.layers.enumerated() {
      try integer.run(layer: i, levels, count: count)
      all.append((0..<count * layer.outputCount).map { levels[$0] })
    }
    return all
  }

  @Test(arguments: SmallNetwork.all)
  func wholeNetworkEqualsLayerByLayer(_ small: SmallNetwork) throws {
    let count = 21
    let images = small.images(count)
    let quantization = try PostTrainingQuantization(small.network(), options: QuantizationOptions())
    _ = try quantization.load(small.parameters())
    let calibrated = try images.withBuffer { try quantization.calibrate(images: $0, count: count).network }
    let made = try IntegerNetwork(
      small.network(), folded: foldBatchNorm(small.parameters(), of: small.network()),
      calibration: calibrated.calibration, options: QuantizationOptions())
    let levels = try levelsOfAllLayers(calibrated, images, count).last!
    for network in [calibrated, made] {
      var logits = [Float](repeating: .nan, count: count * 10)
      try images.withBuffer { images in
        try logits.withUnsafeMutableBufferPointer {
          try network.infer(images: images, count: count, logits: $0)
        }
      }
      #expect(logits == levels.map { calibrated.calibration.outputs.last!.value(of: $0) })
    }
  }

  /// More bits, smaller errors: from 4 to 8 to 12 bits the logits' error falls about 16-fold a step (in amplitude).
  @Test(arguments: [QuantizationOptions.Granularity.perTensor, .perChannel], [false, true])
  func errorFallsWithBits(granularity: QuantizationOptions.Granularity, symmetric: Bool) throws {
    let small = SmallNetwork("regular")
    let images = small.images(40)
    var errors: [Double] = []
    for bits in [4, 8, 12, 16] {
      var options = QuantizationOptions()
      options.weightBits = bits
      options.activationBits = bits
      options.granularity = granularity
      options.symmetricWeights = symmetric
      options.clippedPercent = 0
      let quantization = try PostTrainingQuantization(small.network(), options: options)
      _ = try quantization.load(small.parameters())
      errors.append(
        try images.withBuffer { try quantization.calibrate(images: $0, count: 40).errors.last!.mse })
    }
    for (coarse, fine) in zip(errors, errors.dropFirst()) {
      #expect(coarse > 50 * fine && coarse < 2000 * fine, "\(errors)")
    }
  }

  /// Rounding modes differ at ties and by the multiplier's last bit only.
  @Test(arguments: [QuantizationOptions.Rounding.tiesAway, .tiesUp])
  func otherRoundingsStayClose(_ rounding: QuantizationOptions.Rounding) throws {
    let small = SmallNetwork("depthwise", .depthwise)
    let images = small.images(32)
    let network = try small.network()
    let even = try PostTrainingQuantization(network, options: QuantizationOptions())
    _ = try even.load(small.parameters())
    let calibration = try images.withBuffer { try even.calibrate(images: $0, count: 32).network.calibration }
    var options = QuantizationOptions()
    options.rounding = rounding
    let logits = try [QuantizationOptions(), options].map { options in
      let integer = try IntegerNetwork(
        network, folded: foldBatchNorm(small.parameters(), of: network), calibration: calibration,
        options: options)
      var logits = [Float](repeating: 0, count: 320)
      try images.withBuffer { images in
        try logits.withUnsafeMutableBufferPointer { try integer.infer(images: images, count: 32, logits: $0) }
      }
      return logits
    }
    let step = calibration.outputs.last!.scale
    #expect(zip(logits[0], logits[1]).allSatisfy { abs($0 - $1) <= 3 * step })
    #expect(zip(logits[0], logits[1]).filter { $0 == $1 }.count > 200)
  }
}
