import Foundation
import Sweeps
import SweepProtocol

@testable import Coordinator

/// A sweep whose trials take as long as they did when it was recorded (scripts/fixtures/sweep_trace.py).
struct RecordedSweep {
  struct Trial {
    var plan: PlannedTrial
    let outcome: TrialOutcome
    /// From its start to its end.
    let seconds: Double
    /// In order of epochs, the last being the one that it ended with.
    let snapshots: [(epoch: Int, seconds: Double)]
  }
  var trials: [Trial]

  init(_ name: String) throws {
    struct File: Decodable {
      struct Trial: Decodable {
        var configuration: [String: JSON]
        var outcome: String
        var seconds: Double
        var snapshots: [[Double]]
      }
      var shared: [String: JSON]
      var trials: [Trial]
    }
    let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Fixtures")!
    let file = try JSONDecoder().decode(File.self, from: Data(contentsOf: url))
    var estimate = WorkEstimate()
    trials = try file.trials.enumerated().map { index, trial in
      let json = try JSONEncoder().encode(file.shared.merging(trial.configuration) { $1 })
      let configuration = try JSONDecoder().decode(TrialConfiguration.self, from: json)
      var plan = SimulatedTrial(index: index).plan
      plan.dataset = "synthetic"
      plan.work = try estimate.work(of: configuration)
      return Trial(
        plan: plan, outcome: TrialOutcome(rawValue: trial.outcome)!, seconds: trial.seconds,
        snapshots: trial.snapshots.map { (Int($0[0]), $0[1]) })
    }
  }

  /// Any JSON, to be written again as it was.
  private enum JSON: Codable {
    case null, bool(Bool), number(Double), text(String), list([JSON]), map([String: JSON])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if container.decodeNil() {
        self = .null
      } else if let value = try? container.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else if let value = try? container.decode(String.self) {
        self = .text(value)
      } else if let value = try? container.decode([JSON].self) {
        self = .list(value)
      } else {
        self = .map(try container.decode([String: JSON].self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .null: try container.encodeNil()
      case .bool(let value): try container.encode(value)
      case .number(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      case .list(let value): try container.encode(value)
      case .map(let value): try container.encode(value)
      }
    }
  }
}

extension RecordedSweep.Trial {
  /// What its worker tells after so many seconds, as `ProgressMeter` works it out: epochs are taken for equally long.
  func progress(after elapsed: Double, slowness: Double) -> TrialProgress {
    let work = plan.work
    let last = snapshots.last?.epoch ?? 0
    let measuring = snapshots.reduce(0) { $0 + $1.seconds }
    let epochSeconds = (seconds - measuring) / Double(max(last, 1))
    var progress = TrialProgress()
    (progress.epochs, progress.stepsPerEpoch) = (work.epochs, work.steps)
    progress.work = UInt64(elapsed * 1000) + 1
    var left = elapsed / slowness
    var measured = 0.0
    func passes(_ seconds: Double) -> Bool {
      left -= seconds
      return left >= 0
    }
    for epoch in 0...last {
      if epoch > 0 {
        (progress.phase, progress.epoch) = (.training, epoch - 1)
        let isDone = passes(epochSeconds)
        let part = isDone ? 1 : 1 + left / epochSeconds
        progress.step = Int(part * Double(work.steps))
        let steps = Double(work.epochs - epoch + 1) - part
        let due = work.snapshotEpochs.count { $0 >= epoch }
        progress.secondsLeft = (steps * epochSeconds + Double(due) * measured) * slowness
        if !isDone { return progress }
      }
      guard let snapshot = snapshots.first(where: { $0.epoch == epoch }) else { continue }
      progress.phase = .measuring
      if !passes(snapshot.seconds) {
        let spent = min(left + snapshot.seconds, measured) * slowness
        progress.secondsLeft = progress.secondsLeft.map { $0 - spent }
        return progress
      }
      measured = snapshot.seconds
    }
    progress.phase = .finishing
    return progress
  }
}

/// A run of a recorded sweep under a virtual clock, by workers each so many times as slow as those it was recorded with.
struct Replay {
  struct Sample {
    var seconds: Double
    var over: Int
    var secondsLeft: Double?
  }
  private enum Occurrence {
    case beat(worker: Int, attempt: AttemptID)
    case end(worker: Int, attempt: AttemptID)
    case tick
    case sample
  }
  private struct Run {
    var trial: RecordedSweep.Trial
    var attempt: AttemptID
    var began: Moment
  }

  private let slowness: [Double]
  private let trials: [String: RecordedSweep.Trial]
  private var fleet: SchedulerFleet
  private var agenda = Agenda<Occurrence>()
  private var runs: [Int: Run] = [:]
  /// One a second.
  private(set) var samples: [Sample] = []
  /// Seconds from the first assignment to the last result.
  private(set) var duration = 0.0

  init(_ sweep: RecordedSweep, workers slowness: [Double]) {
    self.slowness = slowness
    trials = Dictionary(uniqueKeysWithValues: sweep.trials.map { ($0.plan.id, $0) })
    fleet = SchedulerFleet(sweep.trials.map(\.plan), workers: 0..<slowness.count)
    for worker in slowness.indices { ask(worker) }
    agenda.add(.tick, at: fleet.now)
    agenda.add(.sample, at: fleet.now)
    while fleet.scheduler.counts.over < trials.count, let (moment, occurrence) = agenda.next() {
      fleet.now = moment
      happen(occurrence)
    }
    duration = fleet.now.sinceStart / .seconds(1)
  }

  private mutating func happen(_ occurrence: Occurrence) {
    switch occurrence {
    case .tick:
      _ = fleet.scheduler.handle(.tick, at: fleet.now)
      agenda.add(.tick, at: fleet.now + fleet.scheduler.settings.tick)
    case .sample:
      samples.append(
        Sample(
          seconds: fleet.now.sinceStart / .seconds(1), over: fleet.scheduler.counts.over,
          secondsLeft: fleet.scheduler.status(at: fleet.now).secondsLeft))
      agenda.add(.sample, at: fleet.now + .seconds(1))
    case .beat(let worker, let attempt):
      guard let run = runs[worker], run.attempt == attempt else { return }
      let elapsed = run.began.duration(to: fleet.now) / .seconds(1)
      fleet.heartbeat(
        worker, holding: run.attempt, run.trial.progress(after: elapsed, slowness: slowness[worker]))
      agenda.add(occurrence, at: fleet.now + .seconds(5))
    case .end(let worker, let attempt):
      fleet.finish(worker, attempt, runs[worker]!.trial.outcome)
      runs[worker] = nil
      ask(worker)
    }
  }

  private mutating func ask(_ worker: Int) {
    guard let assignment = fleet.ask(worker), let trial = trials[assignment.attempt.trial] else { return }
    runs[worker] = Run(trial: trial, attempt: assignment.attempt, began: fleet.now)
    agenda.add(
      .end(worker: worker, attempt: assignment.attempt),
      at: fleet.now + .seconds(trial.seconds * slowness[worker]))
    agenda.add(.beat(worker: worker, attempt: assignment.attempt), at: fleet.now + .seconds(1))
  }
}
