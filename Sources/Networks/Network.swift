/// An architecture resolved into its layers, in order of execution; a plain chain from the image to the logits.
public struct Network: Hashable, Sendable {
  public let architecture: Architecture
  public let layers: [Layer]

  public init(_ architecture: Architecture) throws(ArchitectureError) {
    self.architecture = architecture
    self.layers = try Self.resolve(architecture)
  }

  /// Index of the first dense layer: its input is the flattened (C, H, W) output of the layer before.
  public var firstDense: Int { layers.firstIndex(where: \.isDense)! }
}

/// What makes an architecture impossible; `description` says where, and what would be right.
public struct ArchitectureError: Error, Hashable, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension Network {
  private static func resolve(_ a: Architecture) throws(ArchitectureError) -> [Layer] {
    try a.validate()
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
        let f = try a.rate(block: block, inChannels: channels, name: name)
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

extension Architecture {
  /// The factorization rate of a block; throws where it does not divide the input channels (SPEC A3).
  func rate(block: Int, inChannels: Int, name: String) throws(ArchitectureError) -> Int {
    let f: Int
    switch factorization {
    case .none: f = 1
    case .uniform(let rate): f = rate
    case .depthwise: f = inChannels
    case .reversePyramid(let initial): f = initial * inChannels / firstWidth
    case .explicit(let rates):
      guard rates.indices.contains(block) else {
        throw ArchitectureError(
          "factorization lists \(rates.count) rates, but block \(name) is number \(block + 1): give one rate per block"
        )
      }
      f = rates[block]
    }
    guard f >= 1, inChannels % f == 0 else {
      throw ArchitectureError(
        "block \(name): factorization rate \(f) does not divide its \(inChannels) input channels")
    }
    return f
  }

  func validate() throws(ArchitectureError) {
    if inputSize < 4 { throw ArchitectureError("inputSize is \(inputSize): at least 4 is needed") }
    if inputChannels < 1 {
      throw ArchitectureError("inputChannels is \(inputChannels): at least 1 is needed")
    }
    if classes < 2 { throw ArchitectureError("classes is \(classes): at least 2 are needed") }
    if firstWidth < 1 { throw ArchitectureError("firstWidth is \(firstWidth): at least 1 is needed") }
    if stages.isEmpty { throw ArchitectureError("stages is empty: at least one stage is needed") }
    for (i, stage) in stages.enumerated() where stage.width < 1 || stage.blocks < 1 {
      throw ArchitectureError(
        "stage \(i + 1): width \(stage.width) and blocks \(stage.blocks) must be at least 1")
    }
    if let bad = head.first(where: { $0 < 1 }) {
      throw ArchitectureError("head width \(bad): at least 1 is needed")
    }
    if inputSize % (1 << (stages.count - 1)) != 0 {
      throw ArchitectureError(
        "inputSize \(inputSize) cannot be halved \(stages.count - 1) times, once for every stage after the first"
      )
    }
  }
}
