import Networks
import OneDNN

extension WinogradConvolution {
  func compute<Form: WinogradForm>(_: Form.Type, _ memories: [Argument: Memory]) {
    func floats(_ argument: Argument) -> UnsafeMutablePointer<Float> { memories[argument]!.floats }
    let scratch = scratch(memories[.scratchpad]!)
    switch pass {
    case .forward:
      correlate(
        Form.self, floats(.source), floats(.weights), bias: memories[.bias]?.floats,
        into: floats(.destination), scratch)
    case .backwardData:
      correlate(
        Form.self, floats(.destinationGradient), floats(.weights), bias: nil, into: floats(.sourceGradient),
        scratch)
    case .backwardWeights:
      sumGradients(
        Form.self, floats(.source), floats(.destinationGradient), into: floats(.weightsGradient), scratch)
      if let bias = memories[.biasGradient]?.floats { sumBias(floats(.destinationGradient), into: bias) }
    }
  }

  private func correlate<Form: WinogradForm>(
    _: Form.Type, _ x: UnsafeMutablePointer<Float>, _ weights: UnsafePointer<Float>,
    bias: UnsafePointer<Float>?, into y: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) {
    transformKernels(Form.Kernel.self, weights, scratch)
    forEachPart { tiles, padded in
      transform(
        Form.Values.self, x, source, sourceTiling, tiles, padded, into: scratch.values, sourceStride, scratch)
      forEachPanel { kernel, element, panel, firstBlock in
        multiplyTiles(
          scratch.values + (element * sourceStride + firstBlock * padded),
          blocks: sourceChannels / Lanes.scalarCount, tiles: padded,
          by: scratch.kernels + (kernel * kernelStride + panel * panelLanes),
          into: scratch.results + (element * resultStride + panel * 2 * padded))
      }
      putProducts(Form.Products.self, tiles, padded, bias: bias, into: y, scratch)
    }
  }

  /// The slice's gradients of the weights; the products of one element are summed in the tiles' order.
  private func sumGradients<Form: WinogradForm>(
    _: Form.Type, _ x: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
    into weights: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) {
    parallel(elements.count * kernelStride, threads: threads) { range in
      (scratch.kernels + range.lowerBound).update(repeating: .zero, count: range.count)
    }
    forEachPart { tiles, padded in
      transform(
        Form.Values.self, x, source, sourceTiling, tiles, padded, into: scratch.values, sourceStride, scratch)
      transform(
        Form.ResultGradients.self, gradient, result, resultTiling, tiles, padded, into: scratch.results,
        resultStride, scratch)
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
    putGradients(Form.KernelGradient.self, into: weights, scratch)
  }

  private func sumBias(_ gradient: UnsafeMutablePointer<Float>, into bias: UnsafeMutablePointer<Float>) {
    parallel(result.channels / Lanes.scalarCount, threads: threads) { blocks in
      for block in blocks {
        let channel = block * Lanes.scalarCount
        var total = Lanes.zero
        for image in 0..<images {
          total += result.lanes(gradient, ChannelBlocks.Place(image: image, channel: channel)).sum { $0 }
        }
        UnsafeMutableRawPointer(bias + channel).storeBytes(of: total, as: Lanes.self)
      }
    }
  }

  /// - Parameter body: given some tiles and their number in whole sixes.
  private func forEachPart(_ body: (_ tiles: ArraySlice<WinogradTile>, _ padded: Int) -> Void) {
    for first in stride(from: 0, to: tiles.count, by: part) {
      let some = tiles[first..<min(first + part, tiles.count)]
      body(some, (some.count + 5) / 6 * 6)
    }
  }

  /// Every product of a tile's element goes to the thread in whose share the first one with the same kernels falls.
  ///
  /// - Parameter body: given an element of kernels, one of tiles, sixteen result channels, and the first vector of their
  ///   group's sources.
  private func forEachPanel(_ body: (_ kernel: Int, _ element: Int, _ panel: Int, _ firstBlock: Int) -> Void)
  {
    let panels = result.channels / 16
    parallel(elementCount * panels, threads: threads) { products in
      var first = 0
      for (kernel, elements) in elements.enumerated() {
        for panel in 0..<panels {
          if products.contains(first) {
            let group = panel * 16 / resultChannels
            for element in elements {
              body(kernel, element, panel, group * (sourceChannels / Lanes.scalarCount))
            }
          }
          first += elements.count
        }
      }
    }
  }

  // MARK: tiles

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
            Map.self, window.base, rowStep: window.rowStep, step: window.step, room + elementCount,
            into: vector, yStep: stride)
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
        let offset = Lanes(bias: bias, channel: channel)
        for index in range {
          let tile = tiles[tiles.startIndex + index]
          let products = scratch.results + (channel / Lanes.scalarCount * padded + index)
          Training.transform(
            Map.self, products, rowStep: Map.inputs * resultStride, step: resultStride, room + elementCount,
            into: room, yStep: 1)
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
    parallel(count, threads: threads) { work, share in body(work, scratch.room + share * roomLanes) }
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
      Training.transform(
        Map.self, room, rowStep: 3, step: 1, room + elementCount, into: scratch.kernels + kernel,
        yStep: kernelStride)
    }
  }

  @inline(__always)
  private func putGradients<Map: AxisMap>(
    _: Map.Type, into weights: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) {
    forEachKernel(scratch) { kernel, place, room in
      Training.transform(
        Map.self, scratch.kernels + kernel, rowStep: Map.inputs * kernelStride, step: kernelStride,
        room + elementCount, into: room, yStep: 1)
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
