import Networks
import Tensors
import Testing
import Training

@Suite struct InferenceTests {
  private func inference(_ reference: Reference, _ algorithm: ConvolutionAlgorithm = .direct) throws
    -> CompiledNetwork
  {
    let compiled = try CompiledNetwork(
      reference.network, batch: 8, purpose: .inference, algorithm: algorithm)
    try compiled.load(reference.parameters("initial"))
    _ = compiled.images.update(fromContentsOf: reference.images)
    return compiled
  }

  private func activation(_ compiled: CompiledNetwork, layer: Int, count: Int) throws -> [Float] {
    var values = [Float](repeating: .nan, count: count * compiled.network.layers[layer].outputCount)
    try values.withUnsafeMutableBufferPointer {
      try compiled.readActivation(layer: layer, count: count, into: $0)
    }
    return values
  }

  /// Every layer computed from the activation before it, in double precision, as its formula says.
  @Test(arguments: StepReferenceTests.networks, ConvolutionAlgorithm.allCases)
  func everyLayerFollowsFromTheOneBefore(name: String, algorithm: ConvolutionAlgorithm) throws {
    let reference = try Reference(named: name)
    let compiled = try inference(reference, algorithm)
    let parameters = reference.parameters("initial")
    for count in [8, 3] {
      try compiled.infer(count: count)
      var input = Array(reference.images.prefix(count * reference.images.count / 8))
      for (i, layer) in reference.network.layers.enumerated() {
        let found = try activation(compiled, layer: i, count: count)
        let expected = plainForward(
          layer, input, count: count, parameters, epsilon: reference.network.architecture.batchNormEpsilon)
        let shape: Shape = [count, layer.outputCount]
        let worst = error(Tensor(shape: shape, values: found), Tensor(shape: shape, values: expected))
        #expect(worst < 5e-6, "\(layer.name) of \(count) images")
        input = found
      }
      #expect(Array(compiled.logits.prefix(count * 10)) == input)
    }
  }

  @Test(arguments: StepReferenceTests.networks)
  func resumingEqualsRunningThrough(name: String) throws {
    let reference = try Reference(named: name)
    let compiled = try inference(reference, .automatic)
    try compiled.infer(count: 8)
    let whole = Array(compiled.logits)
    for layer in reference.network.layers.indices.dropLast() {
      try compiled.mapActivation(layer: layer, count: 8) { $0.update(repeating: 0) }
      try compiled.infer(resumingAfter: layer, count: 8)
      #expect(Array(compiled.logits) != whole)
      try compiled.infer(count: 8)
      try compiled.mapActivation(layer: layer, count: 8) { for i in $0.indices { $0[i] *= 1 } }
      try compiled.infer(resumingAfter: layer, count: 8)
      #expect(Array(compiled.logits) == whole)
    }
  }

  @Test func mappingAnActivationIsSeenWhenRead() throws {
    let reference = try Reference(named: "narrow-bn")
    let compiled = try inference(reference)
    try compiled.infer(count: 5)
    let before = try activation(compiled, layer: 1, count: 5)
    try compiled.mapActivation(layer: 1, count: 5) { for i in $0.indices { $0[i] *= 2 } }
    #expect(try activation(compiled, layer: 1, count: 5) == before.map { $0 * 2 })
  }

  @Test func loadingAgainChangesWhatIsInferred() throws {
    let reference = try Reference(named: "regular-bn")
    let compiled = try inference(reference, .automatic)
    try compiled.infer(count: 8)
    try compiled.infer(count: 5)
    try compiled.load(reference.parameters("step2"))
    let fresh = try inference(reference, .automatic)
    try fresh.load(reference.parameters("step2"))
    for count in [8, 5] {
      try compiled.infer(count: count)
      try fresh.infer(count: count)
      #expect(compiled.logits.prefix(count * 10).elementsEqual(fresh.logits.prefix(count * 10)))
    }
  }
}

/// One layer as its definition reads: pool, convolution or dense, bias or BatchNorm with running statistics,
/// ReLU. `input` and result are count × C × H × W.
private func plainForward(
  _ layer: Layer, _ input: [Float], count: Int, _ parameters: Parameters, epsilon: Double
) -> [Float] {
  func values(_ suffix: String) -> [Float]? { parameters["\(layer.name).\(suffix)"]?.values }
  let weights = values("weight")!
  let bias = values("bias")
  let size = layer.inputSize
  let x = layer.poolsInput ? pooled(input, planes: count * layer.inChannels, size: size) : input
  let inputs = layer.inChannels / layer.groups
  let outputsPerGroup = layer.outChannels / layer.groups
  var result: [Float] = []
  result.reserveCapacity(count * layer.outputCount)
  for n in 0..<count {
    for o in 0..<layer.outChannels {
      for y in 0..<layer.outputSize {
        for z in 0..<layer.outputSize {
          var sum = Double(bias?[o] ?? 0)
          for i in 0..<inputs {
            let plane = (n * layer.inChannels + o / outputsPerGroup * inputs + i) * size * size
            for ky in 0..<layer.kernel {
              let row = y * layer.stride + ky - layer.padBefore
              guard row >= 0, row < size else { continue }
              for kx in 0..<layer.kernel {
                let column = z * layer.stride + kx - layer.padBefore
                guard column >= 0, column < size else { continue }
                let weight = weights[((o * inputs + i) * layer.kernel + ky) * layer.kernel + kx]
                sum += Double(weight) * Double(x[plane + row * size + column])
              }
            }
          }
          if layer.batchNorm {
            let centred = sum - Double(values("bn.running_mean")![o])
            let scale = 1 / (Double(values("bn.running_var")![o]) + epsilon).squareRoot()
            sum = centred * scale * Double(values("bn.weight")![o]) + Double(values("bn.bias")![o])
          }
          result.append(Float(layer.relu ? max(sum, 0) : sum))
        }
      }
    }
  }
  return result
}

/// 2×2 maxima with stride 2 of planes of (2·size)² values.
private func pooled(_ input: [Float], planes: Int, size: Int) -> [Float] {
  var result: [Float] = []
  for p in 0..<planes {
    for y in 0..<size {
      for x in 0..<size {
        let corner = (p * 2 * size + 2 * y) * 2 * size + 2 * x
        result.append(
          max(input[corner], input[corner + 1], input[corner + 2 * size], input[corner + 2 * size + 1]))
      }
    }
  }
  return result
}
