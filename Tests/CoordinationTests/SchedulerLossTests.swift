import Coordinator
import SweepProtocol
import Testing

/// Trials whose workers die.
@Suite struct SchedulerLossTests {
  private let a = SchedulerBench.a
  private static let line = "its worker died 3 times without progress"

  /// Worker a, in whose name the next process speaks too, takes the trial and falls silent.
  private func lose(_ bench: inout SchedulerBench) -> [Scheduler.Command] {
    _ = bench.heartbeat(wants: true)
    return bench.pass(.seconds(31))
  }

  private func givenUp(_ attempt: AttemptID, failures: Int = 1) -> [Scheduler.Command] {
    [
      .persist(.attemptEnded(attempt, .failed(Self.line))),
      .persist(.trialState(trial: attempt.trial, .failed, failures: failures, error: Self.line)),
    ]
  }

  @Test func aTrialThatKillsThreeWorkersHasFailed() {
    var bench = SchedulerBench()
    _ = bench.greet()
    for attempt in 1...2 { #expect(lose(&bench) == bench.pending(bench.id(0, attempt), .lost)) }
    #expect(lose(&bench) == givenUp(bench.id(0, 3)))
    #expect(bench.heartbeat(wants: true) == [bench.sent(.acknowledge(0))])
    #expect(
      bench.ask(.retry(.all), says: "put 1 trial back")
        == [.persist(.trialState(trial: bench.trials[0].id, .pending, failures: 0, error: nil))]
        + bench.begun(bench.id(0, 4)))
    #expect(bench.pass(.seconds(31)) == bench.pending(bench.id(0, 4), .lost))
  }

  @Test func aCheckpointOnTheWayClearsTheCount() {
    var bench = SchedulerBench()
    _ = bench.greet()
    for attempt in 1...6 {
      _ = bench.heartbeat(wants: true)
      if attempt.isMultiple(of: 2) {
        let transfer = TransferID(connection: bench.connection(a), transfer: UInt64(attempt))
        _ = bench.handle(
          .uploadReceived(bench.id(0, attempt), bench.checkpoint(0, attempt), worker: a, transfer: transfer))
      }
      #expect(bench.pass(.seconds(31)) == bench.pending(bench.id(0, attempt), .lost))
    }
  }

  @Test func aWorkerThatComesBackHasNotDied() {
    var bench = SchedulerBench()
    _ = bench.greet()
    _ = bench.heartbeat(wants: true)
    for _ in 0..<5 {
      #expect(bench.pass(.seconds(31)) == bench.pending(bench.id(0, 1), .lost))
      _ = bench.heartbeat(holding: [bench.id(0, 1)])
    }
  }

  // MARK: - Restart

  private func rows(_ origins: [CheckpointPosition?], lastIsLost: Bool) -> SchedulerRestoration {
    var trial = SchedulerRestoration.Trial(plan: SimulatedTrial(index: 0).plan)
    trial.recall(
      origins.enumerated().map { index, origin in
        .init(
          number: index + 1, worker: a, origin: origin, isLost: lastIsLost || index < origins.count - 1)
      })
    trial.state = lastIsLost ? .pending : .running
    if let position = origins.last ?? nil {
      let descriptor = SimulatedTrial(index: 0).checkpoint(position, 1)
      trial.checkpoint = StoredCheckpoint(
        attempt: AttemptID(trial: trial.plan.id, number: 1), descriptor: descriptor)
    }
    var rows = SchedulerRestoration()
    rows.trials = [trial]
    return rows
  }

  @Test func theCountOutlivesTheCoordinator() {
    var bench = SchedulerBench(restoring: rows([nil, nil], lastIsLost: true))
    _ = bench.greet()
    #expect(lose(&bench) == givenUp(bench.id(0, 3)))
  }

  @Test func lossesBeforeTheLastCheckpointDoNotCount() {
    let position = CheckpointPosition(epoch: 1, step: 0)
    var bench = SchedulerBench(restoring: rows([nil, nil, position], lastIsLost: true))
    _ = bench.greet()
    #expect(lose(&bench) == bench.pending(bench.id(0, 4), .lost))
    #expect(lose(&bench) == givenUp(bench.id(0, 5)))
  }

  @Test func aWorkerThatVanishedWhileTheCoordinatorWasAwayDoesNotCount() {
    var bench = SchedulerBench(restoring: rows([nil, nil, nil], lastIsLost: false))
    #expect(bench.pass(.seconds(31)) == bench.pending(bench.id(0, 3), .lost))
    _ = bench.greet()
    #expect(lose(&bench) == givenUp(bench.id(0, 4)))
  }

  @Test func aWorkerThatWasHeardOfSinceTheRestartCounts() {
    var bench = SchedulerBench(restoring: rows([nil, nil, nil], lastIsLost: false))
    _ = bench.greet(held: [bench.held(bench.id(0, 3), work: 1)])
    #expect(bench.pass(.seconds(31)) == givenUp(bench.id(0, 3)))
  }
}
