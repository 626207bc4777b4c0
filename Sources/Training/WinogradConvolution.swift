import Networks
import OneDNN

/// One pass of a 3 × 3 convolution by Winograd's minimal filtering, stride 1 or 2, one group or groups in multiples of 16
/// channels, for processors and versions of oneDNN that have none.
///
/// Tiles are transformed a few at a time; then each of their elements, of all tiles and channels a matrix, is multiplied
/// with the kernels' element; then the products are transformed back.
final class WinogradConvolution: LayerPass {
  static let implementation = "strata:winograd"

  let name: String
  var implementation: String { Self.implementation }
  let pass: ConvolutionPass
  let layer: Layer
  let threads: Int
  let images: Int
  private let format: Layout.Format
  /// Of what is transformed and of what comes out; of gradients by weights, of the source and the output.
  let source: ChannelBlocks
  let result: ChannelBlocks
  let sourceTiling: WinogradTiling
  let resultTiling: WinogradTiling
  /// Of a group.
  let sourceChannels: Int
  let resultChannels: Int
  let tiles: [WinogradTile]
  /// The elements of a tile that each element of a kernel is multiplied with.
  let elements: [[Int]]
  let elementCount: Int
  /// Tiles that are transformed together, by all threads: whole sixes.
  let part: Int

  /// Whether there is code for the layer's shape, and at least a quarter of the products is saved.
  static func serves(_ layer: Layer) -> Bool {
    guard !layer.isDense, layer.kernel == 3, layer.stride <= 2, layer.inChannels / layer.groups % 16 == 0,
      layer.outChannels / layer.groups % 16 == 0, max(layer.padBefore, layer.padAfter) < layer.kernel
    else { return false }
    let elements = layer.stride == 1 ? UnitStride.kernelElements.count : StrideTwo.kernelElements.count
    let tiles = (layer.outputSize + 3) / 4
    return 4 * tiles * tiles * elements * elements <= 3 * 9 * layer.outputSize * layer.outputSize
  }

  /// - Parameters:
  ///   - images: of a slice.
  ///   - format: of activations.
  convenience init(
    _ pass: ConvolutionPass, of layer: Layer, images: Int, format: Layout.Format, threads: Int
  ) {
    switch (layer.stride, pass) {
    case (1, _): self.init(UnitStride.self, pass, layer, images, format, threads)
    case (_, .backwardData): self.init(StrideTwoBackward.self, pass, layer, images, format, threads)
    default: self.init(StrideTwo.self, pass, layer, images, format, threads)
    }
  }

  private init<Form: WinogradForm>(
    _: Form.Type, _ pass: ConvolutionPass, _ layer: Layer, _ images: Int, _ format: Layout.Format,
    _ threads: Int
  ) {
    precondition(Self.serves(layer))
    name = "\(layer.name) \(pass.rawValue)"
    (self.pass, self.layer, self.images, self.format, self.threads) = (pass, layer, images, format, threads)
    var (from, to) = ((layer.inChannels, layer.inputSize), (layer.outChannels, layer.outputSize))
    let pad = layer.padBefore
    var (step, offset, resultOffset) = (4 * layer.stride, -pad, 0)
    if pass == .backwardData {
      swap(&from, &to)
      (step, offset, resultOffset) = layer.stride == 1 ? (4, pad - 2, 0) : (4, -1, -pad)
    }
    let results = Form.Products.outputs
    sourceTiling = WinogradTiling(size: from.1, count: Form.Values.inputs, step: step, offset: offset)
    resultTiling = WinogradTiling(size: to.1, count: results, step: results, offset: resultOffset)
    source = ChannelBlocks(images: images, extents: [from.0, from.1, from.1], format: format)!
    result = ChannelBlocks(images: images, extents: [to.0, to.1, to.1], format: format)!
    (sourceChannels, resultChannels) = (from.0 / layer.groups, to.0 / layer.groups)
    tiles = WinogradTile.all(images: images, acrossImage: (to.1 - resultOffset + results - 1) / results)
    let axis = Form.kernelElements
    elementCount = axis.count * axis.count
    var elements = [[Int]](repeating: [], count: Form.Kernel.outputs * Form.Kernel.outputs)
    for (row, kernelRow) in axis.enumerated() {
      for (column, kernelColumn) in axis.enumerated() {
        elements[Form.Kernel.outputs * kernelRow + kernelColumn].append(row * axis.count + column)
      }
    }
    self.elements = elements
    part = min((tiles.count + 5) / 6, 576 / elementCount * threads) * 6
  }

  func layout(_ argument: Argument) throws(OneDNNError) -> Layout {
    let whole = layer.geometry(images: images, groups: layer.groups)
    return switch argument {
    case .source, .sourceGradient: try Layout(whole.source, .float32, format)
    case .destination, .destinationGradient: try Layout(whole.destination, .float32, format)
    case .weights, .weightsGradient: try Layout(whole.weights)
    case .scratchpad: try Layout([scratchLanes * Lanes.scalarCount])
    default: try Layout([layer.outChannels])
    }
  }

  func step(_ arguments: [(Argument, Memory)]) -> any PlanStep {
    let memories = Dictionary(uniqueKeysWithValues: arguments)
    return Computation(name, implementation) { [self] in
      switch (layer.stride, pass) {
      case (1, _): compute(UnitStride.self, memories)
      case (_, .backwardData): compute(StrideTwoBackward.self, memories)
      default: compute(StrideTwo.self, memories)
      }
    }
  }

  // MARK: scratch memory, in vectors

  /// Elements of the kernels, of a part's tiles, and of its results, and room for each thread.
  struct Scratch {
    let kernels, values, results, room: UnsafeMutablePointer<Lanes>
  }

  func scratch(_ memory: Memory) -> Scratch {
    let kernels = lanes(memory.floats)
    let values = kernels + elements.count * kernelStride
    let results = values + elementCount * sourceStride
    return Scratch(
      kernels: kernels, values: values, results: results, room: results + elementCount * resultStride)
  }

  private var scratchLanes: Int {
    elements.count * kernelStride + elementCount * (sourceStride + resultStride) + threads * roomLanes
  }

  // From an element to the next; a cache line more than there are, so that they fall into different sets of the cache.
  var kernelStride: Int { result.channels * sourceChannels / Lanes.scalarCount + 2 }
  var sourceStride: Int { source.channels / Lanes.scalarCount * part + 2 }
  var resultStride: Int { result.channels / Lanes.scalarCount * part + 2 }
  /// Vectors of kernels that belong to sixteen result channels.
  var panelLanes: Int { 2 * sourceChannels }
  /// Of a thread: a tile's pixels, or elements, and those half transformed.
  var roomLanes: Int { 2 * elementCount }
}
