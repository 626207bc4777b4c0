public import Sweeps

/// Everything a report says, as plain values: built from trials, written as a page, as text or as JSON.
/// Equal trials give an equal model, whatever order they come in.
public struct ReportModel: Hashable, Sendable {
  /// The sweep's name, or names.
  public let title: String
  /// Results are read at the last snapshot up to this epoch; nil: at each trial's last one.
  public let epoch: Int?
  /// One for each configuration: its trials are the seeds.
  public let configurations: [ReportConfiguration]
  /// Settings that all trials share, and those that vary, with their values.
  public let settings: ReportSettings

  /// - Parameter trials: in the sweep's order; a configuration stands where its first trial does.
  public init(title: String, trials: [ReportTrial], epoch: Int? = nil) {
    self.title = title
    self.epoch = epoch
    var order: [String] = []
    var groups: [String: [ReportTrial]] = [:]
    for trial in trials {
      let key = trial.groupKey
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(trial)
    }
    let chapter = PublishedResult.chapter(trials)
    configurations = order.map { key in
      let seeds = (groups[key] ?? []).sorted { $0.configuration.seed < $1.configuration.seed }
      return ReportConfiguration(seeds, epoch: epoch, published: PublishedResult.of(seeds[0], chapter))
    }
    settings = ReportSettings(trials.map(\.configuration))
  }

  public var trials: [ReportTrial] { configurations.flatMap(\.trials) }

  public func count(of status: ReportStatus) -> Int { trials.count { $0.status == status } }

  /// How many trials stand where; only what occurs, in the order of `ReportStatus`.
  public var statusCounts: [(status: ReportStatus, count: Int)] {
    let trials = trials
    return ReportStatus.allCases.compactMap { status in
      let count = trials.count { $0.status == status }
      return count > 0 ? (status, count) : nil
    }
  }
}

extension ReportTrial {
  /// Equal for trials that differ in their seed only.
  var groupKey: String {
    var configuration = configuration
    configuration.seed = 0
    return label + "\n" + configuration.canonicalJSON
  }
}

/// One configuration over its training seeds.
public struct ReportConfiguration: Hashable, Sendable {
  public let label: String
  /// In order of seeds.
  public let trials: [ReportTrial]
  public let cost: ReportCost?
  /// What the thesis prints of the same network, where it does.
  public let published: PublishedResult?
  /// The snapshot of every trial that results are read from; only trials that have one.
  public let results: [Snapshot]
  /// The snapshots at initialization of the same trials, in the same order; nil where there is none.
  public let initials: [Snapshot?]

  init(_ trials: [ReportTrial], epoch: Int?, published: PublishedResult?) {
    label = trials[0].label
    self.trials = trials
    cost = ReportCost(trials[0].configuration.network)
    self.published = published
    let read = trials.compactMap { trial in
      trial.snapshots.last { $0.epoch <= epoch ?? .max }.map { (trial.snapshots.first { $0.epoch == 0 }, $0) }
    }
    initials = read.map(\.0)
    results = read.map(\.1)
  }

  /// Each status once, with how many seeds have it.
  public var statusCounts: [(status: ReportStatus, count: Int)] {
    ReportStatus.allCases.compactMap { status in
      let count = trials.count { $0.status == status }
      return count > 0 ? (status, count) : nil
    }
  }

  /// Epochs trained at the results, of the seed that got furthest.
  public var epoch: Int? { results.map(\.epoch).max() }

  /// Percent.
  public var fp32Accuracy: Measure? { Measure(results.map { [$0.testAccuracy * 100] }) }
  /// Percent.
  public var quantizedAccuracy: Measure? { overDraws { $0.quantizedAccuracy * 100 } }
  public var qmse: Measure? { overDraws(\.qmse) }
  public var qce: Measure? { overDraws(\.qce) }
  public var qkl: Measure? { overDraws(\.qkl) }
  /// |fp32 − quint8| / fp32 × 100 (4.11).
  public var percentDecrease: Measure? {
    Measure(
      results.map { snapshot in
        snapshot.draws.map { abs(snapshot.testAccuracy - $0.quantizedAccuracy) / snapshot.testAccuracy * 100 }
      })
  }
  /// (fp32 − quint8) / fp32 × 100: negative where the quantized network is the better one.
  public var signedPercentDecrease: Measure? {
    Measure(
      results.map { snapshot in
        snapshot.draws.map { (snapshot.testAccuracy - $0.quantizedAccuracy) / snapshot.testAccuracy * 100 }
      })
  }

  func overDraws(_ metric: (DrawMetrics) -> Double) -> Measure? {
    Measure(results.map { $0.draws.map(metric) })
  }
}
