internal import SweepProtocol

// Whose checkpoints are taken, and who may have them.

extension Scheduler {
  mutating func offer(
    _ checkpoint: CheckpointDescriptor, of attempt: AttemptID, from worker: String, _ transfer: TransferID,
    at now: Moment
  ) {
    guard let position = acceptable(checkpoint, of: attempt, from: worker, transfer, at: now) else { return }
    let stored = trials[position].checkpoint?.descriptor == checkpoint
    output.append(.answerUpload(stored ? .stored : .accept, transfer))
  }

  mutating func store(
    _ checkpoint: CheckpointDescriptor, of attempt: AttemptID, from worker: String, _ transfer: TransferID,
    at now: Moment
  ) {
    let file = StoredCheckpoint(attempt: attempt, descriptor: checkpoint)
    guard let position = acceptable(checkpoint, of: attempt, from: worker, transfer, at: now) else {
      if positions[attempt.trial].flatMap({ trials[$0].checkpoint }) != file {
        output.append(.deleteCheckpoint(file))
      }
      return
    }
    let previous = trials[position].checkpoint
    if previous != file {
      trials[position].checkpoint = file
      persist(.checkpoint(file))
      if let previous { output.append(.deleteCheckpoint(previous)) }
    }
    output.append(.answerUpload(.stored, transfer))
  }

  /// The trial's position; nil: the upload has been refused.
  private mutating func acceptable(
    _ checkpoint: CheckpointDescriptor, of attempt: AttemptID, from worker: String, _ transfer: TransferID,
    at now: Moment
  ) -> Int? {
    guard checkpoint.size <= CheckpointLimits.size else {
      let line = "a checkpoint of \(checkpoint.size) bytes; at most \(CheckpointLimits.size) are taken"
      output.append(.answerUpload(.refuse(.tooLarge, line), transfer))
      return nil
    }
    guard let position = current(attempt, of: worker, at: now) else {
      output.append(.answerUpload(.refuse(.superseded, "\(attempt) is not current"), transfer))
      return nil
    }
    trials[position].tenure?.leaseEnds = now + settings.lease
    if let stored = trials[position].checkpoint?.descriptor, stored.position > checkpoint.position {
      let line = "\(attempt) has a checkpoint at \(stored.position), later than \(checkpoint.position)"
      output.append(.answerUpload(.refuse(.outdated, line), transfer))
      return nil
    }
    return position
  }

  mutating func serve(
    _ checkpoint: CheckpointDescriptor, of attempt: AttemptID, to worker: String, _ transfer: TransferID,
    at now: Moment
  ) {
    guard let position = current(attempt, of: worker, at: now) else {
      output.append(.answerDownload(.refuse(.superseded, "\(attempt) is not current"), transfer))
      return
    }
    guard let file = trials[position].checkpoint, file.descriptor == checkpoint else {
      let line = "\(attempt) has no checkpoint at \(checkpoint.position)"
      output.append(.answerDownload(.refuse(.outdated, line), transfer))
      return
    }
    output.append(.answerDownload(.accept(file), transfer))
  }

  /// The trial has no checkpoint any more; the attempt that asked for it begins anew.
  mutating func discard(_ file: StoredCheckpoint, of attempt: AttemptID, _ why: String) {
    guard let position = positions[attempt.trial], trials[position].checkpoint == file else { return }
    trials[position].checkpoint = nil
    if trials[position].attempt == attempt { trials[position].origin = nil }
    persist(.checkpointDamaged(file, of: attempt))
    output.append(.deleteCheckpoint(file))
    log(
      .warning,
      "the checkpoint of \(trials[position].plan.label) at \(file.descriptor.position) is damaged (\(why)); "
        + "\(attempt) begins anew")
  }
}
