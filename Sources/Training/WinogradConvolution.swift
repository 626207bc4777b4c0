import Networks
import OneDNN

/// One pass of a 3 × 3 convolution by Winograd's minimal filtering, stride 1 (`UnitStride`) or 2 (`StrideTwo`), in groups
/// of 16 channels or more, for processors and versions of oneDNN that have none.
///
/// Tiles are transformed a few at a time; then each of their elements, of all tiles and channels a matrix, is multiplied
/// with the kernels' element; then the products are transformed back.
final class WinogradConvolution: LayerPass {
  let name: String
  static let implementation = "strata winograd"
  var implementation: String { Self.implementation }
  private let pass: ConvolutionPass
  private let layer: Layer
  private let threads: Int
  private let format: Layout.Format
  private let images: Int
  /// Of what is transformed and of what comes out; of gradients by weights, of the source and the output.
  private let source: ChannelBlocks
  private let result: ChannelBlocks
  private let sourceTiling: WinogradTiling
  private let resultTiling: WinogradTiling
  /// Of a group.
  private let sourceChannels: Int
  private let resultChannels: Int
  private let tiles: [WinogradTile]
  /// The elements of a tile that each element of a kernel is multiplied with.
  private let elements: [[Int]]
  private let elementCount: Int
  /// Tiles that are transformed together: whole sixes.
  private let part: Int

  /// Whether there is code for the layer's shape.
  static func serves(_ layer: Layer) -> Bool {
    !layer.isDense && layer.kernel == 3 && layer.stride <= 2 && layer.inChannels / layer.groups % 16 == 0
      && layer.outChannels / layer.groups % 16 == 0
  }

  /// - Parameters:
  ///   - images: of a slice.
  ///   - format: of activations.
  init(_ pass: ConvolutionPass, of layer: Layer, images: Int, format: Layout.Format, threads: Int) {
    precondition(Self.serves(layer))
    name = "\(layer.name) \(pass.rawValue)"
    (self.pass, self.layer, self.images, self.format, self.threads) = (pass, layer, images, format, threads)
    let (isStrided, pad) = (layer.stride == 2, layer.padBefore)
    var (from, to) = ((layer.inChannels, layer.inputSize), (layer.outChannels, layer.outputSize))
    let results: (count: Int, offset: Int)
    switch pass {
    case .forward, .backwardWeights:
      results = (4, 0)
      sourceTiling = WinogradTiling(
        size: from.1, count: isStrided ? 9 : 6, step: isStrided ? 8 : 4, offset: -pad)
    case .backwardData:
      swap(&from, &to)
      results = isStrided ? (8, -pad) : (4, 0)
      sourceTiling = WinogradTiling(
        size: from.1, count: isStrided ? 5 : 6, step: 4, offset: isStrided ? -1 : pad - 2)
    }
    resultTiling = WinogradTiling(
      size: to.1, count: results.count, step: results.count, offset: results.offset)
    source = ChannelBlocks(images: images, extents: [from.0, from.1, from.1], format: format)!
    result = ChannelBlocks(images: images, extents: [to.0, to.1, to.1], format: format)!
    (sourceChannels, resultChannels) = (from.0 / layer.groups, to.0 / layer.groups)
    tiles = WinogradTile.all(
      images: images, acrossImage: (to.1 - results.offset + results.count - 1) / results.count)
    let axis = isStrided ? (0..<StrideTwo.elements).map(StrideTwo.kernelElement) : Array(0..<6)
    elementCount = axis.count * axis.count
    var elements = [[Int]](repeating: [], count: 36)
    for (row, kernelRow) in axis.enumerated() {
      for (column, kernelColumn) in axis.enumerated() {
        elements[6 * kernelRow + kernelColumn].append(row * axis.count + column)
      }
    }
    self.elements = elements
    part = min((tiles.count + 5) / 6, 576 / elementCount) * 6
  }

