internal import SweepProtocol

// Hosts where trials fail that fail nowhere else.

/// A host as the scheduler knows it.
struct HostEntry: Hashable, Sendable {
  /// Workers there that can be reached, by each data set they have.
  var workers: [String: Int] = [:]
  /// The attempts that ended there last, by their trials' positions.
  var recent: [Ended] = []
  /// Trials that failed there and nowhere else, since they were last put back.
  var suspects: Set<Int> = []
  /// Why it gets no trials; nil: it gets them.
  var quarantine: String?

  struct Ended: Hashable, Sendable {
    var position: Int
    var failed: Bool
  }
}

extension Scheduler {
  /// Gives trials that failed somewhere to idle workers of other hosts, or of any where there is no other.
  mutating func assignRetries(at now: Moment) {
    for position in retries.sorted() {
      let able = idle.fastest(on: trials[position].plan.dataset) { worker in
        !isBetterElsewhere(position, than: workers[worker]!.record.host)
      }
      guard let able else { continue }
      retries.remove(position)
      assign(position, to: able, at: now)
    }
  }

  /// Whether the trial failed on the host, and another that is not quarantined could try it.
  private func isBetterElsewhere(_ position: Int, than host: String) -> Bool {
    let trial = trials[position]
    guard trial.failed.contains(where: { $0.host == host }) else { return false }
    return hosts.contains { name, entry in
      entry.quarantine == nil && entry.workers[trial.plan.dataset] != nil
        && !trial.failed.contains { $0.host == name }
    }
  }

  /// Counts the worker at its host as long as it can be reached.
  mutating func updatePresence(of worker: String) {
    let entry = workers[worker]!
    let present = entry.introduced && !entry.left && entry.connection != nil
    let presence =
      present ? WorkerEntry.Presence(host: entry.record.host, datasets: entry.datasets) : nil
    guard presence != entry.presence else { return }
    workers[worker]!.presence = presence
    if let old = entry.presence {
      for dataset in old.datasets {
        let left = hosts[old.host]!.workers[dataset]! - 1
        hosts[old.host]!.workers[dataset] = left == 0 ? nil : left
      }
    }
    if let presence {
      for dataset in presence.datasets {
        hosts[presence.host, default: HostEntry()].workers[dataset, default: 0] += 1
      }
    }
  }

  /// An attempt at the trial ended on its host, with a result or a failure.
  mutating func noteEnd(of position: Int, failed: Bool) {
    let host = trials[position].host
    var entry = hosts[host, default: HostEntry()]
    entry.recent.append(HostEntry.Ended(position: position, failed: failed))
    if entry.recent.count > settings.hostAttempts { entry.recent.removeFirst() }
    if !failed { entry.suspects.remove(position) }
    hosts[host] = entry
    guard failed else { return }
    suspectHosts(of: position)
    quarantineIfSuspect(host)
  }

  /// A trial that failed on one host alone speaks against the host; one that failed on several against itself.
  mutating func suspectHosts(of position: Int) {
    let names = Set(trials[position].failed.map(\.host))
    for name in names {
      if names.count == 1 {
        hosts[name, default: HostEntry()].suspects.insert(position)
      } else if hosts[name]?.suspects.remove(position) != nil {
        releaseIfCleared(name)
      }
    }
  }

  private mutating func quarantineIfSuspect(_ host: String) {
    guard let entry = hosts[host], entry.quarantine == nil else { return }
    let failures = entry.recent.filter(\.failed)
    let suspects = Set(failures.map(\.position)).intersection(entry.suspects)
    guard suspects.count >= settings.hostFailures, failures.count * 2 >= entry.recent.count,
      hosts.contains(where: { $0.key != host && $0.value.quarantine == nil && !$0.value.workers.isEmpty })
    else { return }
    let last = failures.last.flatMap { trials[$0.position].error } ?? ""
    let reason = "\(suspects.count) trials failed there and nowhere else, the last: \(last)"
    hosts[host]!.quarantine = reason
    persist(.hostQuarantined(host, reason: reason))
    log(.warning, "host \(host) is quarantined: \(reason)")
    updateIdle(on: host)
  }

  /// The trials that spoke against the host failed elsewhere too.
  private mutating func releaseIfCleared(_ host: String) {
    guard hosts[host]?.quarantine != nil, hosts[host]!.suspects.count < settings.hostFailures else { return }
    log(.notice, "host \(host) is released: its trials fail elsewhere too")
    release(host)
  }

  mutating func release(_ host: String) {
    guard hosts[host]?.quarantine != nil else { return }
    hosts[host]!.quarantine = nil
    hosts[host]!.recent = []
    persist(.hostReleased(host))
    updateIdle(on: host)
  }

  private static let strandedInterval = Duration.seconds(60)

  /// Says, every minute, that trials wait and workers are there, but all of them on quarantined hosts.
  mutating func noteStranded(at now: Moment) {
    let waiting = pending.count + retries.count
    guard waiting > 0, !paused, shutdownDeadline == nil else { return }
    if let strandedNoted, strandedNoted.duration(to: now) < Self.strandedInterval { return }
    let present = hosts.filter { !$0.value.workers.isEmpty }
    guard !present.isEmpty, present.allSatisfy({ $0.value.quarantine != nil }) else { return }
    strandedNoted = now
    let names = present.keys.sorted()
    let listed = names.prefix(8).joined(separator: ", ") + (names.count > 8 ? ", …" : "")
    log(
      .warning,
      "trials wait: \(waiting), and all workers are on quarantined hosts (\(listed)); start workers elsewhere, or let "
        + "a host have trials again with 'strata retry --host \(names[0])'")
  }

  private mutating func updateIdle(on host: String) {
    for worker in workers.keys where workers[worker]!.record.host == host { updateIdle(worker) }
  }
}
