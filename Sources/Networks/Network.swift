/// An architecture resolved into its layers (SPEC A1–A3), in order of execution; a plain chain from the image to
/// the logits.
public struct Network: Hashable, Sendable {
  public let architecture: Architecture
  public let layers: [Layer]

  /// Throws where a factorization rate does not divide its block's channels or a size is out of bounds.
  public init(_ architecture: Architecture) throws(NetworkSettingError) {
    self.architecture = architecture
    self.layers = try Self.resolve(architecture)
  }

  /// Every layer but the dense ones: what the thesis's totals count (SPEC A4).
  public var convolutions: ArraySlice<Layer> { layers[..<firstDense] }

  /// Index of the first dense layer: its input is the flattened (C, H, W) output of the layer before.
  public var firstDense: Int { layers.firstIndex(where: \.isDense)! }
}

extension Network {
  private static func resolve(_ a: Architecture) throws(NetworkSettingError) -> [Layer] {
    try a.validate()
    let rates = try a.rates()
    var layers: [Layer] = []
    layers.append(
      convolution(
        "conv1", .first, block: nil, in: a.inputChannels, out: a.firstWidth, kernel: 3, groups: 1,
        inputSize: a.inputSize, downsample: nil, a))
    var size = a.inputSize
    var channels = a.firstWidth
    var block = 0
    for (s, stage) in a.stages.enumerated() {
      for b in 0..<stage.blocks {
        let downsample = s > 0 && b == 0 ? a.downsampling : nil
        let name = "stage\(s + 1).\(b)"
        let f = rates[block]
        if f == 1 {
          layers.append(
            convolution(
              "\(name).conv", .regular, block: block, in: channels, out: stage.width, kernel: 3, groups: 1,
              inputSize: size, downsample: downsample, a))
        } else {
          layers.append(
            convolution(
              "\(name).spatial", .spatial, block: block, in: channels, out: channels, kernel: 3, groups: f,
              inputSize: size, downsample: downsample, a))
          layers.append(
            convolution(
              "\(name).pointwise", .pointwise, block: block, in: channels, out: stage.width, kernel: 1,
              groups: 1, inputSize: layers.last!.outputSize, downsample: nil, a))
        }
        size = layers.last!.outputSize
        channels = stage.width
        block += 1
      }
    }
    var features = channels * size * size
    let widths = a.head + [a.classes]
    for (i, width) in widths.enumerated() {
      layers.append(
        Layer(
          name: "dense\(i + 1)", role: .dense, block: nil, inChannels: features, outChannels: width,
          kernel: 1,
          stride: 1, groups: 1, inputSize: 1, outputSize: 1, padBefore: 0, padAfter: 0, poolsInput: false,
          batchNorm: false, relu: i + 1 < widths.count))
      features = width
    }
    return layers
  }

  private static func convolution(
    _ name: String, _ role: Layer.Role, block: Int?, in inChannels: Int, out outChannels: Int, kernel: Int,
    groups: Int, inputSize: Int, downsample: Downsampling?, _ a: Architecture
  ) -> Layer {
    let pools = downsample == .maxPool
    let stride = downsample == .stride ? 2 : 1
    let size = pools ? inputSize / 2 : inputSize
    let output = (size + stride - 1) / stride
    let padding = max((output - 1) * stride + kernel - size, 0)
    return Layer(
      name: name, role: role, block: block, inChannels: inChannels, outChannels: outChannels, kernel: kernel,
      stride: stride, groups: groups, inputSize: size, outputSize: output, padBefore: padding / 2,
      padAfter: padding - padding / 2, poolsInput: pools, batchNorm: a.batchNorm, relu: true)
  }
}
