import LayerAnalysis
import Networks
import Tensors
import Training

/// The calibration images on their way through the fp32 network, depth first: no layer's activations are ever held for
/// all of them.
struct ActivationPass {
  let compiled: CompiledNetwork
  /// count × C × H × W, row-major.
  let images: UnsafeBufferPointer<Float>
  let count: Int

  /// About how many values are compared at a time: they stay in the cache.
  private static let piece = 1 << 14

  /// - Parameters:
  ///   - order: that activations are shown in.
  ///   - goesOn: asked for every layer of every few images; false abandons the pass.
  ///   - begin: called with the images of a batch, N × C × H × W, before they go through.
  ///   - observe: what some images of the batch (`images`, from its first) leave after a layer.
  /// - Returns: false if abandoned.
  private func run(
    _ order: ActivationOrder, _ goesOn: () -> Bool,
    begin: (_ batch: UnsafeBufferPointer<Float>, _ count: Int) -> Void = { _, _ in },
    observe: (_ layer: Int, _ images: Range<Int>, _ shown: ShownActivation) throws -> Void
  ) throws -> Bool {
    let values = compiled.network.inputCount
    for start in stride(from: 0, to: count, by: compiled.batch) {
      let now = min(compiled.batch, count - start)
      let batch = UnsafeBufferPointer(rebasing: images[start * values..<(start + now) * values])
      _ = compiled.images.update(fromContentsOf: batch)
      begin(batch, now)
      let isWhole = try compiled.infer(count: now, order: order) { layer, images, shown in
        guard goesOn() else { return false }
        try observe(layer, images, shown)
        return true
      }
      if !isWhole { return false }
    }
    return true
  }

  /// The first look, at all layers' activations: moments and percentiles. Once more where percentiles were guessed
  /// wrong.
  ///
  /// - Returns: one per layer; nil if abandoned.
  func survey(clippedPercent: Double, _ goesOn: () -> Bool) throws -> [ChannelSurvey]? {
    let surveys = compiled.network.layers.map { layer in
      ChannelSurvey(
        ChannelLayout(outer: count, channels: layer.outChannels, inner: layer.outputSize * layer.outputSize),
        clippedPercent: clippedPercent)
    }
    var wanted = Set(surveys.indices)
    while !wanted.isEmpty {
      let isWhole = try run(.plain, goesOn) { layer, _, shown in
        if wanted.contains(layer) { surveys[layer].add(shown.values) }
      }
      guard isWhole else { return nil }
      wanted = wanted.filter { !surveys[$0].isComplete }
      for layer in wanted { surveys[layer].prepareToRepeat() }
    }
    return surveys
  }

  /// The second look: histograms, rounding errors, and how far the integer network's activations are from these.
  ///
  /// - Parameter statistics: of every layer's activations, from the first look.
  /// - Returns: one per layer; nil if abandoned.
  func compare(
    with integer: IntegerNetwork, _ statistics: [TensorStatistics], _ goesOn: () -> Bool
  ) throws -> [ActivationComparison]? {
    let network = compiled.network
    var comparisons = network.layers.enumerated().map { i, layer in
      ActivationComparison(
        extremes: Bounds(lower: statistics[i].minimum, upper: statistics[i].maximum),
        allAreFinite: statistics[i].count == count * layer.outputCount,
        grid: integer.calibration.outputs[i].grid)
    }
    let bits = integer.calibration.input.bits
    let input = LevelBuffer(count: compiled.batch * network.inputCount, bits: bits)
    let levels = network.layers.map { LevelBuffer(count: compiled.batch * $0.outputCount, bits: bits) }
    let real = AlignedBuffer<Float>(count: max(Self.piece, network.layers.map(\.outputCount).max()!))
    let isWhole = try run(
      .asComputed, goesOn,
      begin: { batch, count in integer.quantize(images: batch, count: count, into: input) },
      observe: { layer, images, shown in
        try integer.run(
          layer: layer, from: layer == 0 ? input : levels[layer - 1], into: levels[layer], images: images)
        let each = network.layers[layer].outputCount
        let some = max(Self.piece / each, 1)
        for first in stride(from: 0, to: images.count, by: some) {
          let now = min(some, images.count - first)
          integer.dequantize(
            layer: layer, levels[layer], from: images.lowerBound + first, count: now,
            channelBlock: shown.channelBlock, into: real.buffer)
          comparisons[layer].add(
            UnsafeBufferPointer(rebasing: shown.values[first * each..<(first + now) * each]),
            integer: UnsafeBufferPointer(rebasing: real.buffer[..<(now * each)]))
        }
      })
    return isWhole ? comparisons : nil
  }
}

/// One layer's activations beside their rounded values and beside the integer network's.
struct ActivationComparison {
  let histogram: HistogramCounter
  private let grid: QuantizationGrid
  private(set) var rounding = NoiseEnergy()
  private(set) var quantization = NoiseEnergy()

  /// - Parameters:
  ///   - extremes: of the finite values.
  ///   - allAreFinite: whether there are no others.
  init(extremes: Bounds, allAreFinite: Bool, grid: QuantizationGrid) {
    histogram = HistogramCounter(bounds: extremes, allAreFinite: allAreFinite)
    self.grid = grid
  }

  mutating func add(_ values: UnsafeBufferPointer<Float>, integer: UnsafeBufferPointer<Float>) {
    histogram.add(values)
    rounding.add(values, quantizedBy: grid)
    quantization.add(values, approximation: integer)
  }
}
