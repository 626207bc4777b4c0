/// A binary heap, the greatest rank first, from which any member can be taken out: all in O(log n).
struct IndexedHeap<Member: Hashable & Sendable, Rank: Comparable & Sendable>: Sendable {
  private var entries: [(member: Member, rank: Rank)] = []
  private var places: [Member: Int] = [:]

  var isEmpty: Bool { entries.isEmpty }
  var count: Int { entries.count }
  var first: (member: Member, rank: Rank)? { entries.first }
  /// In descending order; O(n log n).
  var ranks: [Rank] { entries.map(\.rank).sorted(by: >) }

  /// The members that `suits` picks, in no order; O(n).
  func members(where suits: (Member) -> Bool) -> [(member: Member, rank: Rank)] {
    entries.filter { suits($0.member) }
  }

  /// Adds a member that is not in the heap.
  mutating func insert(_ member: Member, _ rank: Rank) {
    precondition(places[member] == nil, "a member is inserted twice")
    entries.append((member, rank))
    places[member] = entries.count - 1
    rise(from: entries.count - 1)
  }

  /// The member's rank; nil: it was not in the heap.
  @discardableResult
  mutating func remove(_ member: Member) -> Rank? {
    guard let place = places.removeValue(forKey: member) else { return nil }
    let rank = entries[place].rank
    let last = entries.removeLast()
    if place < entries.count {
      entries[place] = last
      places[last.member] = place
      rise(from: place)
      sink(from: place)
    }
    return rank
  }

  private mutating func rise(from place: Int) {
    var child = place
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child].rank > entries[parent].rank else { return }
      swap(child, parent)
      child = parent
    }
  }

  private mutating func sink(from place: Int) {
    var parent = place
    while true {
      var greatest = parent
      let children = 2 * parent + 1..<min(2 * parent + 3, max(entries.count, 2 * parent + 1))
      for child in children where entries[child].rank > entries[greatest].rank { greatest = child }
      guard greatest != parent else { return }
      swap(parent, greatest)
      parent = greatest
    }
  }

  private mutating func swap(_ a: Int, _ b: Int) {
    entries.swapAt(a, b)
    places[entries[a].member] = a
    places[entries[b].member] = b
  }
}
