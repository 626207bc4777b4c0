/// Timers by deadline, those of equal deadlines in the order they were added: a binary heap.
struct LoopTimers {
  private struct Entry {
    let deadline: ContinuousClock.Instant
    let number: UInt64
    let handler: () -> Void

    func precedes(_ other: Entry) -> Bool { (deadline, number) < (other.deadline, other.number) }
  }
  /// Entry i precedes entries 2·i + 1 and 2·i + 2.
  private var heap: [Entry] = []
  private var added: UInt64 = 0

  /// The earliest deadline.
  var next: ContinuousClock.Instant? { heap.first?.deadline }

  mutating func add(_ deadline: ContinuousClock.Instant, _ handler: @escaping () -> Void) {
    added += 1
    heap.append(Entry(deadline: deadline, number: added, handler: handler))
    var child = heap.count - 1
    while child > 0, case let parent = (child - 1) / 2, heap[child].precedes(heap[parent]) {
      heap.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the earliest timer out if it is due.
  mutating func popDue(at now: ContinuousClock.Instant) -> (() -> Void)? {
    guard let first = heap.first, first.deadline <= now else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      sink()
    }
    return first.handler
  }

  private mutating func sink() {
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < heap.count && heap[child].precedes(heap[least]) {
        least = child
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
