internal import LayerAnalysis
public import Sweeps

extension Snapshot {
  /// The list that has two entries of the same draw, layer and tensor, for which a store has one place; nil: none has.
  var repeatedField: String? {
    if isRepeated(draws.count, { key(draws[$0].draw, 0) }) { return "draws" }
    if isRepeated(layers.count, { layers[$0].key }) { return "layers" }
    if isRepeated(errors.count, { key(errors[$0].draw, errors[$0].index) }) { return "errors" }
    return nil
  }
}

extension LayerStatistics {
  fileprivate var key: UInt64 {
    let rank: UInt64 =
      switch kind {
      case .weights: 0
      case .foldedWeights: 1
      case .activations: 2
      case .gradients: 3
      }
    return rank << 60 | SweepProtocol.key(draw, index)
  }
}

/// Ascending in the order in which workers measure. The numbers are within `NumberLimit`.
private func key(_ draw: Int, _ index: Int) -> UInt64 {
  UInt64(truncatingIfNeeded: draw) << 30 | UInt64(truncatingIfNeeded: index)
}

/// Whether two of `count` keys are equal. Ascending ones are not sorted.
private func isRepeated(_ count: Int, _ key: (Int) -> UInt64) -> Bool {
  guard count > 1 else { return false }
  var last = key(0)
  var place = 1
  while place < count {
    let next = key(place)
    guard next > last else { break }
    last = next
    place += 1
  }
  if place == count { return false }
  let keys = (0..<count).map(key).sorted()
  return zip(keys, keys.dropFirst()).contains { $0 == $1 }
}

extension Wire {
  /// Why no coordinator would take the snapshot, in one line for people; nil: it can be sent.
  public static func objection(to snapshot: Snapshot) -> String? {
    let entries = snapshot.draws.count + snapshot.layers.count + snapshot.errors.count
    if entries > WireShape.mostEntries {
      return "the snapshot of epoch \(snapshot.epoch) has \(entries) rows, more than \(WireShape.mostEntries)"
    }
    if let field = snapshot.repeatedField {
      return "the snapshot of epoch \(snapshot.epoch) has two \(field) of the same number"
    }
    guard mostBytes(of: snapshot) > SnapshotSize.limit else { return nil }
    let attempt = AttemptID(trial: String(repeating: "0", count: 64), number: NumberLimit.attempts)
    let envelope = WorkerEnvelope(
      worker: String(repeating: "0", count: 36), sequence: NumberLimit.counter,
      message: .snapshot(attempt, snapshot))
    let bytes = encode(envelope).count
    guard bytes > SnapshotSize.limit else { return nil }
    return
      "the snapshot of epoch \(snapshot.epoch) has \(bytes) bytes, more than the \(SnapshotSize.limit) of a "
      + "message: give the trial fewer draws or a smaller network"
  }

  /// Bytes at most, counted without encoding.
  private static func mostBytes(of snapshot: Snapshot) -> Int {
    var bytes = 512 + 64 * snapshot.draws.count
    for index in snapshot.layers.indices {
      let channels = snapshot.layers[index].statistics.channelLower.count
      bytes += 160 + snapshot.layers[index].layer.utf8.count
      bytes += 5 * snapshot.layers[index].statistics.histogram.count + 8 * channels
    }
    for index in snapshot.errors.indices { bytes += 64 + snapshot.errors[index].layer.utf8.count }
    return bytes
  }
}
