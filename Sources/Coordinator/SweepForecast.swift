internal import SweepProtocol
internal import Sweeps

/// When a sweep's last trial ends, if whoever falls free takes the longest trial left that it has the data for.
struct SweepForecast {
  struct Worker {
    /// Seconds until it is done with what it runs.
    var free: Double
    var slowness: Double
    var datasets: Set<String>
  }
  /// Trials that wait, on one data set.
  struct Queue {
    var dataset: String
    /// Of all of them, on a worker of slowness 1.
    var seconds: Double
    /// Of each, the longest first; nil where they are too many to be looked at one by one.
    var trials: [Double]?
  }
  var workers: [Worker]
  /// None is empty.
  var queues: [Queue]

  /// nil where a trial waits that no worker has the data for.
  var secondsLeft: Double? {
    for queue in queues where !workers.contains(where: { $0.datasets.contains(queue.dataset) }) { return nil }
    let trials = queues.compactMap(\.trials)
    return trials.count == queues.count ? simulated(trials) : levelled
  }

  private struct Turn: Hashable, Comparable {
    var free: Double
    var slowness: Double
    var index: Int

    static func < (a: Turn, b: Turn) -> Bool {
      (b.free, b.slowness, b.index) < (a.free, a.slowness, a.index)
    }
  }

  /// Trial by trial: O(n log n).
  private func simulated(_ trials: [[Double]]) -> Double {
    var end = workers.map(\.free).max() ?? 0
    var left = trials.reduce(0) { $0 + $1.count }
    if left == 0 { return end }
    var next = trials.map { _ in 0 }
    var turns = IndexedHeap<Int, Turn>()
    for (index, worker) in workers.enumerated() {
      turns.insert(index, Turn(free: worker.free, slowness: worker.slowness, index: index))
    }
    while left > 0, let (index, turn) = turns.first {
      turns.remove(index)
      let able = queues.indices.filter {
        next[$0] < trials[$0].count && workers[index].datasets.contains(queues[$0].dataset)
      }
      guard let queue = able.max(by: { trials[$0][next[$0]] < trials[$1][next[$1]] }) else { continue }
      let free = turn.free + trials[queue][next[queue]] * turn.slowness
      next[queue] += 1
      left -= 1
      end = max(end, free)
      turns.insert(index, Turn(free: free, slowness: turn.slowness, index: index))
    }
    return end
  }

  /// As if trials could be divided: of many, the last are so short that all workers end at nearly the same time.
  private var levelled: Double {
    func end(of queues: [Queue], by workers: [Worker]) -> Double {
      let speed = workers.reduce(0) { $0 + 1 / $1.slowness }
      let busy = workers.reduce(0) { $0 + $1.free / $1.slowness }
      return (busy + queues.reduce(0) { $0 + $1.seconds }) / speed
    }
    let together = end(of: queues, by: workers.filter { !$0.datasets.isEmpty })
    let alone = Dictionary(grouping: queues, by: \.dataset).map { dataset, queues in
      end(of: queues, by: workers.filter { $0.datasets.contains(dataset) })
    }
    return max(together, alone.max() ?? 0, workers.map(\.free).max() ?? 0)
  }
}

extension Scheduler {
  /// Trials that a forecast goes through one by one; beyond, the sum of their work serves as well.
  private static let forecastTrials = 2_000

  /// Estimated seconds until the last trial ends; nil while nothing has been measured, and where no worker is there
  /// for a trial that waits.
  func secondsLeft(at now: Moment) -> Double? {
    var forecast = SweepForecast(workers: [], queues: [])
    /// Until those that run trials are done with them.
    var busy: [String: Double] = [:]
    var ownerless: [Double] = []
    for position in running.sorted() {
      guard let left = secondsLeft(of: position, at: now) else { return nil }
      if let worker = trials[position].worker {
        busy[worker] = max(busy[worker] ?? 0, left)
      } else {
        ownerless.append(left)
      }
    }
    forecast.workers.reserveCapacity(roll.count)
    for id in roll.ids {
      let worker = workers[id]!
      guard worker.connection != nil, !worker.draining, hosts[worker.record.host]?.quarantine == nil else {
        continue
      }
      let free = busy.isEmpty ? 0 : busy.removeValue(forKey: id) ?? 0
      forecast.workers.append(.init(free: free, slowness: costs.slowness(of: id), datasets: worker.datasets))
    }
    // Others take nothing more when they are done.
    for left in busy.sorted(by: { $0.key < $1.key }).map(\.value) + ownerless {
      forecast.workers.append(.init(free: left, slowness: 1, datasets: []))
    }
    for queue in pending.queues where !queue.heap.isEmpty {
      let fraction = costs.expectedFraction(family: queue.family)
      guard let rate = costs.seconds(for: fraction, family: queue.family) else { return nil }
      let trials = pending.count <= Self.forecastTrials ? queue.heap.ranks.map { $0.work * rate } : nil
      forecast.queues.append(.init(dataset: queue.dataset, seconds: queue.work * rate, trials: trials))
    }
    for position in retries.sorted() {
      let trial = trials[position]
      let work = trial.workLeft * costs.expectedFraction(family: trial.plan.work.family)
      guard let seconds = costs.seconds(for: work, family: trial.plan.work.family) else { return nil }
      forecast.queues.append(.init(dataset: trial.plan.dataset, seconds: seconds, trials: [seconds]))
    }
    return forecast.secondsLeft
  }

  /// Of a running trial: as its worker tells it, or else by what its work is known to take.
  private func secondsLeft(of position: Int, at now: Moment) -> Double? {
    let trial = trials[position]
    if let tenure = trial.tenure, let told = tenure.progress.secondsLeft, told.isFinite {
      return max(0, told - tenure.confirmed.duration(to: now) / .seconds(1))
    }
    let done = trial.measured == nil ? trial.workDone : trial.measuredWork
    let family = trial.plan.work.family
    guard let seconds = costs.seconds(for: trial.plan.work.total - done, family: family) else { return nil }
    let slowness = trial.worker.map { costs.slowness(of: $0) } ?? 1
    let passed = trial.measured.map { $0.duration(to: now) / .seconds(1) } ?? 0
    return max(0, seconds * slowness - passed)
  }
}
