import Networks
import OneDNN
import Tensors

/// One trainable tensor with its velocity and gradient, all in the layout that SGD works in.
final class TrainableTensor {
  let kind: ParameterKind
  let shape: Shape
  let layout: Layout
  let value: BoundBuffer
  /// Nil in an inference network.
  let velocity: BoundBuffer?
  let gradient: BoundBuffer?
  /// 1 where a weight exists, 0 between merged groups; nil where there are none.
  private let mask: BoundBuffer?
  private let merging: GroupMerging
  private let plain: Layout
  private let engine: Engine

  /// - Parameters:
  ///   - extents: as computed, see `LayerPasses.weightExtents`.
  ///   - layout: of these extents.
  init(
    _ kind: ParameterKind, shape: Shape, extents: [Int], layout: Layout, merging: GroupMerging, trains: Bool,
    engine: Engine
  ) throws {
    self.kind = kind
    self.shape = shape
    self.layout = layout
    self.merging = merging
    self.engine = engine
    plain = try Layout(extents)
    value = try BoundBuffer(layout, engine: engine)
    velocity = trains ? try BoundBuffer(layout, engine: engine) : nil
    gradient = trains ? try BoundBuffer(layout, engine: engine) : nil
    mask = trains && merging.factor > 1 ? try BoundBuffer(layout, engine: engine) : nil
    if let mask { try write([Float](repeating: 1, count: shape.count), to: mask) }
  }

  /// - Parameter values: row-major in `shape`.
  func write(_ values: [Float], to buffer: BoundBuffer) throws {
    let staged = try BoundBuffer(plain, engine: engine)
    let merged = merging.merge(values, shape: shape.extents)
    staged.floats.base.update(from: merged, count: merged.count)
    try copy(staged, to: buffer)
  }

  func read(_ buffer: BoundBuffer) throws -> Tensor {
    let staged = try BoundBuffer(plain, engine: engine)
    try copy(buffer, to: staged)
    let merged = [Float](
      UnsafeBufferPointer(rebasing: staged.floats.buffer[..<(shape.count * merging.factor)]))
    return Tensor(shape: shape, values: merging.split(merged, shape: shape.extents))
  }

  private func copy(_ source: BoundBuffer, to destination: BoundBuffer) throws {
    let reorder = try Primitive.reorder(
      "reordering \(kind)", from: source.memory.layout, to: destination.memory.layout, engine: engine)
    try reorder.bind([(.source, source.memory), (.destination, destination.memory)]).execute()
    try engine.wait()
  }

  func step(_ hyperparameters: Hyperparameters) {
    guard let velocity, let gradient else { preconditionFailure("an inference network does not train") }
    let count = value.floats.count
    if let mask { multiply(gradient.floats.base, by: mask.floats.base, count: count) }
    momentumStep(
      weights: value.floats.base, velocity: velocity.floats.base, gradient: gradient.floats.base,
      count: count,
      rate: Float(hyperparameters.learningRate), momentum: Float(hyperparameters.momentum),
      decay: kind == .weight ? Float(hyperparameters.weightDecay) : 0)
  }
}

/// Floats of its own, seen as a memory.
final class BoundBuffer {
  let memory: Memory
  let floats: AlignedBuffer<Float>

  init(_ layout: Layout, engine: Engine) throws {
    floats = AlignedBuffer(count: (layout.bytes / MemoryLayout<Float>.stride + 15) / 16 * 16)
    memory = try Memory(layout, engine: engine)
    try memory.bind(to: floats.base)
  }
}

/// The parameters and BatchNorm statistics of one layer.
final class LayerState {
  let layer: Layer
  let merging: GroupMerging
  private(set) var trainable: [TrainableTensor] = []
  /// Running mean and variance, and the last batch's; C each. Nil without BatchNorm.
  let statistics: NormalizationStatistics?

  init(_ layer: Layer, _ passes: LayerPasses, _ options: CompilationOptions) throws {
    self.layer = layer
    merging = passes.merging
    statistics =
      layer.batchNorm ? try NormalizationStatistics(channels: layer.outChannels, engine: options.engine) : nil
    for kind in ParameterKind.kinds(of: layer) where !kind.isStatistic {
      let shape = kind.shape(in: layer)
      let isWeight = kind == .weight
      let extents = isWeight ? passes.weightExtents : shape.extents
      let chosen = isWeight ? try passes.backwardWeights?.layout(.weightsGradient) : nil
      trainable.append(
        try TrainableTensor(
          kind, shape: shape, extents: extents, layout: chosen ?? Layout(extents),
          merging: isWeight ? merging : GroupMerging(groups: 1, factor: 1),
          trains: options.purpose == .training, engine: options.engine))
    }
  }

  subscript(kind: ParameterKind) -> TrainableTensor { trainable.first { $0.kind == kind }! }

  /// What normalizes: the last batch's statistics, or their moving averages.
  func normalizationParameters(training: Bool) -> BatchNormalization.Parameters {
    guard let statistics else { preconditionFailure("\(layer.name) has no BatchNorm") }
    return BatchNormalization.Parameters(
      mean: (training ? statistics.batchMean : statistics.mean).floats.base,
      variance: (training ? statistics.batchVariance : statistics.variance).floats.base,
      scale: self[.scale].value.floats.base, shift: self[.shift].value.floats.base,
      scaleGradient: self[.scale].gradient?.floats.base, shiftGradient: self[.shift].gradient?.floats.base)
  }

  /// Moves parameters and running statistics by what the last batch left.
  func update(_ hyperparameters: Hyperparameters, batchNormMomentum: Double) {
    for tensor in trainable { tensor.step(hyperparameters) }
    statistics?.update(momentum: batchNormMomentum)
  }

  /// Whether the last batch's gradients and statistics hold no infinity and no NaN.
  var stepIsFinite: Bool {
    trainable.allSatisfy { $0.gradient?.floats.isFinite ?? true } && statistics?.batchIsFinite ?? true
  }

  /// Whether the parameters and running statistics hold none.
  var valuesAreFinite: Bool {
    trainable.allSatisfy(\.value.floats.isFinite) && statistics?.runningIsFinite ?? true
  }
}

/// C means and C variances of a BatchNorm: those of the last batch and their moving averages.
final class NormalizationStatistics {
  let mean: BoundBuffer
  let variance: BoundBuffer
  let batchMean: BoundBuffer
  let batchVariance: BoundBuffer
  let channels: Int

  init(channels: Int, engine: Engine) throws {
    let layout = try Layout([channels])
    self.channels = channels
    mean = try BoundBuffer(layout, engine: engine)
    variance = try BoundBuffer(layout, engine: engine)
    batchMean = try BoundBuffer(layout, engine: engine)
    batchVariance = try BoundBuffer(layout, engine: engine)
  }

  var batchIsFinite: Bool { batchMean.floats.isFinite && batchVariance.floats.isFinite }
  var runningIsFinite: Bool { mean.floats.isFinite && variance.floats.isFinite }

  func update(momentum: Double) {
    movingAverage(mean.floats.base, toward: batchMean.floats.base, count: channels, momentum: momentum)
    movingAverage(
      variance.floats.base, toward: batchVariance.floats.base, count: channels, momentum: momentum)
  }
}

extension AlignedBuffer<Float> {
  fileprivate var isFinite: Bool { allFinite(base, count: count) }
}
