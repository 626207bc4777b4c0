internal import SweepProtocol

// Checkpoints on their way to the coordinator: one at a time, the newest next.

extension WorkerSession {
  mutating func beginUpload(_ attempt: AttemptID, at now: Moment) {
    guard let job = jobs[attempt], let (descriptor, after) = job.checkpoint, job.uploading == nil,
      link == .joined, after <= acknowledged, job.retry.map({ now >= $0 }) ?? true
    else { return }
    if case .delivered = job.stage { return }
    jobs[attempt]!.checkpoint = nil
    jobs[attempt]!.uploading = descriptor
    output.append(.uploadCheckpoint(attempt, descriptor))
  }

  mutating func endUpload(
    of descriptor: CheckpointDescriptor, _ attempt: AttemptID, _ end: TransferEnd, at now: Moment
  ) {
    guard let job = jobs[attempt], job.uploading == descriptor else { return }
    jobs[attempt]!.uploading = nil
    guard !job.dropped else { return }
    switch end {
    case .done:
      jobs[attempt]!.progress.checkpoint = descriptor.position
      jobs[attempt]!.failedUploads = 0
      jobs[attempt]!.retry = nil
    case .refused(.superseded, _):
      drop(attempt, at: now)
      return
    case .refused(.outdated, _): break
    case .refused(_, let line):
      jobs[attempt]!.failedUploads += 1
      if job.failedUploads < settings.transferRetries {
        again(descriptor, attempt, at: now + settings.longestWait)
      } else {
        log(.warning, "the checkpoint of \(attempt) at \(descriptor.position) is not stored: \(line)")
        jobs[attempt]!.failedUploads = 0
      }
    case .interrupted: again(descriptor, attempt, at: now + settings.firstWait)
    }
    settle(attempt, at: now)
  }

  /// Uploads the checkpoint again, unless a newer one has come.
  private mutating func again(_ descriptor: CheckpointDescriptor, _ attempt: AttemptID, at then: Moment) {
    jobs[attempt]!.retry = then
    if jobs[attempt]!.checkpoint == nil {
      jobs[attempt]!.checkpoint = (descriptor, jobs[attempt]!.lastSequence)
    }
  }
}
