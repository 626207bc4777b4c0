internal import Sweeps

/// The trials that wait for a worker: one queue for every data set and family, each longest first. Within a queue
/// the order is that of the work left, which does not change while a trial waits; between queues it is that of the
/// seconds their first trials will take, which does, as speeds are measured. So every change is O(log n).
struct PendingTrials: Sendable {
  struct Queue: Sendable {
    let dataset: String
    let family: String
    fileprivate(set) var heap = IndexedHeap<Int, Rank>()
    /// Sum over the queue.
    fileprivate(set) var work = 0.0
  }
  /// More work first, then the order of the sweep.
  struct Rank: Hashable, Sendable, Comparable {
    var work: Double
    var position: Int

    static func < (a: Rank, b: Rank) -> Bool { (a.work, b.position) < (b.work, a.position) }
  }
  private struct Key: Hashable {
    var dataset: String
    var family: String
  }

  /// In the order in which they were first needed.
  private(set) var queues: [Queue] = []
  private(set) var count = 0
  private var places: [Key: Int] = [:]
  /// Places in `queues`, by the trial's position in the sweep.
  private var queueOf: [Int: Int] = [:]

  var isEmpty: Bool { count == 0 }

  /// - Parameter work: what is left of it.
  mutating func insert(_ position: Int, _ plan: PlannedTrial, work: Double) {
    let key = Key(dataset: plan.dataset, family: plan.work.family)
    let place = places[key] ?? queues.count
    if place == queues.count {
      places[key] = place
      queues.append(Queue(dataset: key.dataset, family: key.family))
    }
    queues[place].heap.insert(position, Rank(work: work, position: position))
    queues[place].work += work
    queueOf[position] = place
    count += 1
  }

  mutating func remove(_ position: Int) {
    guard let place = queueOf.removeValue(forKey: position), let rank = queues[place].heap.remove(position)
    else { return }
    // What rounding has left goes with the last trial.
    queues[place].work = queues[place].heap.isEmpty ? 0 : queues[place].work - rank.work
    count -= 1
  }

  /// The trial on one of these data sets that takes longest; of equals the first of the sweep.
  func longest(on datasets: Set<String>, by costs: CostModel) -> (
    position: Int, dataset: String, cost: Double
  )? {
    var longest: (position: Int, dataset: String, cost: Double)?
    for queue in queues {
      guard let first = queue.heap.first, datasets.contains(queue.dataset) else { continue }
      let cost = costs.cost(of: first.rank.work, family: queue.family)
      if let known = longest, (known.cost, first.member) >= (cost, known.position) { continue }
      longest = (first.member, queue.dataset, cost)
    }
    return longest
  }

  /// Data sets of the trials that wait, by name.
  var datasets: [String] { Set(queues.filter { !$0.heap.isEmpty }.map(\.dataset)).sorted() }
}
