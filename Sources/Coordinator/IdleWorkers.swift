/// The workers that wait for a trial, in groups of equal data sets, each the fastest first.
struct IdleWorkers: Sendable {
  private struct Group: Sendable {
    let datasets: Set<String>
    var heap = IndexedHeap<String, Rank>()
  }
  /// The fastest first, then by id.
  private struct Rank: Hashable, Sendable, Comparable {
    var slowness: Double
    var worker: String

    static func < (a: Rank, b: Rank) -> Bool { (b.slowness, b.worker) < (a.slowness, a.worker) }
  }

  /// None is empty.
  private var groups: [Group] = []
  private var datasetsOf: [String: Set<String>] = [:]

  var isEmpty: Bool { groups.isEmpty }

  func contains(_ worker: String) -> Bool { datasetsOf[worker] != nil }

  /// - Parameter slowness: as `CostModel` has it; it stays while the worker is idle.
  mutating func insert(_ worker: String, datasets: Set<String>, slowness: Double) {
    if datasetsOf[worker] == datasets { return }
    remove(worker)
    datasetsOf[worker] = datasets
    let place = groups.firstIndex { $0.datasets == datasets } ?? groups.count
    if place == groups.count { groups.append(Group(datasets: datasets)) }
    groups[place].heap.insert(worker, Rank(slowness: slowness, worker: worker))
  }

  mutating func remove(_ worker: String) {
    guard let datasets = datasetsOf.removeValue(forKey: worker),
      let place = groups.firstIndex(where: { $0.datasets == datasets })
    else { return }
    groups[place].heap.remove(worker)
    if groups[place].heap.isEmpty { groups.remove(at: place) }
  }

  /// The longest trial that one of the workers can take, and the fastest of those that can.
  func match(_ pending: PendingTrials, by costs: CostModel) -> (position: Int, worker: String)? {
    var longest: (position: Int, dataset: String, cost: Double)?
    for group in groups {
      guard let found = pending.longest(on: group.datasets, by: costs) else { continue }
      if let known = longest, (known.cost, found.position) >= (found.cost, known.position) { continue }
      longest = found
    }
    guard let longest else { return nil }
    let able = groups.filter { $0.datasets.contains(longest.dataset) }.compactMap(\.heap.first)
    return able.max { $0.rank < $1.rank }.map { (longest.position, $0.member) }
  }

  /// The fastest worker that has the data set, of those that `suits` picks.
  func fastest(on dataset: String, where suits: (String) -> Bool) -> String? {
    groups.filter { $0.datasets.contains(dataset) }.flatMap { $0.heap.members(where: suits) }
      .max { $0.rank < $1.rank }?.member
  }
}