  func layout(_ argument: Argument) throws(OneDNNError) -> Layout {
    let whole = layer.geometry(images: images, groups: layer.groups)
    return switch argument {
    case .source, .sourceGradient: try Layout(whole.source, .float32, format)
    case .destination, .destinationGradient: try Layout(whole.destination, .float32, format)
    case .weights, .weightsGradient: try Layout(whole.weights)
    case .scratchpad:
      try Layout([
        (elements.count * kernelStride + elementCount * (sourceStride + resultStride) + threads * roomLanes)
          * Lanes.scalarCount
      ])
    default: try Layout([layer.outChannels])
    }
  }

  func step(_ arguments: [(Argument, Memory)]) -> any PlanStep {
    let memories = Dictionary(uniqueKeysWithValues: arguments)
    func floats(_ argument: Argument) -> UnsafeMutablePointer<Float> { memories[argument]!.floats }
    return Computation(name, implementation) { [self] in
      let kernels = lanes(floats(.scratchpad))
      let values = kernels + elements.count * kernelStride
      let results = values + elementCount * sourceStride
      let scratch = Scratch(
        kernels: kernels, values: values, results: results, room: results + elementCount * resultStride)
      switch pass {
      case .forward:
        correlate(
          floats(.source), floats(.weights), bias: memories[.bias]?.floats, into: floats(.destination),
          scratch)
      case .backwardData:
        correlate(
          floats(.destinationGradient), floats(.weights), bias: nil, into: floats(.sourceGradient), scratch)
      case .backwardWeights:
        sumGradients(
          floats(.source), floats(.destinationGradient), into: floats(.weightsGradient), scratch)
        if let bias = memories[.biasGradient]?.floats { sumBias(floats(.destinationGradient), into: bias) }
      }
    }
  }

  // MARK: what the passes compute

  /// Elements of the kernels, of a part's tiles, and of its results, and room for each thread.
  private struct Scratch {
    let kernels, values, results, room: UnsafeMutablePointer<Lanes>
  }

  // Vectors from an element to the next; a cache line more than there are, so that they fall into different sets of
  // the cache.
  private var kernelStride: Int { result.channels * sourceChannels / Lanes.scalarCount + 2 }
  private var sourceStride: Int { source.channels / Lanes.scalarCount * part + 2 }
  private var resultStride: Int { result.channels / Lanes.scalarCount * part + 2 }
  /// Vectors of kernels that belong to sixteen result channels.
  private var panelLanes: Int { 2 * sourceChannels }
  /// Of a thread: a tile's pixels, or elements, and those half transformed.
  private var roomLanes: Int { 2 * 81 }

  private func correlate(
    _ x: UnsafeMutablePointer<Float>, _ weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) {
    if layer.stride == 1 {
      transformKernels(UnitStride.Kernel.self, weights, scratch)
    } else {
      transformKernels(StrideTwo.Kernel.self, weights, scratch)
    }
    forEachPart { tiles, padded in
      transformValues(x, tiles, padded, scratch)
      forEachPanel { kernel, element, panel, firstBlock in
        multiplyTiles(
          scratch.values + (element * sourceStride + firstBlock * padded),
          blocks: sourceChannels / Lanes.scalarCount, tiles: padded,
          by: scratch.kernels + (kernel * kernelStride + panel * panelLanes),
          into: scratch.results + (element * resultStride + panel * 2 * padded))
      }
      switch (layer.stride, pass) {
      case (1, _): putProducts(UnitStride.Products.self, tiles, padded, bias: bias, into: y, scratch)
      case (_, .forward): putProducts(StrideTwo.Products.self, tiles, padded, bias: bias, into: y, scratch)
      default: putProducts(StrideTwo.BackwardProducts.self, tiles, padded, bias: bias, into: y, scratch)
      }
    }
  }

  /// The slice's gradients of the weights; the products of one element are summed in the tiles' order.
  private func sumGradients(
    _ x: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    into weights: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) {
    scratch.kernels.update(repeating: .zero, count: elements.count * kernelStride)
    forEachPart { tiles, padded in
      transformValues(x, tiles, padded, scratch)
      if layer.stride == 1 {
        transform(UnitStride.ResultGradients.self, gradient, tiles, padded, scratch)
      } else {
        transform(StrideTwo.ResultGradients.self, gradient, tiles, padded, scratch)
      }
      forEachPanel { kernel, element, panel, firstBlock in
        let sums = scratch.kernels + (kernel * kernelStride + panel * panelLanes)
        for block in 0..<sourceChannels / Lanes.scalarCount {
          sumTiles(
            scratch.values + (element * sourceStride + (firstBlock + block) * padded),
            scratch.results + (element * resultStride + panel * 2 * padded), tiles: padded,
            to: sums + block * 16)
        }
      }
    }
    if layer.stride == 1 {
      putGradients(UnitStride.KernelGradient.self, into: weights, scratch)
    } else {
      putGradients(StrideTwo.KernelGradient.self, into: weights, scratch)
    }
  }

