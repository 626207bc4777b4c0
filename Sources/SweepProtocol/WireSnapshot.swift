internal import LayerAnalysis
internal import Sweeps

// A snapshot on the wire, every number to the last bit: NaN, infinities and −0 included.

extension WireSnapshot {
  init(_ value: Snapshot) {
    epoch = UInt32(clamping: value.epoch)
    learningRate = value.learningRate
    if let loss = value.trainLoss { trainLoss = loss }
    if let accuracy = value.trainAccuracy { trainAccuracy = accuracy }
    testLoss = value.testLoss
    testAccuracy = value.testAccuracy
    draws = value.draws.map { WireDraw($0) }
    layers = value.layers.map { WireLayer($0) }
    errors = value.errors.map { WireLayerError($0) }
    trainSeconds = value.trainSeconds
    snapshotSeconds = value.snapshotSeconds
  }

  func value() throws(WireError) -> Snapshot {
    var value = Snapshot()
    value.epoch = try checked(epoch, "snapshot.epoch", upTo: NumberLimit.epoch)
    value.learningRate = learningRate
    value.trainLoss = hasTrainLoss ? trainLoss : nil
    value.trainAccuracy = hasTrainAccuracy ? trainAccuracy : nil
    value.testLoss = testLoss
    value.testAccuracy = testAccuracy
    for draw in draws { value.draws.append(try draw.value()) }
    for layer in layers { value.layers.append(try layer.value()) }
    for error in errors { value.errors.append(try error.value()) }
    value.trainSeconds = trainSeconds
    value.snapshotSeconds = snapshotSeconds
    if let field = value.repeatedField { throw .field("snapshot.\(field)", "lists one twice") }
    return value
  }
}

extension WireDraw {
  init(_ value: DrawMetrics) {
    draw = UInt32(clamping: value.draw)
    quantizedAccuracy = value.quantizedAccuracy
    qmse = value.qmse
    qce = value.qce
    qkl = value.qkl
    logitMse = value.logitMSE
    changedPredictions = value.changedPredictions
  }

  func value() throws(WireError) -> DrawMetrics {
    var value = DrawMetrics()
    value.draw = try checked(draw, "draw.draw", upTo: NumberLimit.draws)
    value.quantizedAccuracy = quantizedAccuracy
    value.qmse = qmse
    value.qce = qce
    value.qkl = qkl
    value.logitMSE = logitMse
    value.changedPredictions = changedPredictions
    return value
  }
}

extension WireLayer {
  private static let kinds = EnumerationMap<TensorKind, Kind>([
    .weights: .weights, .foldedWeights: .foldedWeights, .activations: .activations, .gradients: .gradients,
  ])

  init(_ value: LayerStatistics) {
    let s = value.statistics
    draw = UInt32(clamping: value.draw)
    index = UInt32(clamping: value.index)
    layer = shortened(value.layer, to: TextLimit.name)
    kind = Self.kinds.encode(value.kind)
    count = UInt64(clamping: s.count)
    minimum = s.minimum
    maximum = s.maximum
    mean = s.mean
    standardDeviation = s.standardDeviation
    lower = s.lower
    upper = s.upper
    if let x = s.averagePrecision { averagePrecision = x }
    sparsity = s.sparsity
    if let x = s.kurtosis { kurtosis = x }
    if let x = s.channelKurtosis { channelKurtosis = x }
    if let x = s.klFromUniform { klFromUniform = x }
    if let x = s.sqnr { sqnr = x }
    histogram = s.histogram
    channelLower = s.channelLower
    channelUpper = s.channelUpper
  }

  func value() throws(WireError) -> LayerStatistics {
    guard channelLower.count == channelUpper.count else {
      throw .field("layer.channel_upper", "has \(channelUpper.count) entries, not \(channelLower.count)")
    }
    var value = LayerStatistics()
    value.draw = try checked(draw, "layer.draw", upTo: NumberLimit.draws)
    value.index = try checked(index, "layer.index", upTo: NumberLimit.layers)
    value.layer = try checked(layer, "layer.layer", upTo: TextLimit.name)
    value.kind = try Self.kinds.decode(kind, "layer.kind")
    var s = TensorStatistics()
    s.count = try checked(count, "layer.count", upTo: Int.max)
    s.minimum = minimum
    s.maximum = maximum
    s.mean = mean
    s.standardDeviation = standardDeviation
    s.lower = lower
    s.upper = upper
    s.averagePrecision = hasAveragePrecision ? averagePrecision : nil
    s.sparsity = sparsity
    s.kurtosis = hasKurtosis ? kurtosis : nil
    s.channelKurtosis = hasChannelKurtosis ? channelKurtosis : nil
    s.klFromUniform = hasKlFromUniform ? klFromUniform : nil
    s.sqnr = hasSqnr ? sqnr : nil
    s.histogram = histogram
    s.channelLower = channelLower
    s.channelUpper = channelUpper
    value.statistics = s
    return value
  }
}

extension WireLayerError {
  init(_ value: LayerError) {
    draw = UInt32(clamping: value.draw)
    index = UInt32(clamping: value.index)
    layer = shortened(value.layer, to: TextLimit.name)
    mse = value.mse
    if let x = value.sqnr { sqnr = x }
    if let x = value.weightsAloneQMSE { weightsAloneQmse = x }
    if let x = value.activationsAloneQMSE { activationsAloneQmse = x }
  }

  func value() throws(WireError) -> LayerError {
    var value = LayerError()
    value.draw = try checked(draw, "error.draw", upTo: NumberLimit.draws)
    value.index = try checked(index, "error.index", upTo: NumberLimit.layers)
    value.layer = try checked(layer, "error.layer", upTo: TextLimit.name)
    value.mse = mse
    value.sqnr = hasSqnr ? sqnr : nil
    value.weightsAloneQMSE = hasWeightsAloneQmse ? weightsAloneQmse : nil
    value.activationsAloneQMSE = hasActivationsAloneQmse ? activationsAloneQmse : nil
    return value
  }
}
