import Networks
import OneDNN

/// One pass of a 3 × 3 convolution in groups by oneDNN's Winograd, which knows no groups: a slice's images go through
/// it a few at a time, group after group.
///
/// A group's channels lie together in an image, but apart from the next image's. They are gathered, and what is
/// computed is put where it belongs: a small part of what Winograd saves where groups have 32 channels or more.
final class GatheredWinograd: LayerPass {
  let name: String
  var implementation: String { "\(primitive.implementation):groups" }
  let pass: ConvolutionPass
  let layer: Layer
  let threads: Int
  /// Of the layer's slice.
  private let images: Int
  /// Images of the slice that are computed together.
  let parts: ImageSlices
  /// Of as many images and one group.
  let primitive: Primitive
  let engine: Engine

  /// What a part takes and leaves, bytes, at most. The backward pass by weights keeps transforms of both.
  private static func partBytes(_ pass: ConvolutionPass) -> Int {
    pass == .backwardWeights ? 2 << 20 : 4 << 20
  }

  /// Whether the layer has groups of a shape for minimal filtering, large enough to be worth gathering.
  static func serves(_ layer: Layer) -> Bool {
    let channels = min(layer.inChannels, layer.outChannels) / layer.groups
    return layer.groups > 1 && channels >= 32 && layer.admitsWinograd(groups: layer.groups)
  }

  /// - Parameter images: of a slice.
  /// - Throws: `OneDNNError` where oneDNN has no Winograd for this processor.
  init(
    _ pass: ConvolutionPass, of layer: Layer, images: Int, _ options: CompilationOptions
  ) throws(OneDNNError) {
    precondition(Self.serves(layer))
    name = "\(layer.name) \(pass.rawValue)"
    (self.pass, self.layer, self.images) = (pass, layer, images)
    (engine, threads) = (options.engine, options.threads)
    parts = ImageSlices(
      count: images, imageBytes: ImageSlices.imageBytes(layer) / layer.groups,
      sliceBytes: Self.partBytes(pass) * options.threads)
    var geometry = layer.geometry(images: parts.size, groups: 1)
    geometry.inChannels /= layer.groups
    geometry.outChannels /= layer.groups
    // For inference oneDNN would want the kernels of each group transformed beforehand, in a layout of its own.
    let forward = try Primitive.convolutionForward(
      name, geometry, method: .winograd, purpose: .training, bias: layer.bias,
      relu: layer.relu && !layer.batchNorm, engine: engine)
    switch pass {
    case .forward: primitive = forward
    case .backwardData:
      primitive = try .convolutionBackwardData(
        name, geometry, method: .winograd, forward: forward, engine: engine)
    case .backwardWeights:
      primitive = try .convolutionBackwardWeights(
        name, geometry, method: .winograd, bias: layer.bias, forward: forward, engine: engine)
    }
    for (argument, extents) in [(input, geometry.source), (output, geometry.destination)] {
      try require(argument, extents, .blocks16)
    }
    try require(kernels, geometry.weights, .weightBlocks16)
  }

  private func require(
    _ argument: Argument, _ extents: [Int], _ format: Layout.Format
  ) throws(OneDNNError) {
    guard try primitive.layout(argument) == Layout(extents, .float32, format) else {
      throw OneDNNError(subject: name, reason: .unexpectedLayout("\(argument)"))
    }
  }

  var input: Argument { pass == .backwardData ? .sourceGradient : .source }
  var output: Argument { pass == .forward ? .destination : .destinationGradient }
  var kernels: Argument { pass == .backwardWeights ? .weightsGradient : .weights }

  /// What parts of need room in scratch memory: activations are gathered, gradients added up.
  var inScratch: [Argument] {
    guard pass == .backwardWeights, parts.ranges.count > 1 else { return [input, output] }
    return [input, output, kernels] + (layer.bias ? [.biasGradient] : [])
  }

  func reads(_ argument: Argument) -> Bool {
    switch pass {
    case .forward: argument == .source
    case .backwardData: argument == .destinationGradient
    case .backwardWeights: true
    }
  }

  /// Values of one group: an image's of an activation, else all.
  func groupCount(_ argument: Argument) -> Int {
    switch argument {
    case input: layer.inChannels * layer.inputSize * layer.inputSize / layer.groups
    case output: layer.outputCount / layer.groups
    case kernels: layer.weightCount / layer.groups
    default: layer.outChannels / layer.groups
    }
  }

  func layout(_ argument: Argument) throws(OneDNNError) -> Layout {
    let whole = layer.geometry(images: images, groups: layer.groups)
    return switch argument {
    case input: try Layout(whole.source, .float32, .blocks16)
    case output: try Layout(whole.destination, .float32, .blocks16)
    case kernels: try Layout(whole.weights, .float32, .weightBlocks16)
    case .scratchpad: try Layout([GatheredWinogradStep.scratchCount(self)])
    default: try Layout([layer.outChannels])
    }
  }

  func step(_ arguments: [(Argument, Memory)]) throws(OneDNNError) -> any PlanStep {
    try GatheredWinogradStep(self, arguments)
  }
}
