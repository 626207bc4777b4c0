import Coordinator
import Sweeps
import SweepProtocol
import Testing

@Suite struct SchedulerCheckpointTests {
  private let a = SchedulerBench.a
  private let b = SchedulerBench.b
  private let transfer = TransferID(connection: ConnectionID([7]), transfer: 1)

  private func offer(_ checkpoint: CheckpointDescriptor, _ attempt: AttemptID, _ worker: String)
    -> Scheduler.Event
  { .uploadOffered(attempt, checkpoint, worker: worker, transfer: transfer) }
  private func receive(_ checkpoint: CheckpointDescriptor, _ attempt: AttemptID, _ worker: String)
    -> Scheduler.Event
  { .uploadReceived(attempt, checkpoint, worker: worker, transfer: transfer) }

  @Test func aCheckpointIsStoredAndTheOneBeforeDeleted() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    let first = bench.checkpoint(1, 0)
    let second = bench.checkpoint(1, 2)
    let firstFile = StoredCheckpoint(attempt: attempt, descriptor: first)
    let secondFile = StoredCheckpoint(attempt: attempt, descriptor: second)
    #expect(bench.handle(offer(first, attempt, a)) == [.answerUpload(.accept, transfer)])
    #expect(
      bench.handle(receive(first, attempt, a)) == [
        .persist(.checkpoint(firstFile)), .answerUpload(.stored, transfer),
      ])
    #expect(bench.handle(offer(first, attempt, a)) == [.answerUpload(.stored, transfer)])
    #expect(bench.handle(receive(first, attempt, a)) == [.answerUpload(.stored, transfer)])
    #expect(
      bench.handle(receive(second, attempt, a)) == [
        .persist(.checkpoint(secondFile)), .deleteCheckpoint(firstFile), .answerUpload(.stored, transfer),
      ])
    let line = "\(attempt) has a checkpoint at epoch 1 step 2, later than epoch 1 step 0"
    #expect(bench.handle(offer(first, attempt, a)) == [.answerUpload(.refuse(.outdated, line), transfer)])
  }

  /// One attempt's equal bits have one file: it must outlive the row it was uploaded for first.
  @Test func equalBitsForAnotherPositionKeepTheirFile() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let attempt = bench.id(0, 1)
    let first = bench.checkpoint(1, 0)
    var second = first
    second.position.step = 2
    _ = bench.handle(receive(first, attempt, a))
    #expect(
      bench.handle(receive(second, attempt, a)) == [
        .persist(.checkpoint(StoredCheckpoint(attempt: attempt, descriptor: second))),
        .answerUpload(.stored, transfer),
      ])
    let line = "\(attempt) has a checkpoint at epoch 1 step 2, later than epoch 1 step 0"
    #expect(bench.handle(receive(first, attempt, a)) == [.answerUpload(.refuse(.outdated, line), transfer)])
  }

  // MARK: - Checkpoints that cannot be used

  @Test func aCheckpointThatCannotBeUsedIsDroppedAndTheTrialBeginsAnew() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let file = StoredCheckpoint(attempt: bench.id(0, 1), descriptor: bench.checkpoint(1, 2))
    _ = bench.handle(receive(file.descriptor, file.attempt, a))
    _ = bench.say(.released(file.attempt, .stopping), sequence: 1)
    let second = bench.id(0, 2)
    #expect(
      bench.heartbeat(wants: true)
        == [bench.sent(.acknowledge(1))] + bench.begun(second, from: file.descriptor))
    let ended = bench.pending(second, .released(.unusableCheckpoint))
    #expect(
      bench.say(.released(second, .unusableCheckpoint), sequence: 2) == [
        ended[0], .persist(.checkpointDropped(file)), .deleteCheckpoint(file), ended[1],
        .persist(.applied(worker: a, sequence: 2)), bench.sent(.acknowledge(2)),
      ])
    let third = bench.id(0, 3)
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(2))] + bench.begun(third))
    // A checkpoint of its own is not what it was given.
    let own = StoredCheckpoint(attempt: third, descriptor: bench.checkpoint(1, 0))
    _ = bench.handle(receive(own.descriptor, third, a))
    let last = bench.pending(third, .released(.unusableCheckpoint))
    #expect(
      bench.say(.released(third, .unusableCheckpoint), sequence: 3)
        == last + [.persist(.applied(worker: a, sequence: 3)), bench.sent(.acknowledge(3))])
  }

  @Test func aTrialGivenUpOnItsCheckpointBeginsAnewWhenItIsPutBack() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let file = StoredCheckpoint(attempt: bench.id(0, 1), descriptor: bench.checkpoint(1, 2))
    _ = bench.handle(receive(file.descriptor, file.attempt, a))
    for number in 1...4 {
      let report = AttemptReport(bench.id(0, number), .failure("broken"))
      _ = bench.say(.finished(report), sequence: UInt64(number))
      _ = bench.heartbeat(wants: true)
    }
    #expect(
      bench.ask(.retry(.all), says: "put 1 trial back") == [
        .persist(.checkpointDropped(file)), .deleteCheckpoint(file),
        .persist(.trialState(trial: file.attempt.trial, .pending, failures: 0, error: nil)),
      ] + bench.begun(bench.id(0, 5)))
  }

  @Test func anOldAttemptsCheckpointIsRefusedAndItsFileDeleted() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let old = bench.id(0, 1)
    let stored = bench.checkpoint(0, 2)
    _ = bench.handle(receive(stored, old, a))
    _ = bench.greet(b)
    _ = bench.pass(.seconds(31))
    _ = bench.heartbeat(b, wants: true)
    let late = bench.checkpoint(2, 0)
    let refusal = Scheduler.Command.answerUpload(.refuse(.superseded, "\(old) is not current"), transfer)
    #expect(bench.handle(offer(late, old, a)) == [refusal])
    #expect(
      bench.handle(receive(late, old, a)) == [
        refusal, .deleteCheckpoint(StoredCheckpoint(attempt: old, descriptor: late)),
      ])
    #expect(bench.handle(receive(stored, old, a)) == [refusal])
  }

  @Test func theNextAttemptGoesOnFromTheCheckpoint() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    let checkpoint = bench.checkpoint(1, 2)
    _ = bench.handle(receive(checkpoint, bench.id(0, 1), a))
    _ = bench.greet(b)
    _ = bench.pass(.seconds(31))
    let next = bench.id(0, 2)
    #expect(
      bench.heartbeat(b, wants: true)
        == [bench.sent(.acknowledge(0), b)] + bench.begun(next, b, from: checkpoint))
    let file = StoredCheckpoint(attempt: bench.id(0, 1), descriptor: checkpoint)
    let request = Scheduler.Event.downloadRequested(next, checkpoint, worker: b, transfer: transfer)
    #expect(bench.handle(request) == [.answerDownload(.accept(file), transfer)])
    let byOld = Scheduler.Event.downloadRequested(bench.id(0, 1), checkpoint, worker: a, transfer: transfer)
    let refusal = "\(bench.id(0, 1)) is not current"
    #expect(bench.handle(byOld) == [.answerDownload(.refuse(.superseded, refusal), transfer)])
    let other = bench.checkpoint(1, 0)
    #expect(
      bench.handle(.downloadRequested(next, other, worker: b, transfer: transfer)) == [
        .answerDownload(.refuse(.outdated, "\(next) has no checkpoint at epoch 1 step 0"), transfer)
      ])
  }

  @Test func theLastCheckpointOutlivesTheTrial() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    _ = bench.handle(receive(bench.checkpoint(1, 0), bench.id(0, 1), a))
    let ending = AttemptReport.Ending.result(.completed, weightsSHA256: hexadecimal(7, digits: 64))
    let commands = bench.say(.finished(AttemptReport(bench.id(0, 1), ending)), sequence: 1)
    #expect(!commands.contains { if case .deleteCheckpoint = $0 { true } else { false } })
  }

  @Test func uploadsKeepTheLease() {
    var bench = SchedulerBench()
    bench.startFirstTrial()
    _ = bench.pass(.seconds(29))
    _ = bench.handle(offer(bench.checkpoint(0, 2), bench.id(0, 1), a))
    #expect(bench.pass(.seconds(29)) == [])
  }
}