  private func sumBias(_ gradient: UnsafeMutablePointer<Float>, into bias: UnsafeMutablePointer<Float>) {
    for channel in stride(from: 0, to: result.channels, by: Lanes.scalarCount) {
      var total = Lanes.zero
      for image in 0..<images {
        total += result.lanes(gradient, ChannelBlocks.Place(image: image, channel: channel)).sum { $0 }
      }
      UnsafeMutableRawPointer(bias + channel).storeBytes(of: total, as: Lanes.self)
    }
  }

  /// - Parameter body: given some tiles and their number in whole sixes.
  private func forEachPart(_ body: (_ tiles: ArraySlice<WinogradTile>, _ padded: Int) -> Void) {
    for first in stride(from: 0, to: tiles.count, by: part) {
      let some = tiles[first..<min(first + part, tiles.count)]
      body(some, (some.count + 5) / 6 * 6)
    }
  }

  /// - Parameter body: given an element of kernels, one of tiles, sixteen result channels, and the first vector of their
  ///   group's sources.
  private func forEachPanel(_ body: (_ kernel: Int, _ element: Int, _ panel: Int, _ firstBlock: Int) -> Void)
  {
    parallel(result.channels / 16, threads: threads) { panels in
      for (kernel, elements) in elements.enumerated() {
        for element in elements {
          for panel in panels {
            let group = panel * 16 / resultChannels
            body(kernel, element, panel, group * (sourceChannels / Lanes.scalarCount))
          }
        }
      }
    }
  }

  // MARK: tiles

  private func transformValues(
    _ x: UnsafeMutablePointer<Float>, _ tiles: ArraySlice<WinogradTile>, _ padded: Int, _ scratch: Scratch
  ) {
    let (values, stride) = (scratch.values, sourceStride)
    switch (layer.stride, pass) {
    case (1, _):
      transform(UnitStride.Values.self, x, source, sourceTiling, tiles, padded, into: values, stride, scratch)
    case (_, .backwardData):
      transform(
        StrideTwo.BackwardValues.self, x, source, sourceTiling, tiles, padded, into: values, stride, scratch)
    default:
      transform(StrideTwo.Values.self, x, source, sourceTiling, tiles, padded, into: values, stride, scratch)
    }
  }

  private func transform<Map: AxisMap>(
    _: Map.Type, _ gradient: UnsafeMutablePointer<Float>, _ tiles: ArraySlice<WinogradTile>, _ padded: Int,
    _ scratch: Scratch
  ) {
    transform(
      Map.self, gradient, result, resultTiling, tiles, padded, into: scratch.results, resultStride, scratch)
  }

  /// Transforms some tiles of all channels; zeros follow the last tile.
  @inline(__always)
  private func transform<Map: AxisMap>(
    _: Map.Type, _ x: UnsafeMutablePointer<Float>, _ blocks: ChannelBlocks, _ tiling: WinogradTiling,
    _ tiles: ArraySlice<WinogradTile>, _ padded: Int, into values: UnsafeMutablePointer<Lanes>, _ stride: Int,
    _ scratch: Scratch
  ) {
    forEachShare(of: padded, scratch) { range, room in
      for block in 0..<blocks.channels / Lanes.scalarCount {
        for index in range {
          let vector = values + (block * padded + index)
          guard index < tiles.count else {
            for element in 0..<elementCount { vector[element * stride] = .zero }
            continue
          }
          let tile = tiles[tiles.startIndex + index]
          let place = ChannelBlocks.Place(image: tile.image, channel: block * Lanes.scalarCount)
          let window = tiling.window(tile, of: blocks.lanes(x, place), room)
          Training.transform(
            Map.self, window.base, rowStep: window.rowStep, window.step, room + 81, into: vector, stride)
        }
      }
    }
  }

