import Networks
import Sweeps

/// Which configurations share a panel, under which short name and in which style. A name keeps its style in all
/// panels of a page.
struct SeriesPlan: Sendable {
  struct Member: Sendable {
    var configuration: ReportConfiguration
    /// The label less what all labels of the panel begin with.
    var name: String
    var style: SeriesStyle

    /// The name, with the outcome where that is not plainly completed.
    var described: String {
      let statuses = configuration.statusCounts.map(\.status)
      return statuses == [.completed] ? name : "\(name) (\(statuses.map(\.rawValue).joined(separator: ", ")))"
    }
  }
  struct Panel: Sendable {
    /// nil where there is one panel only.
    var title: String?
    var members: [Member]
  }

  let panels: [Panel]

  /// More series than this in a panel cannot be told apart.
  static let panelLimit = 12

  init(_ configurations: [ReportConfiguration]) {
    var styles: [String: Int] = [:]
    panels = Self.groups(configurations.filter { !$0.results.isEmpty }).map { title, members in
      let prefix = title == nil ? 0 : Self.sharedPrefix(members.map(\.label))
      return Panel(
        title: title,
        members: members.map { configuration in
          let name = String(configuration.label.dropFirst(prefix))
          let index = styles[name] ?? styles.count
          styles[name] = index
          return Member(configuration: configuration, name: name, style: .categorical(index))
        })
    }
  }

  /// Every name of the page's panels once, in order of style.
  var legend: [(name: String, style: SeriesStyle)] {
    var seen: Set<String> = []
    return panels.flatMap(\.members).compactMap { seen.insert($0.name).inserted ? ($0.name, $0.style) : nil }
  }

  private static func groups(_ configurations: [ReportConfiguration]) -> [(String?, [ReportConfiguration])] {
    guard configurations.count > panelLimit else {
      return configurations.isEmpty ? [] : [(nil, configurations)]
    }
    var order: [String] = []
    var families: [String: [ReportConfiguration]] = [:]
    for configuration in configurations {
      let family = family(configuration.trials[0].configuration.network)
      if families[family] == nil { order.append(family) }
      families[family, default: []].append(configuration)
    }
    let grouped = order.map { ($0, families[$0] ?? []) }
    if grouped.count * 3 > configurations.count { return chunks(title: "Configurations", configurations) }
    return grouped.flatMap { title, members in
      members.count > panelLimit ? chunks(title: title, members) : [(title, members)]
    }
  }

  private static func chunks(title: String, _ members: [ReportConfiguration]) -> [(
    String?, [ReportConfiguration]
  )] {
    stride(from: 0, to: members.count, by: panelLimit).map { start in
      let end = min(start + panelLimit, members.count)
      return ("\(title), \(start + 1)–\(end)", Array(members[start..<end]))
    }
  }

  private static func family(_ network: Architecture) -> String {
    let kind =
      switch network.factorization {
      case .none: "Regular"
      case .depthwise: "Depthwise separable"
      case .uniform(let f): "Groupwise separable, f = \(f)"
      case .reversePyramid(let f): "Reverse pyramid, f_init = \(f)"
      case .explicit: "Rates by block"
      }
    return "\(kind), \(network.batchNorm ? "with" : "no") BatchNorm"
  }

  /// Length of what all labels begin with, up to a separator, leaving something of each.
  static func sharedPrefix(_ labels: [String]) -> Int {
    guard labels.count > 1, var prefix = labels.first else { return 0 }
    for label in labels { prefix = prefix.commonPrefix(with: label) }
    guard let separator = prefix.lastIndex(where: { "_-. /".contains($0) }) else { return 0 }
    let length = prefix.distance(from: prefix.startIndex, to: separator) + 1
    return labels.allSatisfy { $0.count > length } ? length : 0
  }
}

extension String {
  /// "Range" inside a sentence; words that begin with two capitals (SQNR) stay.
  var lowercasedFirst: String {
    guard let first, !dropFirst().prefix(1).allSatisfy(\.isUppercase) else { return self }
    return first.lowercased() + dropFirst()
  }

  fileprivate func commonPrefix(with other: String) -> String {
    String(zip(self, other).prefix { $0 == $1 }.map(\.0))
  }
}
