import SweepProtocol
import Sweeps
import Worker

// A simulated worker's trial thread: a step now and then, a snapshot at every epoch, checkpoints in between.

extension Simulation {
  mutating func startTrial(_ assignment: Assignment, in id: String) {
    let trial = SimulatedTrial(assignment)
    store.require(workers[id]!.run == nil, "two trials run in one worker")
    workers[id]!.runs += 1
    var run = SimulatedWorker.Run(
      number: workers[id]!.runs, trial: trial, attempt: assignment.attempt, epoch: 0, step: 0,
      state: trial.initial)
    if let checkpoint = assignment.checkpoint {
      run.epoch = checkpoint.position.epoch
      run.step = checkpoint.position.step
      run.state = workers[id]!.files[checkpoint]!
    }
    if failuresLeft[trial.index, default: 3] > 0 {
      run.fails = chance.happens(faults.failure)
      run.hangs = !run.fails && chance.happens(faults.hang)
      if run.fails || run.hangs { failuresLeft[trial.index, default: 3] -= 1 }
    }
    run.progress.stepsPerEpoch = trial.steps
    run.progress.epochs = trial.epochs
    workers[id]!.run = run
    if assignment.checkpoint == nil { report(.snapshot(run.attempt, snapshot(run)), of: id) }
    schedule(.worker(id, .step(run: run.number)), after: chance.seconds(pace))
  }

  private mutating func snapshot(_ run: SimulatedWorker.Run) -> Snapshot {
    run.trial.snapshot(run.epoch, run.state, seconds: chance.uniform())
  }

  private mutating func report(_ event: WorkerSession.RunnerEvent, of id: String) {
    schedule(.worker(id, .runner(event)), after: .zero)
  }

  mutating func takeStep(_ number: Int, of id: String) {
    guard var run = workers[id]!.run, run.number == number else { return }
    if run.stopping {
      saveCheckpoint(run, in: id)
      workers[id]!.run = nil
      report(.stopped(run.attempt), of: id)
      return
    }
    if run.fails {
      workers[id]!.run = nil
      report(.finished(AttemptReport(run.attempt, .failure("simulated"))), of: id)
      return
    }
    if !run.hangs, run.epoch < run.trial.epochs {
      run.state = run.trial.step(run.state)
      run.step += 1
      steps += 1
      run.progress.work += 1
      if run.step == run.trial.steps {
        run.epoch += 1
        run.step = 0
        report(.snapshot(run.attempt, snapshot(run)), of: id)
      }
      if run.step % 2 == 0 { saveCheckpoint(run, in: id) }
      run.progress.epoch = run.epoch
      run.progress.step = run.step
      run.progress.phase = .training
      report(.progress(run.attempt, run.progress), of: id)
    }
    if run.epoch == run.trial.epochs, !run.hangs {
      workers[id]!.run = nil
      let weights = run.trial.weights(run.state)
      let ending = AttemptReport.Ending.result(run.trial.outcome, weightsSHA256: weights)
      report(.finished(AttemptReport(run.attempt, ending)), of: id)
    } else {
      workers[id]!.run = run
      schedule(.worker(id, .step(run: number)), after: chance.seconds(pace))
    }
  }

  private mutating func saveCheckpoint(_ run: SimulatedWorker.Run, in id: String) {
    let position = CheckpointPosition(epoch: run.epoch, step: run.step)
    let checkpoint = run.trial.checkpoint(position, run.state)
    workers[id]!.files[checkpoint] = run.state
    report(.checkpoint(run.attempt, checkpoint), of: id)
  }
}