  @inline(__always)
  private func putProducts<Map: AxisMap>(
    _: Map.Type, _ tiles: ArraySlice<WinogradTile>, _ padded: Int, bias: UnsafePointer<Float>?,
    into y: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) {
    let relu = pass == .forward && layer.relu && !layer.batchNorm
    forEachShare(of: tiles.count, scratch) { range, room in
      for channel in stride(from: 0, to: result.channels, by: Lanes.scalarCount) {
        let offset = bias.map { UnsafeRawPointer($0 + channel).loadUnaligned(as: Lanes.self) } ?? .zero
        for index in range {
          let tile = tiles[tiles.startIndex + index]
          let products = scratch.results + (channel / Lanes.scalarCount * padded + index)
          Training.transform(
            Map.self, products, rowStep: Map.inputs * resultStride, resultStride, room + 81, into: room, 1)
          let image = result.lanes(y, ChannelBlocks.Place(image: tile.image, channel: channel))
          resultTiling.put(room, tile, bias: offset, relu: relu, into: image)
        }
      }
    }
  }

  /// Calls `body` on every thread with its share of the work and its room.
  private func forEachShare(
    of count: Int, _ scratch: Scratch,
    _ body: (_ work: Range<Int>, _ room: UnsafeMutablePointer<Lanes>) -> Void
  ) {
    parallel(threads, threads: threads) { shares in
      for share in shares {
        body(share * count / threads..<(share + 1) * count / threads, scratch.room + share * roomLanes)
      }
    }
  }

  // MARK: kernels

  @inline(__always)
  private func transformKernels<Map: AxisMap>(
    _: Map.Type, _ weights: UnsafePointer<Float>, _ scratch: Scratch
  ) {
    let mirrored = pass == .backwardData
    forEachKernel(scratch) { kernel, place, room in
      for tap in 0..<9 {
        let (w, step) = (weights + (place.weight + (mirrored ? 8 - tap : tap)), place.step)
        room[tap] = Lanes(
          w[0], w[step], w[2 * step], w[3 * step], w[4 * step], w[5 * step], w[6 * step], w[7 * step])
      }
      Training.transform(Map.self, room, room + 81, into: scratch.kernels + kernel, kernelStride)
    }
  }

  @inline(__always)
  private func putGradients<Map: AxisMap>(
    _: Map.Type, into weights: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) {
    forEachKernel(scratch) { kernel, place, room in
      Training.transform(
        Map.self, scratch.kernels + kernel, rowStep: 6 * kernelStride, kernelStride, room + 81, into: room, 1)
      for tap in 0..<9 {
        for lane in 0..<Lanes.scalarCount {
          weights[place.weight + lane * place.step + tap] = room[tap][lane]
        }
      }
    }
  }

  /// Eight kernels of one source channel, and one result channel after the other.
  private struct KernelPlace {
    /// The first one's first weight, in O × I/G × 3 × 3.
    let weight: Int
    /// From one of them to the next.
    let step: Int
  }

  /// - Parameter body: given where the first element of eight transformed kernels lies, in vectors, and their weights.
  private func forEachKernel(
    _ scratch: Scratch,
    _ body: (_ kernel: Int, _ place: KernelPlace, _ room: UnsafeMutablePointer<Lanes>) -> Void
  ) {
    forEachShare(of: result.channels / Lanes.scalarCount, scratch) { vectors, room in
      for vector in vectors {
        let channel = vector * Lanes.scalarCount
        let (group, inGroup) = (channel / resultChannels, channel % resultChannels)
        for source in 0..<sourceChannels {
          let place =
            pass == .backwardData
            ? KernelPlace(
              weight: ((group * sourceChannels + source) * resultChannels + inGroup) * 9, step: 9)
            : KernelPlace(weight: (channel * sourceChannels + source) * 9, step: sourceChannels * 9)
          body(vector / 2 * panelLanes + 2 * source + vector % 2, place, room)
        }
      }
    }
  }
}
