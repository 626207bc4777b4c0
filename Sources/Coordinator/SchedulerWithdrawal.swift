internal import SweepProtocol

// Trials that their sweep, submitted again, has no more.

extension Scheduler {
  /// Trials that no sweep has any more: those that wait are not run, and those that run are not run again.
  mutating func withdraw(_ ids: [String]) {
    let withdrawn = ids.compactMap { positions[$0] }.filter { !trials[$0].isWithdrawn }
    for position in withdrawn {
      trials[position].isWithdrawn = true
      if trials[position].state == .pending { shelve(position) }
    }
    guard !withdrawn.isEmpty else { return }
    log(.notice, "trials that no sweep has any more, and that are not run again: \(withdrawn.count)")
    noteIfOver()
  }

  /// Takes a pending trial that is withdrawn from those that wait. Its worker, if it lost it, cannot take it up again.
  mutating func shelve(_ position: Int) {
    dequeue(position)
    counts.count(.pending, -1)
    trials[position].lost = false
  }

  /// A sweep has the trial again, or a person asks for it.
  mutating func readmit(_ position: Int) {
    guard trials[position].isWithdrawn else { return }
    trials[position].isWithdrawn = false
    guard trials[position].state == .pending else { return }
    counts.count(.pending)
    enqueue(position)
  }
}
