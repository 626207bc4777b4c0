// How a cluster stands, without the generated code, as `PlainSnapshot`: of thousands of workers it is long, and
// the coordinator answers it between other messages.

extension PlainWriter {
  /// A `ClientReply` after its frame's header.
  static func bytes(after header: [UInt8], _ status: ClusterStatus) -> [UInt8] {
    bytes(after: header, atMost: size(of: status)) { writer in writer.add(1) { $0.add(status) } }
  }

  /// Bytes at most.
  private static func size(of status: ClusterStatus) -> Int {
    var size = 24 * overhead + Self.size(of: status.sweep, upTo: TextLimit.name)
    for worker in status.workers {
      size += 16 * overhead + worker.id.utf8.count + (worker.attempt?.trial.utf8.count ?? 0)
      for name in [worker.name, worker.host, worker.instructionSet] {
        size += Self.size(of: name, upTo: TextLimit.name)
      }
    }
    for trial in status.running {
      size +=
        24 * overhead + trial.attempt.trial.utf8.count + Self.size(of: trial.label, upTo: TextLimit.label)
      size += Self.size(of: trial.worker, upTo: TextLimit.name)
    }
    for host in status.quarantinedHosts {
      size += overhead + Self.size(of: host.host, upTo: TextLimit.name)
      size += Self.size(of: host.reason, upTo: TextLimit.line)
    }
    for trial in status.givenUp {
      size += 3 * overhead + trial.trial.utf8.count + Self.size(of: trial.label, upTo: TextLimit.label)
      size += Self.size(of: trial.line, upTo: TextLimit.line)
      size += Self.size(of: trial.detail, upTo: TextLimit.detail)
    }
    return size
  }

  private mutating func add(_ status: ClusterStatus) {
    let counts = status.counts
    add(1, shortened(status.sweep, to: TextLimit.name))
    add(2, UInt64(clamping: counts.pending))
    add(3, UInt64(clamping: counts.running))
    add(4, UInt64(clamping: counts.completed))
    add(5, UInt64(clamping: counts.diverged))
    add(6, UInt64(clamping: counts.vanished))
    add(7, UInt64(clamping: counts.failed))
    add(8, boundedAmount(status.elapsed))
    add(9, boundedAmount(status.imagesPerSecond))
    add(10, present: status.secondsLeft.map(boundedAmount))
    for worker in status.workers { add(11) { $0.add(worker) } }
    for trial in status.running { add(12) { $0.add(trial) } }
    add(13, status.stopping)
    add(14, UInt64(clamping: counts.quarantined))
    add(15, UInt64(clamping: counts.cancelled))
    add(16, status.paused)
    for host in status.quarantinedHosts {
      add(17) {
        $0.add(1, shortened(host.host, to: TextLimit.name))
        $0.add(2, shortened(host.reason, to: TextLimit.line))
      }
    }
    for trial in status.givenUp {
      add(18) {
        $0.add(1, trial.trial)
        $0.add(2, shortened(trial.label, to: TextLimit.label))
        $0.add(3, trial.isQuarantined)
        $0.add(4, shortened(trial.line, to: TextLimit.line))
        $0.add(5, shortened(trial.detail, to: TextLimit.detail))
      }
    }
    add(19, UInt64(clamping: counts.stopped))
  }

  private mutating func add(_ worker: WorkerStatus) {
    add(1, worker.id)
    add(2, shortened(worker.name, to: TextLimit.name))
    add(3, shortened(worker.host, to: TextLimit.name))
    add(4, UInt64(clamping: worker.pid))
    add(5, shortened(worker.instructionSet, to: TextLimit.name))
    add(6, UInt64(UInt32(clamping: worker.threads)))
    add(7, boundedAmount(worker.silence))
    add(8, worker.connected)
    if let attempt = worker.attempt { add(9) { $0.add(attempt) } }
    add(10, UInt64(clamping: worker.results))
  }

  private mutating func add(_ trial: RunningTrial) {
    add(1) { $0.add(trial.attempt) }
    add(2, shortened(trial.label, to: TextLimit.label))
    add(3, shortened(trial.worker, to: TextLimit.name))
    add(4) { $0.add(trial.progress) }
  }

  private mutating func add(_ progress: TrialProgress) {
    add(1, progress.phase.number)
    add(2, UInt64(UInt32(clamping: progress.epoch)))
    add(3, UInt64(clamping: progress.step))
    add(4, UInt64(clamping: progress.stepsPerEpoch))
    add(5, UInt64(UInt32(clamping: progress.epochs)))
    add(6, progress.loss)
    add(7, progress.accuracy)
    add(8, boundedAmount(progress.imagesPerSecond))
    add(9, present: progress.secondsLeft.map(boundedAmount))
    add(10, progress.work)
    if let position = progress.checkpoint {
      add(11) {
        $0.add(1, UInt64(UInt32(clamping: position.epoch)))
        $0.add(2, UInt64(clamping: position.step))
      }
    }
  }
}

extension TrialPhase {
  /// As `Progress.Phase` numbers them.
  fileprivate var number: UInt64 {
    switch self {
    case .preparing: 1
    case .training: 2
    case .measuring: 3
    case .finishing: 4
    }
  }
}
