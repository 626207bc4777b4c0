internal import LayerAnalysis
internal import Sweeps

// A snapshot's delivery without the generated code: its fields' numbers are those of `strata.proto`, and tests hold
// both ways to the same bytes and values.

extension PlainWriter {
  /// A `WorkerEnvelope` after its frame's header.
  init(
    after header: [UInt8], worker: String, sequence: UInt64, _ attempt: AttemptID, _ snapshot: Snapshot
  ) {
    self.init(after: header, capacity: 512 + 160 * snapshot.layers.count + 64 * snapshot.errors.count)
    add(1, worker)
    add(2, sequence)
    add(5) { delivery in
      delivery.add(1) {
        $0.add(1, attempt.trial)
        $0.add(2, UInt64(UInt32(clamping: attempt.number)))
      }
      delivery.add(2) { $0.add(snapshot) }
    }
  }

  private mutating func add(_ snapshot: Snapshot) {
    add(1, UInt64(UInt32(clamping: snapshot.epoch)))
    add(2, snapshot.learningRate)
    add(3, present: snapshot.trainLoss)
    add(4, present: snapshot.trainAccuracy)
    add(5, snapshot.testLoss)
    add(6, snapshot.testAccuracy)
    for draw in snapshot.draws { add(7) { $0.add(draw) } }
    for layer in snapshot.layers { add(8) { $0.add(layer) } }
    for error in snapshot.errors { add(9) { $0.add(error) } }
    add(10, snapshot.trainSeconds)
    add(11, snapshot.snapshotSeconds)
  }

  private mutating func add(_ draw: DrawMetrics) {
    add(1, UInt64(UInt32(clamping: draw.draw)))
    add(2, draw.quantizedAccuracy)
    add(3, draw.qmse)
    add(4, draw.qce)
    add(5, draw.qkl)
    add(6, draw.logitMSE)
    add(7, draw.changedPredictions)
  }

  private mutating func add(_ layer: LayerStatistics) {
    let s = layer.statistics
    add(1, UInt64(UInt32(clamping: layer.draw)))
    add(2, UInt64(UInt32(clamping: layer.index)))
    add(3, shortened(layer.layer, to: TextLimit.name))
    add(4, UInt64(TensorKind.numbers[layer.kind]!))
    add(5, UInt64(clamping: s.count))
    add(6, s.minimum)
    add(7, s.maximum)
    add(8, s.mean)
    add(9, s.standardDeviation)
    add(10, s.lower)
    add(11, s.upper)
    add(12, present: s.averagePrecision)
    add(13, s.sparsity)
    add(14, present: s.kurtosis)
    add(15, present: s.channelKurtosis)
    add(16, present: s.klFromUniform)
    add(17, present: s.sqnr)
    add(18, packed: s.histogram)
    add(19, packed: s.channelLower)
    add(20, packed: s.channelUpper)
  }

  private mutating func add(_ error: LayerError) {
    add(1, UInt64(UInt32(clamping: error.draw)))
    add(2, UInt64(UInt32(clamping: error.index)))
    add(3, shortened(error.layer, to: TextLimit.name))
    add(4, error.mse)
    add(5, present: error.sqnr)
    add(6, present: error.weightsAloneQMSE)
    add(7, present: error.activationsAloneQMSE)
  }
}

extension PlainReader {
  /// The envelope of a snapshot's delivery, from the payload; nil: for the generated decoder to decide.
  static func snapshotDelivery(_ payload: UnsafeRawBufferPointer) -> WorkerEnvelope? {
    var reader = PlainReader(payload)
    let worker = reader.text(1, upTo: TextLimit.name)
    let sequence = reader.unsigned(2)
    guard reader.has(5, .bytes), sequence != 0, sequence <= NumberLimit.counter,
      let worker = try? checkedUUID(worker, "")
    else { return nil }
    var attempt = AttemptID(trial: "", number: 0)
    var snapshot = Snapshot()
    reader.message { delivery in
      guard delivery.has(1, .bytes) else { return delivery.fail() }
      delivery.message { attempt = $0.attempt() }
      guard delivery.has(2, .bytes) else { return delivery.fail() }
      delivery.message { snapshot = $0.snapshot() }
    }
    guard !reader.failed, reader.isAtEnd else { return nil }
    return WorkerEnvelope(worker: worker, sequence: sequence, message: .snapshot(attempt, snapshot))
  }

