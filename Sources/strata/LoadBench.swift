import Coordinator
import Fleet
import Foundation
import Sweeps
import SweepProtocol
import Synchronization

/// The measurements of `bench coordinator`.
struct LoadBench {
  /// Where stores lie.
  let folder: URL
  /// Only the n-th part of the work is done.
  let share: Int
  /// Connections are encrypted and authenticated.
  let usesKeys: Bool

  /// Trials that end at once: handed out, run, and their results committed.
  func trials(workers: Int) throws -> LoadResult {
    let cluster = try LoadCluster(sweep: LoadCluster.seeds(100_000 / share), in: folder, usesKeys: usesKeys)
    var result = LoadResult("trials that end at once, \(workers) workers")
    try cluster.startCoordinator()
    try cluster.startFleet(workers: workers)
    try runToTheEnd(cluster, into: &result, unit: "trials/s")
    return result
  }

  /// Results with all layer statistics, while others read the store.
  func results(workers: Int) throws -> LoadResult {
    let readerCount = 8
    let text = LoadCluster.seeds(60_000 / share)
    let cluster = try LoadCluster(sweep: text, in: folder, usesKeys: usesKeys)
    var result = LoadResult(
      "results of 60 rows of layer statistics, 20 of layer errors; \(workers) workers, \(readerCount) readers"
    )
    try cluster.startCoordinator()
    let readers = StoreReaders(readerCount, store: cluster.store)
    try cluster.startFleet(workers: workers, arguments: ["--statistics"])
    try runToTheEnd(cluster, into: &result, unit: "results/s")
    let (seconds, errors) = readers.stop()
    try cluster.killCoordinator()
    let alone = try StoreAlone.resultsPerSecond(
      SweepFile.parse(LoadCluster.seeds(10_000 / share), source: "load.yaml"), store: cluster.store + "-alone"
    )
    result.add("the same rows by one thread alone", alone.pace, "results/s")
    result.add("their processor time", alone.seconds * 1e6, "µs each")
    result.add("queries", Double(seconds.count), "")
    if let most = seconds.last {
      result.add("median query", seconds[seconds.count / 2] * 1000, "ms")
      result.add("longest query", most * 1000, "ms")
    }
    result.add("queries that failed", Double(errors.count), errors.first.map { "(\($0))" } ?? "")
    return result
  }

  /// Waits until all trials are over, and adds the pace from the first tenth on.
  private func runToTheEnd(_ cluster: LoadCluster, into result: inout LoadResult, unit: String) throws {
    var start: (over: Int, at: ContinuousClock.Instant, usage: ProcessUsage?, fleet: Double)?
    var slowest = 0.0
    while true {
      let asked = ContinuousClock.now
      let counts = try cluster.status().counts
      let now = ContinuousClock.now
      slowest = max(slowest, (now - asked) / .seconds(1))
      if start == nil, counts.over >= counts.total / 10 {
        start = (counts.over, now, cluster.usage, cluster.fleetSeconds)
      }
      if counts.over == counts.total { break }
      usleep(100_000)
    }
    guard let start, let before = start.usage, let after = cluster.usage else { return }
    let seconds = (ContinuousClock.now - start.at) / .seconds(1)
    let count = Double(try cluster.status().counts.over - start.over)
    result.add("committed", count / seconds, unit)
    result.add("measured", count, "in \(fixed(seconds, 1)) s")
    result.add(
      "coordinator", (after.processorSeconds - before.processorSeconds) / count * 1e6, "µs of processor each")
    result.add("workers", (cluster.fleetSeconds - start.fleet) / count * 1e6, "µs of processor each")
    result.add("coordinator's memory", Double(after.mostResident) / 1e6, "MB at most")
    result.add("slowest answer about its status", slowest * 1000, "ms")
  }

