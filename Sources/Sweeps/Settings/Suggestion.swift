/// Finds the key a person most likely meant.
enum Suggestion {
  /// The candidate nearest to `word`, at most a third of whose letters (and at least two) differ; nil where none is near.
  static func nearest(to word: String, among candidates: some Sequence<String>) -> String? {
    let folded = word.lowercased()
    var best: (distance: Int, candidate: String)?
    for candidate in candidates {
      let distance = distance(folded, candidate.lowercased())
      if distance <= max(2, candidate.count / 3), distance < best?.distance ?? .max,
        distance < candidate.count
      {
        best = (distance, candidate)
      }
    }
    return best?.candidate
  }

  /// Levenshtein distance, a transposition of neighbours counting as one edit.
  static func distance(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var older = [Int](repeating: 0, count: b.count + 1)
    var previous = Array(0...b.count)
    for i in a.indices {
      var current = [i + 1]
      for j in b.indices {
        var cost = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, older[j - 1] + 1) }
        current.append(cost)
      }
      older = previous
      previous = current
    }
    return previous[b.count]
  }
}
