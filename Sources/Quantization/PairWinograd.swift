import OneDNN
import Tensors

/// Integer convolution 3 × 3 with stride 1 of operands of at most 8 bits by Winograd's minimal filtering: a quarter of the
/// products of `PairConvolution`, pairs of 16-bit integers too, and as exact.
///
/// What is multiplied fits 16 bits. What comes of it is summed modulo 2³², which tells a sum of fewer than 26 bits
/// (`IntegerWinograd.limit`).
package final class PairWinograd<Level: LevelScalar> {
  private let problem: IntegerConvolutionProblem
  private let threads: Int
  private let terms: ChannelTerms<Int32>
  /// Tiles along an axis of an image, and pixels of an image padded for them.
  private let acrossImage: Int
  private let side: Int
  /// x − Z_x of padded images, N × H × W × C.
  private let input: AlignedBuffer<Int16>
  /// O/16 × 36 × C/2 × 16 × 2.
  private let kernels: AlignedBuffer<Int16>
  /// Of a part's tiles, 36 × tiles × C.
  private let values: AlignedBuffer<Values>
  /// For each thread, of sixteen output channels, 36 × tiles × 16.
  private let products: AlignedBuffer<Sums>
  /// For each thread, a tile half transformed, and results of one.
  private let halfValues: AlignedBuffer<Values>
  private let halfSums: AlignedBuffer<Sums>
  /// Pixels × O.
  private let sums: AlignedBuffer<Int32>
  /// Tiles that go through together, whole sixes.
  private let part: Int

  private typealias Values = IntegerWinograd.Values
  private typealias Sums = IntegerWinograd.Sums

  /// Output channels and tiles computed together.
  private static var panel: Int { 16 }
  private static var together: Int { 6 }
  private static var halfSumsCount: Int { 24 + 16 }
  /// What a part's tiles take up, their products of sixteen channels included, stays in the processor's second cache.
  private static var cachedBytes: Int { 3 << 16 }

  /// Whether there is code for the shape, a quarter of the products is saved, and no sum can be too large for it.
  static func serves(_ problem: IntegerConvolutionProblem) -> Bool {
    let g = problem.geometry
    guard !problem.isWide, g.kernel == 3, g.stride == 1, problem.channelsPerGroup % 16 == 0,
      problem.outputsPerGroup % panel == 0
    else { return false }
    let tiles = tilesAcross(g)
    return 4 * tiles * tiles * IntegerWinograd.elements <= 3 * 9 * problem.outputPixels
      && problem.greatestSum < IntegerWinograd.limit
  }

  private static func tilesAcross(_ g: ConvolutionGeometry) -> Int {
    (g.outputSize + IntegerWinograd.results - 1) / IntegerWinograd.results
  }

  package init(_ problem: IntegerConvolutionProblem, threads: Int) {
    (self.problem, self.threads) = (problem, threads)
    let g = problem.geometry
    let channels = problem.channelsPerGroup
    terms = ChannelTerms(problem.bias)
    acrossImage = Self.tilesAcross(g)
    side = acrossImage * IntegerWinograd.results + 2
    let sixes = (g.batch * acrossImage * acrossImage + Self.together - 1) / Self.together
    let tileBytes = IntegerWinograd.elements * (2 * g.inChannels + 4 * Self.panel)
    let most = max(Self.cachedBytes / (tileBytes * Self.together), 1)
    let parts = (sixes + most - 1) / most
    part = (sixes + parts - 1) / parts * Self.together
    input = AlignedBuffer(count: g.batch * side * side * g.inChannels)
    values = AlignedBuffer(count: IntegerWinograd.elements * (part * g.inChannels / Values.scalarCount + 2))
    products = AlignedBuffer(count: threads * IntegerWinograd.elements * (2 * part + 2))
    halfValues = AlignedBuffer(count: threads * IntegerWinograd.elements)
    halfSums = AlignedBuffer(count: threads * Self.halfSumsCount)
    sums = AlignedBuffer(count: g.batch * problem.outputPixels * g.outChannels)
    kernels = AlignedBuffer(count: g.outChannels * channels * IntegerWinograd.elements)
    for o in 0..<g.outChannels {
      let zero = problem.weights.quantizer(ofChannel: o).zeroPoint
      for i in 0..<channels {
        let first = (o * channels + i) * 9
        let elements = IntegerWinograd.kernel(
          InlineArray { Int32(problem.weights.levels[first + $0]) - zero })
        for element in 0..<IntegerWinograd.elements {
          let pair = (o / Self.panel * IntegerWinograd.elements + element) * (channels / 2) + i / 2
          kernels.base[(pair * Self.panel + o % Self.panel) * 2 + i % 2] = Int16(elements[element])
        }
      }
    }
  }

  // From an element to the next, vectors: two more than there are, so that they fall into different sets of the cache.
  private var valuesStride: Int { part * problem.geometry.inChannels / Values.scalarCount + 2 }
  private var productsStride: Int { 2 * part + 2 }

  package func accumulate(
    _ levels: UnsafePointer<Level>, images: Int, _ take: (Accumulators, _ pixels: Range<Int>) -> Void
  ) {
    let zero = Int16(problem.input.zeroPoint)
    problem.forEachRow(images: images, side: side) { source, destination, length in
      widen(levels + source, less: zero, into: input.base + destination, count: length)
    }
    let tiles = images * acrossImage * acrossImage
    let panels = problem.geometry.outChannels / Self.panel
    for first in stride(from: 0, to: tiles, by: part) {
      let some = first..<min(first + part, tiles)
      parallel(some.count, threads: threads) { tiles, thread in
        for tile in tiles { transform(tile, of: some, thread) }
      }
      let sixes = (some.count + Self.together - 1) / Self.together
      // Fewer panels than threads are split.
      let splits = (threads + panels - 1) / panels
      parallel(panels * splits, threads: threads) { shares, thread in
        for share in shares {
          let (panel, split) = (share / splits, share % splits)
          compute(panel, split * sixes / splits..<(split + 1) * sixes / splits, of: some, thread)
        }
      }
    }
    take(
      .narrow(PartialSums(sums: sums.base, terms: terms, windows: nil)), 0..<images * problem.outputPixels)
  }

  /// Row and column of a tile's first result, and its image.
  private func place(_ tile: Int) -> (image: Int, row: Int, column: Int) {
    let (image, inImage) = tile.quotientAndRemainder(dividingBy: acrossImage * acrossImage)
    return (
      image, inImage / acrossImage * IntegerWinograd.results, inImage % acrossImage * IntegerWinograd.results
    )
  }

  /// - Parameter index: of the tile among those of the part.
  private func transform(_ index: Int, of tiles: Range<Int>, _ thread: Int) {
    let vectors = problem.geometry.inChannels / Values.scalarCount
    let (image, row, column) = place(tiles.lowerBound + index)
    let x =
      UnsafeMutableRawPointer(input.base).assumingMemoryBound(to: Values.self)
      + ((image * side + row) * side + column) * vectors
    for vector in 0..<vectors {
      transformTile(
        x + vector, rowStep: side * vectors, step: vectors,
        halfValues.base + thread * IntegerWinograd.elements, into: values.base + index * vectors + vector,
        elementStep: valuesStride)
    }
  }

  /// Sixteen output channels of some sixes of a part's tiles.
  private func compute(_ panel: Int, _ sixes: Range<Int>, of tiles: Range<Int>, _ thread: Int) {
    let pairs = problem.channelsPerGroup / 2
    let group = panel * Self.panel / problem.outputsPerGroup
    let tilePairs = problem.geometry.inChannels / 2
    let products = products.base + thread * IntegerWinograd.elements * productsStride
    for element in 0..<IntegerWinograd.elements {
      let x =
        UnsafeRawPointer(values.base + element * valuesStride).assumingMemoryBound(to: Int32.self)
        + group * pairs
      let w =
        UnsafeRawPointer(kernels.base).assumingMemoryBound(to: SixPixelSums.Weights.self)
        + (panel * IntegerWinograd.elements + element) * pairs * 2
      for index in sixes {
        let first = x + index * Self.together * tilePairs
        let six = SixPixels(
          a: first, b: first + tilePairs, c: first + 2 * tilePairs, d: first + 3 * tilePairs,
          e: first + 4 * tilePairs, f: first + 5 * tilePairs)
        multiplyPairs(
          six, from: 0, count: pairs, by: w,
          into: products + (element * productsStride + 2 * Self.together * index), stride: 2, adding: false)
      }
    }
    for index in sixes.lowerBound * Self.together..<min(sixes.upperBound * Self.together, tiles.count) {
      put(products + 2 * index, tiles.lowerBound + index, panel, thread)
    }
  }

  /// Puts a tile's results of sixteen channels among the sums.
  private func put(_ products: UnsafePointer<Sums>, _ tile: Int, _ panel: Int, _ thread: Int) {
    let g = problem.geometry
    let vectors = g.outChannels / Sums.scalarCount
    let (image, row, column) = place(tile)
    let y =
      UnsafeMutableRawPointer(sums.base).assumingMemoryBound(to: Sums.self)
      + ((image * g.outputSize + row) * g.outputSize + column) * vectors + panel * 2
    let half = halfSums.base + thread * Self.halfSumsCount
    let results = IntegerWinograd.results
    let (rows, columns) = (min(results, g.outputSize - row), min(results, g.outputSize - column))
    for vector in 0..<2 {
      if rows == results, columns == results {
        transformProducts(
          products + vector, step: productsStride, half, into: y + vector, rowStep: g.outputSize * vectors,
          pixelStep: vectors)
      } else {
        let whole = half + 24
        transformProducts(
          products + vector, step: productsStride, half, into: whole, rowStep: results, pixelStep: 1)
        for r in 0..<rows {
          for c in 0..<columns { y[(r * g.outputSize + c) * vectors + vector] = whole[r * results + c] }
        }
      }
    }
  }
}