  /// Workers that are only connected; then the coordinator is killed and started again.
  func connections(_ count: Int) throws -> LoadResult {
    let processes = 4
    let cluster = try LoadCluster(sweep: LoadCluster.seeds(1), in: folder, usesKeys: usesKeys)
    var result = LoadResult("\(count) connected workers in \(processes) processes")
    try cluster.startCoordinator()
    let began = ContinuousClock.now
    for number in 0..<processes {
      try cluster.startFleet(workers: count / processes + (number < count % processes ? 1 : 0))
    }
    result.add("all connected", try awaitConnected(count, cluster, since: began), "s after the start")
    let before = cluster.usage
    let fleet = cluster.fleetSeconds
    let idle = 10.0
    usleep(UInt32(idle * 1e6))
    if let before, let after = cluster.usage {
      result.add(
        "coordinator meanwhile", (after.processorSeconds - before.processorSeconds) / idle * 100,
        "% of a core")
      result.add("workers meanwhile", (cluster.fleetSeconds - fleet) / idle * 100, "% of a core")
      result.add("coordinator's memory", Double(after.resident) / 1e6, "MB")
    }
    try addAnswers(cluster, into: &result)
    try cluster.killCoordinator()
    let killed = ContinuousClock.now
    let restart = try cluster.startCoordinator()
    result.add("restarted coordinator listens", restart, "s after the kill")
    result.add("all connected again", try awaitConnected(count, cluster, since: killed), "s after the kill")
    if let after = cluster.usage {
      result.add("coordinator's processor time for that", after.processorSeconds, "s")
    }
    return result
  }

  /// How long the coordinator takes to say how it stands, and what that costs it.
  private func addAnswers(_ cluster: LoadCluster, into result: inout LoadResult) throws {
    let questions = 50
    let before = cluster.usage
    var answers: [Double] = []
    for _ in 0..<questions {
      let asked = ContinuousClock.now
      _ = try cluster.status()
      answers.append((ContinuousClock.now - asked) / .seconds(1))
    }
    answers.sort()
    result.add("median answer about its status", answers[questions / 2] * 1000, "ms, decoding it included")
    guard let before, let after = cluster.usage else { return }
    result.add(
      "coordinator's part in an answer",
      (after.processorSeconds - before.processorSeconds) / Double(questions) * 1000, "ms of processor")
  }

  private func awaitConnected(
    _ count: Int, _ cluster: LoadCluster, since began: ContinuousClock.Instant
  ) throws -> Double {
    while true {
      let connected = try cluster.status().workers.count(where: \.connected)
      let seconds = (ContinuousClock.now - began) / .seconds(1)
      if connected >= count { return seconds }
      guard seconds < 300 else {
        throw CommandError("\(connected) of \(count) workers are connected after \(Int(seconds)) s")
      }
      usleep(250_000)
    }
  }

  /// Checkpoints of 10 MB from 200 workers at once, and how long the coordinator went without hearing one of them.
  func checkpoints() throws -> LoadResult {
    let workers = 200
    let size = 10_000_000
    let rounds = share == 1 ? 2 : 1
    let heartbeat = 1.0
    let cluster = try LoadCluster(
      sweep: LoadCluster.seeds(workers * rounds), in: folder, usesKeys: usesKeys, heartbeat: heartbeat)
    var result = LoadResult(
      "checkpoints of \(size / 1_000_000) MB from \(workers) workers at once\(usesKeys ? ", by CURVE" : "")")
    let raw = try RawTransfer.bytesPerSecond(
      peers: workers, size: size, chunk: CheckpointLimits.chunk, waiting: 4, isEncrypted: usesKeys)
    let written = try RawTransfer.bytesPerSecond(
      peers: workers, size: size, chunk: CheckpointLimits.chunk, waiting: 4, isEncrypted: usesKeys,
      folder: cluster.folder)
    try cluster.startCoordinator()
    try cluster.startFleet(workers: workers, arguments: ["--checkpoint", "\(size)"])
    var began: ContinuousClock.Instant?
    var (slowest, silence) = (0.0, 0.0)
    while true {
      let asked = ContinuousClock.now
      let status = try cluster.status()
      slowest = max(slowest, (ContinuousClock.now - asked) / .seconds(1))
      if status.counts.running > 0 || status.counts.over > 0, began == nil { began = .now }
      silence = max(silence, status.longestSilence)
      if status.counts.over == status.counts.total { break }
      usleep(10_000)
    }
    let seconds = (ContinuousClock.now - began!) / .seconds(1)
    let pace = Double(workers * rounds * size) / seconds
    result.add("stored", pace / 1e6, "MB/s, hashed, synced and committed")
    result.add("the sockets alone", raw / 1e6, "MB/s, \(fixed(raw / pace, 1)) times as much")
    result.add("sockets and synced files", written / 1e6, "MB/s, \(fixed(written / pace, 1)) times as much")
    result.add("longest silence of a worker", silence, "s, of heartbeats every \(fixed(heartbeat, 0)) s")
    result.add("slowest answer about its status", slowest * 1000, "ms")
    var idle = 0.0
    for _ in 0..<300 {
      idle = max(idle, try cluster.status().longestSilence)
      usleep(10_000)
    }
    result.add("the same workers', idle", idle, "s")
    result.add("attempts lost", Double(try cluster.attemptsLost()), "by leases that ran out")
    if let usage = cluster.usage {
      result.add("coordinator's memory", Double(usage.mostResident) / 1e6, "MB at most")
    }
    return result
  }

