import LayerAnalysis
import Sweeps
import SweepProtocol
import Testing
import Worker

@Suite struct WorkerSessionTests {
  @Test func anAssignmentIsStartedOnce() {
    var bench = SessionBench.joined
    #expect(bench.hear(.assign(bench.assignment())) == [.startTrial(bench.assignment())])
    #expect(bench.hear(.assign(bench.assignment())) == [])
    _ = bench.hear(.revoke(bench.attempt(), .superseded))
    _ = bench.handle(.runner(.stopped(bench.attempt())))
    #expect(bench.hear(.assign(bench.assignment())) == [])
  }

  @Test func aNewPhaseOrEpochIsToldAtOnce() {
    var bench = SessionBench.running
    var progress = SessionBench.progress(.training)
    let tell = { (beat: UInt64, bench: SessionBench) in
      bench.heartbeat(beat, held: [HeldAttempt(bench.attempt(), progress: progress)])
    }
    #expect(bench.handle(.runner(.progress(bench.attempt(), progress))) == [tell(3, bench)])
    progress.step = 7
    #expect(bench.handle(.runner(.progress(bench.attempt(), progress))) == [])
    progress.epoch = 1
    #expect(bench.handle(.runner(.progress(bench.attempt(), progress))) == [tell(4, bench)])
    progress.phase = .measuring
    #expect(bench.handle(.runner(.progress(bench.attempt(), progress))) == [tell(5, bench)])
    #expect(bench.pass(.seconds(4)) == [])
    #expect(bench.pass(.seconds(1)) == [tell(6, bench)])
  }

  @Test func aRevocationThatOvertakesItsAssignmentHolds() {
    var bench = SessionBench.joined
    #expect(bench.hear(.revoke(bench.attempt(), .superseded)) == [])
    #expect(bench.hear(.assign(bench.assignment())) == [])
    #expect(bench.hear(.assign(bench.assignment(2))) == [.startTrial(bench.assignment(2))])
  }

  @Test func aCheckpointIsFetchedBeforeTheStart() {
    var bench = SessionBench.joined
    let checkpoint = bench.checkpoint(1, 2)
    let assignment = bench.assignment(from: checkpoint)
    let fetch = WorkerSession.Command.downloadCheckpoint(bench.attempt(), checkpoint)
    #expect(bench.hear(.assign(assignment)) == [fetch])
    #expect(bench.handle(.downloadEnded(bench.attempt(), .interrupted)) == [])
    #expect(bench.pass(.milliseconds(400)) == [])
    #expect(bench.pass(.milliseconds(100)) == [fetch])
    #expect(bench.handle(.downloadEnded(bench.attempt(), .done)) == [.startTrial(assignment)])
    #expect(bench.handle(.downloadEnded(bench.attempt(), .done)) == [])
  }

  @Test func withoutItsCheckpointATrialBeginsAnew() {
    var bench = SessionBench.joined
    _ = bench.hear(.assign(bench.assignment(from: bench.checkpoint(1, 2))))
    let end = WorkerSession.TransferEnd.refused(.outdated, "gone")
    #expect(bench.handle(.downloadEnded(bench.attempt(), end)) == [.startTrial(bench.assignment())])
  }

  @Test func aCheckpointThatCannotBeReadIsAskedForAgainBeforeATrialBeginsAnew() {
    var bench = SessionBench.joined
    let checkpoint = bench.checkpoint(1, 2)
    _ = bench.hear(.assign(bench.assignment(from: checkpoint)))
    let end = WorkerSession.TransferEnd.refused(.storage, "200 transfers are under way; try again")
    for _ in 0..<3 {
      #expect(bench.handle(.downloadEnded(bench.attempt(), end)) == [])
      _ = bench.hear(.acknowledge(0))
      #expect(bench.pass(.seconds(10)).contains(.downloadCheckpoint(bench.attempt(), checkpoint)))
    }
    #expect(bench.handle(.downloadEnded(bench.attempt(), end)) == [.startTrial(bench.assignment())])
  }

