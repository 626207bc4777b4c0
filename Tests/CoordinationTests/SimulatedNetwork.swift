import Coordinator
import SweepProtocol

// The network of a simulation: messages are delayed, lost, repeated, overtaken; links fall silent.

extension Simulation {
  enum Direction { case toCoordinator, toWorker }

  /// A link that nothing comes through, and nobody is told.
  struct Cut {
    var until: Moment
    /// nil: both.
    var direction: Direction?
    /// What is sent meanwhile arrives afterwards; otherwise it is lost.
    var holds: Bool

    func silences(_ other: Direction) -> Bool { direction == nil || direction == other }
  }

  /// Silences the links of one worker, of some, or of all.
  mutating func partition() {
    let share = chance.below(5)
    let direction: Direction? = [nil, nil, .toCoordinator, .toWorker][chance.below(4)]
    let cut = Cut(
      until: min(now + chance.seconds(1...40), max(calm, now)), direction: direction,
      holds: chance.happens(0.5))
    let one = roster[chance.below(roster.count)]
    for id in roster where share == 0 || id == one || share == 1 && chance.happens(0.5) { cuts[id] = cut }
    partitions += 1
    let whose = share == 0 ? "all links" : share == 1 ? "half of the links" : "the link of \(one)"
    trace.note(now, "\(whose) silent until \(cut.until), direction \(direction.map { "\($0)" } ?? "both")")
  }

  /// The worker's cut at this time.
  func cut(of worker: String) -> Cut? { cuts[worker].flatMap { now < $0.until ? $0 : nil } }

  /// Sends over the network. Without a connection: a checkpoint transfer, whose messages keep no order.
  mutating func transmit(
    _ occurrence: Occurrence, _ direction: Direction, of worker: String, on connection: ConnectionID?
  ) {
    var earliest = now
    if let cut = cut(of: worker), cut.silences(direction) {
      guard cut.holds else { return }
      earliest = cut.until
    }
    if chance.happens(faults.loss) { return }
    for _ in 0..<(chance.happens(faults.duplication) ? 2 : 1) {
      var arrival = earliest + chance.seconds(0.01...0.2)
      if let connection, !faults.reordering {
        arrival = max(arrival, lastArrival[connection] ?? now)
        lastArrival[connection] = arrival
      } else if chance.happens(faults.loss) {
        arrival = earliest + chance.seconds(0.2...25)
      }
      agenda.add(occurrence, at: arrival)
    }
  }

  /// The connection breaks; either side notices at once, later, or not at all.
  mutating func disconnect(_ connection: ConnectionID) {
    guard let worker = openConnections.removeValue(forKey: connection) else { return }
    lastArrival[connection] = nil
    if !chance.happens(0.3) {
      schedule(.worker(worker, .disconnected(connection)), after: chance.seconds(0...2))
    }
    if scheduler != nil, chance.happens(0.5) {
      schedule(.connectionLost(connection), after: chance.seconds(0...2))
    }
  }
}