  private mutating func attempt() -> AttemptID {
    let trial = text(1, upTo: 64)
    let number = integer(2, upTo: NumberLimit.attempts)
    if number == 0 || (try? checkedDigest(trial, "")) == nil { fail() }
    return AttemptID(trial: trial, number: number)
  }

  private mutating func snapshot() -> Snapshot {
    var snapshot = Snapshot()
    snapshot.epoch = integer(1, upTo: NumberLimit.epoch)
    snapshot.learningRate = double(2)
    snapshot.trainLoss = optionalDouble(3)
    snapshot.trainAccuracy = optionalDouble(4)
    snapshot.testLoss = double(5)
    snapshot.testAccuracy = double(6)
    while has(7, .bytes) { message { snapshot.draws.append($0.draw()) } }
    while has(8, .bytes) { message { snapshot.layers.append($0.layer()) } }
    while has(9, .bytes) { message { snapshot.errors.append($0.layerError()) } }
    snapshot.trainSeconds = double(10)
    snapshot.snapshotSeconds = double(11)
    if !failed, snapshot.repeatedField != nil { fail() }
    return snapshot
  }

  private mutating func draw() -> DrawMetrics {
    var draw = DrawMetrics()
    draw.draw = integer(1, upTo: NumberLimit.draws)
    draw.quantizedAccuracy = double(2)
    draw.qmse = double(3)
    draw.qce = double(4)
    draw.qkl = double(5)
    draw.logitMSE = double(6)
    draw.changedPredictions = double(7)
    return draw
  }

  private mutating func layer() -> LayerStatistics {
    var layer = LayerStatistics()
    layer.draw = integer(1, upTo: NumberLimit.draws)
    layer.index = integer(2, upTo: NumberLimit.layers)
    layer.layer = text(3, upTo: TextLimit.name)
    let kind = integer(4, upTo: TensorKind.byNumber.count - 1)
    if let kind = TensorKind.byNumber[failed ? 0 : kind] { layer.kind = kind } else { fail() }
    var s = TensorStatistics()
    s.count = integer(5, upTo: Int.max)
    s.minimum = float(6)
    s.maximum = float(7)
    s.mean = double(8)
    s.standardDeviation = double(9)
    s.lower = float(10)
    s.upper = float(11)
    s.averagePrecision = optionalDouble(12)
    s.sparsity = double(13)
    s.kurtosis = optionalDouble(14)
    s.channelKurtosis = optionalDouble(15)
    s.klFromUniform = optionalDouble(16)
    s.sqnr = optionalDouble(17)
    s.histogram = packedIntegers(18)
    s.channelLower = packedFloats(19)
    s.channelUpper = packedFloats(20)
    if s.channelLower.count != s.channelUpper.count { fail() }
    layer.statistics = s
    return layer
  }

  private mutating func layerError() -> LayerError {
    var error = LayerError()
    error.draw = integer(1, upTo: NumberLimit.draws)
    error.index = integer(2, upTo: NumberLimit.layers)
    error.layer = text(3, upTo: TextLimit.name)
    error.mse = double(4)
    error.sqnr = optionalDouble(5)
    error.weightsAloneQMSE = optionalDouble(6)
    error.activationsAloneQMSE = optionalDouble(7)
    return error
  }
}

extension TensorKind {
  /// As `Layer.Kind` numbers them; the first is unspecified.
  fileprivate static let byNumber: [TensorKind?] = [nil, .weights, .foldedWeights, .activations, .gradients]
  fileprivate static let numbers = Dictionary(
    uniqueKeysWithValues: byNumber.enumerated().compactMap { number, kind in kind.map { ($0, number) } })
}