  @Test func anAttemptThatCannotGoOnFromItsCheckpointIsGivenBack() {
    var bench = SessionBench.joined
    _ = bench.hear(.assign(bench.assignment(from: bench.checkpoint(1, 2))))
    _ = bench.handle(.downloadEnded(bench.attempt(), .done))
    let commands = bench.handle(.runner(.checkpointUnusable(bench.attempt(), "it is of another trial")))
    #expect(commands.first == bench.sent(.released(bench.attempt(), .unusableCheckpoint), 1))
    #expect(commands.count == 2, "the release, and a heartbeat that asks for another trial")
    #expect(bench.hear(.acknowledge(1)).contains(.discard(bench.attempt())))
    #expect(bench.hear(.assign(bench.assignment(2))) == [.startTrial(bench.assignment(2))])
  }

  @Test func aSupersededDownloadDropsTheAttempt() {
    var bench = SessionBench.joined
    _ = bench.hear(.assign(bench.assignment(from: bench.checkpoint(1, 2))))
    let end = WorkerSession.TransferEnd.refused(.superseded, "not current")
    #expect(
      bench.handle(.downloadEnded(bench.attempt(), end)) == [
        .discard(bench.attempt()), bench.heartbeat(3, wants: true),
      ])
  }

  // MARK: - Checkpoints after snapshots

  @Test func aCheckpointWaitsForTheSnapshotsBeforeIt() {
    var bench = SessionBench.running
    let checkpoint = bench.checkpoint(1, 0)
    _ = bench.handle(.runner(.snapshot(bench.attempt(), bench.snapshot(0))))
    _ = bench.handle(.runner(.snapshot(bench.attempt(), bench.snapshot(1))))
    #expect(bench.handle(.runner(.checkpoint(bench.attempt(), checkpoint))) == [])
    #expect(bench.hear(.acknowledge(1)) == [])
    #expect(bench.hear(.acknowledge(2)) == [.uploadCheckpoint(bench.attempt(), checkpoint)])
  }

  @Test func uploadsGoOneByOneAndTheNewestNext() {
    var bench = SessionBench.running
    let attempt = bench.attempt()
    let upload = { WorkerSession.Command.uploadCheckpoint(attempt, bench.checkpoint(0, $0)) }
    #expect(bench.handle(.runner(.checkpoint(attempt, bench.checkpoint(0, 1)))) == [upload(1)])
    #expect(bench.handle(.runner(.checkpoint(attempt, bench.checkpoint(0, 2)))) == [])
    #expect(bench.handle(.runner(.checkpoint(attempt, bench.checkpoint(0, 3)))) == [])
    #expect(bench.handle(.uploadEnded(attempt, bench.checkpoint(0, 1), .done)) == [upload(3)])
    #expect(bench.handle(.uploadEnded(attempt, bench.checkpoint(0, 3), .interrupted)) == [])
    #expect(bench.pass(.milliseconds(500)) == [upload(3)])
    #expect(bench.handle(.uploadEnded(attempt, bench.checkpoint(0, 3), .done)) == [])
    #expect(bench.pass(.seconds(1)) == [])
  }

  @Test func aSupersededUploadDropsTheAttempt() {
    var bench = SessionBench.running
    _ = bench.handle(.runner(.checkpoint(bench.attempt(), bench.checkpoint(0, 1))))
    let end = WorkerSession.TransferEnd.refused(.superseded, "not current")
    #expect(
      bench.handle(.uploadEnded(bench.attempt(), bench.checkpoint(0, 1), end)) == [
        .cancelTrial(bench.attempt())
      ])
  }

  // MARK: - The end of a trial

  @Test func theReportWaitsForTheFinalWeights() {
    var bench = SessionBench.running
    let attempt = bench.attempt()
    let last = bench.checkpoint(3, 0)
    _ = bench.handle(.runner(.progress(attempt, SessionBench.progress(.training))))
    #expect(
      bench.handle(.runner(.checkpoint(attempt, last))) == [.uploadCheckpoint(attempt, last)])
    let finishing = bench.held(attempt, .finishing)
    #expect(
      bench.handle(.runner(.finished(bench.report()))) == [
        bench.heartbeat(4, wants: true, held: [finishing])
      ])
    #expect(
      bench.handle(.uploadEnded(attempt, last, .done)) == [bench.sent(.finished(bench.report()), 1)])
    #expect(bench.hear(.acknowledge(1)) == [.discard(attempt)])
    #expect(bench.pass(.seconds(5)) == [bench.heartbeat(5, wants: true)])
  }

  @Test func weightsThatCannotBeStoredDoNotHoldTheReportForever() {
    var bench = SessionBench.running
    let attempt = bench.attempt()
    let last = bench.checkpoint(3, 0)
    _ = bench.handle(.runner(.checkpoint(attempt, last)))
    _ = bench.handle(.runner(.finished(bench.report())))
    for _ in 0..<3 {
      #expect(bench.handle(.uploadEnded(attempt, last, .refused(.storage, "disk full"))) == [])
      _ = bench.hear(.acknowledge(0))
      #expect(bench.pass(.seconds(10)).contains(.uploadCheckpoint(attempt, last)))
    }
    #expect(
      bench.handle(.uploadEnded(attempt, last, .refused(.storage, "disk full"))) == [
        bench.sent(.finished(bench.report()), 1)
      ])
  }

  @Test func aFailureIsReportedAtOnce() {
    var bench = SessionBench.running
    let report = AttemptReport(bench.attempt(), .failure("out of memory"))
    let commands = bench.handle(.runner(.finished(report)))
    #expect(commands.first == bench.sent(.finished(report), 1))
    #expect(commands.count == 2)
  }

  @Test func aSnapshotTooLongForAMessageFailsItsAttempt() {
    var bench = SessionBench.running
    let attempt = bench.attempt()
    var snapshot = bench.snapshot(0)
    snapshot.layers = (0..<3400).map { index in
      var layer = LayerStatistics()
      layer.index = index
      layer.statistics.histogram = Array(repeating: .max, count: 256)
      return layer
    }
    #expect(bench.handle(.runner(.snapshot(attempt, snapshot))) == [.cancelTrial(attempt)])
    // What the runner says before it has stopped changes nothing.
    #expect(bench.handle(.runner(.checkpoint(attempt, bench.checkpoint(1, 0)))) == [])
    #expect(bench.handle(.runner(.snapshot(attempt, bench.snapshot(1)))) == [])
    let commands = bench.handle(.runner(.stopped(attempt)))
    guard case .send(let envelope)? = commands.first, case .finished(let report) = envelope.message,
      case .failure(let line) = report.ending
    else {
      Issue.record("no failure: \(commands)")
      return
    }
    #expect(report.attempt == attempt && envelope.sequence == 1)
    #expect(
      line.hasPrefix("the snapshot of epoch 0 has 4") && line.contains("more than the 4194304 of a message"))
    #expect(bench.hear(.acknowledge(1)) == [.discard(attempt)])
  }

  @Test func aSnapshotThatSaysTwoThingsOfOneDrawFailsItsAttempt() {
    var bench = SessionBench.running
    var snapshot = bench.snapshot(0)
    snapshot.draws = [DrawMetrics(), DrawMetrics()]
    #expect(bench.handle(.runner(.snapshot(bench.attempt(), snapshot))) == [.cancelTrial(bench.attempt())])
    let line = "the snapshot of epoch 0 has two draws of the same number"
    // It ended before it could be stopped.
    #expect(
      bench.handle(.runner(.finished(bench.report()))).first
        == bench.sent(.finished(AttemptReport(bench.attempt(), .failure(line))), 1))
  }

  // MARK: - Revocation

  @Test func aRevokedAttemptIsCancelledAndSaysNothingMore() {
    var bench = SessionBench.running
    let attempt = bench.attempt()
    #expect(bench.hear(.revoke(attempt, .hung)) == [.cancelTrial(attempt)])
    #expect(bench.hear(.revoke(attempt, .hung)) == [])
    #expect(bench.handle(.runner(.snapshot(attempt, bench.snapshot(1)))) == [])
    #expect(bench.handle(.runner(.checkpoint(attempt, bench.checkpoint(1, 0)))) == [])
    #expect(bench.pass(.seconds(5)) == [bench.heartbeat(3)])
    #expect(bench.hear(.assign(bench.assignment(2))) == [])
    #expect(
      bench.handle(.runner(.finished(bench.report()))) == [
        .discard(attempt), .startTrial(bench.assignment(2)),
      ])
  }

  @Test func deliveriesOfARevokedAttemptAreStillNumbered() {
    var bench = SessionBench.running
    _ = bench.handle(.runner(.snapshot(bench.attempt(), bench.snapshot(0))))
    _ = bench.hear(.revoke(bench.attempt(), .superseded))
    _ = bench.hear(.assign(bench.assignment(2)))
    _ = bench.handle(.runner(.stopped(bench.attempt())))
    let next = WorkerMessage.snapshot(bench.attempt(2), bench.snapshot(0))
    #expect(bench.handle(.runner(.snapshot(bench.attempt(2), bench.snapshot(0)))) == [bench.sent(next, 2)])
  }

  // MARK: - Stopping

  @Test func stoppingKeepsTheWorkAndSaysGoodbye() {
    var bench = SessionBench.running
    let attempt = bench.attempt()
    _ = bench.handle(.runner(.progress(attempt, SessionBench.progress(.training))))
    let held = bench.held(attempt, .training)
    #expect(
      bench.handle(.stopRequested(.preempted)) == [
        .stopAndCheckpoint(attempt), bench.heartbeat(4, held: [held]),
      ])
    #expect(bench.handle(.stopRequested(.stopping)) == [])
    let checkpoint = bench.checkpoint(1, 2)
    #expect(
      bench.handle(.runner(.checkpoint(attempt, checkpoint))) == [.uploadCheckpoint(attempt, checkpoint)])
    let finishing = bench.held(attempt, .finishing)
    #expect(bench.handle(.runner(.stopped(attempt))) == [bench.heartbeat(5, held: [finishing])])
    #expect(
      bench.handle(.uploadEnded(attempt, checkpoint, .done)) == [
        bench.sent(.released(attempt, .preempted), 1)
      ])
    #expect(
      bench.hear(.acknowledge(1)) == [
        .discard(attempt), bench.sent(.goodbye), .exit(0, "stopped (preempted)"),
      ])
    #expect(bench.handle(.tick) == [])
  }

  @Test func anIdleWorkerLeavesAtOnce() {
    var bench = SessionBench.joined
    #expect(
      bench.hear(.drain) == [bench.heartbeat(3), bench.sent(.goodbye), .exit(0, "stopped (drained)")])
    var alone = SessionBench()
    #expect(alone.handle(.stopRequested(.stopping)) == [.exit(0, "stopped (stopping)")])
  }

  @Test func whatHasNotBegunIsGivenBack() {
    var bench = SessionBench.joined
    let attempt = bench.attempt()
    _ = bench.hear(.assign(bench.assignment(from: bench.checkpoint(1, 0))))
    let commands = bench.handle(.stopRequested(.stopping))
    #expect(commands.first == bench.sent(.released(attempt, .stopping), 1))
    #expect(commands.count == 2)
    let late = AttemptID(trial: SimulatedTrial(index: 0).id, number: 1)
    let assignment = Assignment(attempt: late, label: "", configuration: "{\"index\":0}")
    #expect(bench.hear(.assign(assignment)) == [bench.sent(.released(late, .stopping), 2)])
  }

  @Test func theTimeToStopInIsBounded() {
    var bench = SessionBench.running
    _ = bench.handle(.stopRequested(.stopping))
    #expect(bench.pass(.seconds(59)).allSatisfy { if case .exit = $0 { false } else { true } })
    guard case .exit(1, let why)? = bench.pass(.seconds(1)).last else {
      Issue.record("it stays")
      return
    }
    #expect(why.hasPrefix("left with 1 attempts held and 0 messages not acknowledged"))
  }
}
