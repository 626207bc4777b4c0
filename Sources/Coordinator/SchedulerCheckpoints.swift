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
      delete(file, unlessOf: positions[attempt.trial].flatMap { trials[$0].checkpoint })
      return
    }
    let previous = trials[position].checkpoint
    if previous != file {
      trials[position].checkpoint = file
      persist(.checkpoint(file))
      if let previous { delete(previous, unlessOf: file) }
    }
    output.append(.answerUpload(.stored, transfer))
  }

  /// Deletes the file of a checkpoint, unless it is that of `kept` too: one attempt's equal bits have one file, however
  /// often and for whatever positions they were uploaded.
  private mutating func delete(_ checkpoint: StoredCheckpoint, unlessOf kept: StoredCheckpoint?) {
    if kept.map({ CheckpointDirectory.name($0) }) == CheckpointDirectory.name(checkpoint) { return }
    output.append(.deleteCheckpoint(checkpoint))
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

  /// The trial has no checkpoint any more, if it is still the one that its last attempt went on from.
  mutating func dropCheckpoint(of position: Int, _ why: String) {
    let trial = trials[position]
    guard let file = trial.checkpoint, file.descriptor.position == trial.origin else { return }
    trials[position].checkpoint = nil
    persist(.checkpointDropped(file))
    output.append(.deleteCheckpoint(file))
    log(
      .warning,
      "the checkpoint of \(trial.plan.label) at \(file.descriptor.position) is dropped (\(why)); the trial begins anew"
    )
  }
}
