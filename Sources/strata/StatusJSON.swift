import Foundation
import SweepProtocol

/// A sweep's status for scripts. Numbers not known are null.
enum StatusJSON {
  static func text(_ status: ClusterStatus) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(Root(status)), as: UTF8.self)
  }

  private struct Root: Encodable {
    var sweep: String
    var trials: [String: Int]
    var elapsedSeconds: Double?
    var secondsLeft: Double?
    var imagesPerSecond: Double?
    var stopping: Bool
    var paused: Bool
    /// Why, by host.
    var quarantinedHosts: [String: String]
    var givenUp: [GivenUp]
    var running: [Running]
    var workers: [Worker]

    init(_ status: ClusterStatus) {
      let counts = status.counts
      sweep = status.sweep
      trials = [
        "pending": counts.pending, "running": counts.running, "completed": counts.completed,
        "diverged": counts.diverged, "vanished": counts.vanished, "stopped": counts.stopped,
        "failed": counts.failed, "quarantined": counts.quarantined, "cancelled": counts.cancelled,
        "total": counts.total,
      ]
      elapsedSeconds = status.elapsed.ifFinite
      secondsLeft = status.secondsLeft?.ifFinite
      imagesPerSecond = status.imagesPerSecond.ifFinite
      stopping = status.stopping
      paused = status.paused
      quarantinedHosts = Dictionary(
        status.quarantinedHosts.map { ($0.host, $0.reason) }, uniquingKeysWith: { first, _ in first })
      givenUp = status.givenUp.map(GivenUp.init)
      running = status.running.map(Running.init)
      workers = status.workers.map(Worker.init)
    }
  }

  private struct GivenUp: Encodable {
    var trial: String
    var label: String
    var quarantined: Bool
    var message: String
    var detail: String

    init(_ trial: GivenUpTrial) {
      self.trial = trial.trial
      label = trial.label
      quarantined = trial.isQuarantined
      message = trial.line
      detail = trial.detail
    }
  }

  private struct Running: Encodable {
    var trial: String
    var attempt: Int
    var label: String
    var worker: String
    var phase: String
    var epoch: Int
    var epochs: Int
    var step: Int
    var stepsPerEpoch: Int
    var loss: Double?
    var accuracy: Double?
    var imagesPerSecond: Double?
    var secondsLeft: Double?
    var checkpointEpoch: Int?

    init(_ running: RunningTrial) {
      let progress = running.progress
      trial = running.attempt.trial
      attempt = running.attempt.number
      label = running.label
      worker = running.worker
      phase = progress.phase.rawValue
      epoch = progress.epoch
      epochs = progress.epochs
      step = progress.step
      stepsPerEpoch = progress.stepsPerEpoch
      loss = progress.loss.ifFinite
      accuracy = progress.accuracy.ifFinite
      imagesPerSecond = progress.imagesPerSecond.ifFinite
      secondsLeft = progress.secondsLeft?.ifFinite
      checkpointEpoch = progress.checkpoint?.epoch
    }
  }

  private struct Worker: Encodable {
    var id: String
    var name: String
    var host: String
    var pid: Int
    var instructionSet: String
    var threads: Int
    var connected: Bool
    var silenceSeconds: Double?
    var trial: String?
    var results: Int

    init(_ worker: WorkerStatus) {
      id = worker.id
      name = worker.name
      host = worker.host
      pid = worker.pid
      instructionSet = worker.instructionSet
      threads = worker.threads
      connected = worker.connected
      silenceSeconds = worker.silence.ifFinite
      trial = worker.attempt?.trial
      results = worker.results
    }
  }
}

extension Double {
  /// JSON has no other numbers.
  fileprivate var ifFinite: Double? { isFinite ? self : nil }
}
