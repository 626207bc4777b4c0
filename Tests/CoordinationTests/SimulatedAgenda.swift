import SweepProtocol

/// What will happen when; what is due at the same moment happens in the order it was added.
struct Agenda<Item> {
  private struct Entry {
    var moment: Moment
    var number: Int
    var place: Int
  }
  private var heap: [Entry] = []
  private var items: [Item?] = []
  private var free: [Int] = []
  private var added = 0

  mutating func add(_ item: Item, at moment: Moment) {
    let place: Int
    if let reused = free.popLast() {
      place = reused
      items[place] = item
    } else {
      place = items.count
      items.append(item)
    }
    heap.append(Entry(moment: moment, number: added, place: place))
    added += 1
    var child = heap.count - 1
    while child > 0, isBefore(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func next() -> (Moment, Item)? {
    guard let first = heap.first else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      var parent = 0
      while true {
        var least = parent
        for child in (2 * parent + 1)...(2 * parent + 2) where child < heap.count && isBefore(child, least) {
          least = child
        }
        if least == parent { break }
        heap.swapAt(parent, least)
        parent = least
      }
    }
    let item = items[first.place]!
    items[first.place] = nil
    free.append(first.place)
    return (first.moment, item)
  }

  private func isBefore(_ a: Int, _ b: Int) -> Bool {
    (heap[a].moment, heap[a].number) < (heap[b].moment, heap[b].number)
  }
}
