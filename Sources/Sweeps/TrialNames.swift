/// Finds trials by what people call them: the beginning of an id, or a label.
public enum TrialNames {
  /// A trial's position among others, by its id and label.
  public struct Named: Hashable, Sendable {
    public var id: String
    public var label: String

    public init(id: String, label: String) {
      self.id = id
      self.label = label
    }
  }

  /// The positions of the trials that `names` mean, ascending, none twice.
  ///
  /// - Parameter place: what holds the trials, for messages.
  /// - Throws: where a name means none of them, or several, saying which there are.
  public static func positions(
    of names: [String], among trials: [Named], in place: String
  ) throws(TrialNameError) -> [Int] {
    let wanted = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let prefixes = Dictionary(
      names.enumerated().map { ($1.lowercased(), $0) }, uniquingKeysWith: { a, _ in a })
    let lengths = Set(prefixes.keys.map(\.count)).subtracting([0]).sorted()
    var byID: [Int: [Int]] = [:]
    var byLabel: [Int: [Int]] = [:]
    for (position, trial) in trials.enumerated() {
      for length in lengths {
        if let name = prefixes[String(trial.id.prefix(length))] { byID[name, default: []].append(position) }
      }
      if let name = wanted[trial.label] { byLabel[name, default: []].append(position) }
    }
    var found: Set<Int> = []
    for name in names {
      let matches = byID[prefixes[name.lowercased()]!] ?? byLabel[wanted[name]!] ?? []
      guard matches.count == 1 else {
        let shown = matches.isEmpty ? Array(trials.indices.prefix(9)) : Array(matches.prefix(9))
        throw TrialNameError(
          name: name, place: place, matches: matches.count, choices: shown.map { trials[$0] })
      }
      found.insert(matches[0])
    }
    return found.sorted()
  }
}

/// A name that means no trial, or several.
public struct TrialNameError: Error, Hashable, Sendable, CustomStringConvertible {
  public let name: String
  let place: String
  /// How many trials it means.
  public let matches: Int
  let choices: [TrialNames.Named]

  public var description: String {
    let listed =
      choices.prefix(8).map { "\($0.id.prefix(12)) (\($0.label))" }.joined(separator: ", ")
      + (choices.count > 8 ? ", …" : "")
    if matches > 0 { return "\(matches) trials of \(place) are \(name): name one by its id: \(listed)" }
    return "no trial of \(place) has an id beginning with, or the label, \(name)"
      + (choices.isEmpty ? "" : "; it has \(listed)")
  }
}
