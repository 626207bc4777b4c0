/// The workers of a sweep in the order they are shown in, by name and id, kept while they come and go.
struct WorkerRoll: Sendable {
  private struct Entry: Hashable, Sendable, Comparable {
    let name: String
    let id: String

    static func < (a: Entry, b: Entry) -> Bool { (a.name, a.id) < (b.name, b.id) }
  }
  private var entries: [Entry] = []

  var ids: some Sequence<String> { entries.lazy.map(\.id) }
  var count: Int { entries.count }

  /// Does nothing if the worker is there under this name.
  mutating func insert(_ id: String, name: String) {
    let entry = Entry(name: name, id: id)
    let place = place(of: entry)
    if place < entries.count, entries[place] == entry { return }
    entries.insert(entry, at: place)
  }

  /// Does nothing if no worker of this name and id is there.
  mutating func remove(_ id: String, name: String) {
    let entry = Entry(name: name, id: id)
    let place = place(of: entry)
    if place < entries.count, entries[place] == entry { entries.remove(at: place) }
  }

  /// The first that is not before `entry`.
  private func place(of entry: Entry) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle] < entry { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