  /// A large sweep: expanded, submitted, and asked about.
  func sweep() throws -> LoadResult {
    let trials = 100_000 / share
    let text = LoadCluster.grid(configurations: trials)
    let cluster = try LoadCluster(sweep: text, in: folder, usesKeys: usesKeys)
    var result = LoadResult("a sweep of \(trials) configurations")
    let began = ContinuousClock.now
    let expanded = try SweepFile.parse(text, source: "load.yaml")
    let expansion = (ContinuousClock.now - began) / .seconds(1)
    precondition(expanded.trials.count == trials)
    result.add("expanded", expansion, "s")
    result.add("expanded, in the store, and served", try cluster.startCoordinator(), "s")
    var answers: [Double] = []
    for _ in 0..<20 {
      let asked = ContinuousClock.now
      guard try cluster.status().counts.total == trials else {
        throw CommandError("the coordinator does not have the sweep's \(trials) trials")
      }
      answers.append((ContinuousClock.now - asked) / .seconds(1))
    }
    answers.sort()
    result.add("median answer about its status", answers[answers.count / 2] * 1000, "ms")
    result.add("slowest answer", answers.last! * 1000, "ms")
    if let usage = cluster.usage {
      result.add("coordinator's memory", Double(usage.mostResident) / 1e6, "MB at most")
      result.add("coordinator's processor time", usage.processorSeconds, "s")
    }
    try cluster.killCoordinator()
    result.add("served again after a kill", try cluster.startCoordinator(), "s")
    try submit(expanded, into: &result)
    return result
  }

  /// The same sweep for a coordinator that has workers already; how long it let others wait meanwhile.
  private func submit(_ sweep: Sweep, into result: inout LoadResult) throws {
    let workers = 100
    let heartbeat = 1.0
    let cluster = try LoadCluster(
      sweep: LoadCluster.seeds(1), in: folder, usesKeys: usesKeys, heartbeat: heartbeat)
    try cluster.startCoordinator()
    try cluster.startFleet(workers: workers)
    _ = try awaitConnected(workers, cluster, since: .now)
    // So that what is measured is the submission.
    _ = try cluster.ask(.pause)
    let began = ContinuousClock.now
    let submission = Submission(sweep, by: try cluster.makeClient())
    var (slowest, silence) = (0.0, 0.0)
    while submission.end == nil {
      let asked = ContinuousClock.now
      silence = max(silence, try cluster.status().longestSilence)
      slowest = max(slowest, (ContinuousClock.now - asked) / .seconds(1))
      usleep(1000)
    }
    let receipt = try submission.end!.get()
    guard receipt.received == sweep.trials.count else {
      throw CommandError("\(receipt.received) trials of \(sweep.trials.count) were received")
    }
    result.add("submitted to a running coordinator", (ContinuousClock.now - began) / .seconds(1), "s")
    result.add("slowest answer meanwhile", slowest * 1000, "ms")
    result.add(
      "longest silence of \(workers) workers", silence, "s, of heartbeats every \(fixed(heartbeat, 0)) s")
  }
}

/// A sweep on its way to a coordinator.
private final class Submission: Sendable {
  private let result = Mutex<Result<SubmitReceipt, any Error>?>(nil)

  init(_ sweep: Sweep, by client: StatusClient) {
    let thread = Thread {
      let result = Result {
        try SweepSubmission(sweep).send { try client.request($0, timeout: .seconds(30)) }
      }
      self.result.withLock { $0 = result }
    }
    thread.start()
  }

  /// nil: it is not over.
  var end: Result<SubmitReceipt, any Error>? { result.withLock { $0 } }
}

extension ClusterStatus {
  /// Seconds since the coordinator heard of a worker that is connected, at most.
  fileprivate var longestSilence: Double { workers.filter(\.connected).map(\.silence).max() ?? 0 }
}
