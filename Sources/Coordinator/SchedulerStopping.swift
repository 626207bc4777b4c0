internal import SweepProtocol
internal import Sweeps

// Trials that a sweep's rule ends at a snapshot.

extension Scheduler {
  /// Judges a running trial by its snapshot, which has just been written.
  mutating func judge(_ position: Int, _ snapshot: Snapshot, on connection: ConnectionID, at now: Moment) {
    let plan = trials[position].plan
    guard snapshot.epoch < plan.work.epochs else { return }
    var verdict: String?
    for index in rules.indices { verdict = rules[index].judge(plan.id, snapshot) ?? verdict }
    guard let verdict else { return }
    let attempt = trials[position].attempt
    let worker = trials[position].worker!
    let done = plan.work.done(epoch: snapshot.epoch, step: 0)
    measure(position, done, at: now)
    costs.spare(plan.work.total - done, family: plan.work.family)
    end(position)
    move(position, to: .stopped)
    workers[worker]!.results += 1
    persist(.attemptEnded(attempt, .stopped(verdict)))
    persist(
      .trialState(trial: plan.id, .stopped, failures: trials[position].failures, error: verdict))
    send(.revoke(attempt, .stopped), to: worker, on: connection)
    log(.info, "\(plan.label): \(verdict)")
    noteIfOver()
  }
}
