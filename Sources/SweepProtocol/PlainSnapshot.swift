internal import LayerAnalysis
internal import Sweeps

// A snapshot's delivery without the generated code: its fields' numbers are those of `strata.proto`, and tests hold
// both ways to the same bytes and values.

extension PlainWriter {
  /// A `WorkerEnvelope` after its frame's header.
  static func bytes(
    after header: [UInt8], worker: String, sequence: UInt64, _ attempt: AttemptID, _ snapshot: Snapshot
  ) -> [UInt8] {
    let limit = 16 * overhead + worker.utf8.count + attempt.trial.utf8.count + size(of: snapshot)
    return bytes(after: header, atMost: limit) { writer in
      writer.add(1, worker)
      writer.add(2, sequence)
      writer.add(5) { delivery in
        delivery.add(1) { $0.add(attempt) }
        delivery.add(2) { $0.add(snapshot) }
      }
    }
  }

  /// Bytes at most.
  private static func size(of snapshot: Snapshot) -> Int {
    var size = (12 + 8 * snapshot.draws.count) * overhead
    for layer in snapshot.layers {
      let s = layer.statistics
      size += 21 * overhead + Self.size(of: layer.layer, upTo: TextLimit.name)
      size += 5 * s.histogram.count + 4 * (s.channelLower.count + s.channelUpper.count)
    }
    for error in snapshot.errors { size += 7 * overhead + Self.size(of: error.layer, upTo: TextLimit.name) }
    return size
  }

  mutating func add(_ attempt: AttemptID) {
    add(1, attempt.trial)
    add(2, UInt64(UInt32(clamping: attempt.number)))
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
  /// The envelope of a snapshot, an attempt's end, or an idle worker's heartbeat, from the payload; nil: for the
  /// generated decoder to decide.
  static func worker(_ payload: UnsafeRawBufferPointer) -> WorkerEnvelope? {
    var reader = PlainReader(payload)
    let worker = reader.text(1, upTo: TextLimit.name)
    let sequence = reader.unsigned(2)
    guard let worker = try? checkedUUID(worker, "") else { return nil }
    let message: WorkerMessage
    if reader.has(4, .bytes) {
      message = reader.heartbeat()
    } else if reader.has(5, .bytes) {
      message = reader.snapshotDelivery()
    } else if reader.has(6, .bytes) {
      message = reader.finished()
    } else {
      return nil
    }
    guard !reader.failed, reader.isAtEnd, message.isDelivery == (sequence != 0),
      sequence <= NumberLimit.counter
    else { return nil }
    return WorkerEnvelope(worker: worker, sequence: sequence, message: message)
  }

  private mutating func snapshotDelivery() -> WorkerMessage {
    var attempt = AttemptID(trial: "", number: 0)
    var snapshot = Snapshot()
    message {
      attempt = $0.attempt(1)
      guard $0.has(2, .bytes) else { return $0.fail() }
      $0.message { snapshot = $0.snapshot() }
    }
    return .snapshot(attempt, snapshot)
  }

  mutating func attempt(_ field: Int) -> AttemptID {
    var attempt = AttemptID(trial: "", number: 0)
    guard has(field, .bytes) else {
      fail()
      return attempt
    }
    message {
      attempt.trial = $0.digest(1)
      attempt.number = $0.integer(2, upTo: NumberLimit.attempts)
      if attempt.number == 0 { $0.fail() }
    }
    return attempt
  }

  private mutating func snapshot() -> Snapshot {
    var snapshot = Snapshot()
    snapshot.epoch = integer(1, upTo: NumberLimit.epoch)
    snapshot.learningRate = double(2)
    snapshot.trainLoss = optionalDouble(3)
    snapshot.trainAccuracy = optionalDouble(4)
    snapshot.testLoss = double(5)
    snapshot.testAccuracy = double(6)
    each(7) { snapshot.draws.append($0.draw()) }
    // Most layers have several rows, those of each kind in the same order: a name is made once.
    var names: [String] = []
    snapshot.layers.reserveCapacity(count(8))
    // In place: a row is large, and its copy as well.
    each(8) {
      snapshot.layers.append(LayerStatistics())
      $0.read(&snapshot.layers[snapshot.layers.count - 1], &names)
    }
    snapshot.errors.reserveCapacity(count(9))
    each(9) { snapshot.errors.append($0.layerError(&names)) }
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

  /// - Parameter names: of the layers that came before, by their positions in the network.
  private mutating func layerName(_ index: Int, _ names: inout [String]) -> String {
    let name = text(3, upTo: TextLimit.name, like: index < names.count ? names[index] : nil)
    if index == names.count { names.append(name) }
    return name
  }

  private mutating func read(_ layer: inout LayerStatistics, _ names: inout [String]) {
    layer.draw = integer(1, upTo: NumberLimit.draws)
    layer.index = integer(2, upTo: NumberLimit.layers)
    layer.layer = layerName(layer.index, &names)
    let kind = integer(4, upTo: TensorKind.byNumber.count - 1)
    if let kind = TensorKind.byNumber[failed ? 0 : kind] { layer.kind = kind } else { fail() }
    layer.statistics.count = integer(5, upTo: Int.max)
    layer.statistics.minimum = float(6)
    layer.statistics.maximum = float(7)
    layer.statistics.mean = double(8)
    layer.statistics.standardDeviation = double(9)
    layer.statistics.lower = float(10)
    layer.statistics.upper = float(11)
    layer.statistics.averagePrecision = optionalDouble(12)
    layer.statistics.sparsity = double(13)
    layer.statistics.kurtosis = optionalDouble(14)
    layer.statistics.channelKurtosis = optionalDouble(15)
    layer.statistics.klFromUniform = optionalDouble(16)
    layer.statistics.sqnr = optionalDouble(17)
    layer.statistics.histogram = packedIntegers(18)
    layer.statistics.channelLower = packedFloats(19)
    layer.statistics.channelUpper = packedFloats(20)
    if layer.statistics.channelLower.count != layer.statistics.channelUpper.count { fail() }
  }

  private mutating func layerError(_ names: inout [String]) -> LayerError {
    var error = LayerError()
    error.draw = integer(1, upTo: NumberLimit.draws)
    error.index = integer(2, upTo: NumberLimit.layers)
    error.layer = layerName(error.index, &names)
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
