import Crypto
import Foundation
import SweepProtocol
import Sweeps
import Synchronization
import Worker

/// A trial of some epochs that trains nothing: its state is a hash carried from epoch to epoch, so that one resumed
/// from the wrong place, or twice measured, ends with another result.
final class ScriptedRunner: TrialRunning {
  let epochs: Int
  /// Bytes of a checkpoint.
  let checkpointBytes: Int
  /// Stops the runs that reach it until it is opened.
  let gate: Gate?
  /// Where each attempt began: its first epoch.
  let begun = Mutex<[AttemptID: Int]>([:])
  private let failing: Bool

  init(epochs: Int = 3, checkpointBytes: Int = 5000, gate: Gate? = nil, failing: Bool = false) {
    self.epochs = epochs
    self.checkpointBytes = checkpointBytes
    self.gate = gate
    self.failing = failing
  }

  struct Failure: Error, CustomStringConvertible { let description = "the script says\nto fail" }

  func run(
    _ assignment: Assignment, checkpoint: [UInt8]?, control: TrialControl, put: (TrialOutput) -> Void
  ) throws -> TrialEnding {
    if failing { throw Failure() }
    var state = Self.initialState(assignment.attempt.trial)
    var epoch = 0
    if let checkpoint {
      guard checkpoint.count > 32 else { throw UnusableCheckpoint("it has \(checkpoint.count) bytes") }
      epoch = Int(checkpoint[0])
      state = Array(checkpoint[1...32])
    }
    begun.withLock { $0[assignment.attempt] = epoch }
    if epoch == 0 { put(.snapshot(Self.snapshot(0, state))) }
    while epoch < epochs {
      var progress = TrialProgress()
      progress.phase = .training
      progress.epoch = epoch
      progress.epochs = epochs
      progress.work = UInt64(epoch + 1)
      put(.progress(progress))
      gate?.pass(epoch, control)
      switch control.request {
      case .cancel: return .stopped
      case .checkpointAndStop:
        if epoch > 0 { put(.checkpoint(CheckpointPosition(epoch: epoch, step: 0), file(epoch, state))) }
        return .stopped
      case .none: break
      }
      epoch += 1
      state = Self.next(state)
      put(.snapshot(Self.snapshot(epoch, state)))
      put(.checkpoint(CheckpointPosition(epoch: epoch, step: 0), file(epoch, state)))
    }
    return .result(
      .completed, weightsSHA256: Self.hash(state),
      [LayerAlgorithm(index: 0, layer: "conv1", algorithm: "script")])
  }

  private func file(_ epoch: Int, _ state: [UInt8]) -> [UInt8] {
    let head = [UInt8(epoch)] + state
    return head
      + (0..<max(0, checkpointBytes - head.count)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ epoch) }
  }

  static func initialState(_ trial: String) -> [UInt8] { Array(SHA256.hash(data: Array(trial.utf8))) }
  static func next(_ state: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: state)) }
  static func hash(_ state: [UInt8]) -> String { hexadecimal(SHA256.hash(data: state)) }

  /// What an undisturbed run of the trial ends with.
  static func expectedHash(_ trial: String, epochs: Int) -> String {
    hash((0..<epochs).reduce(initialState(trial)) { state, _ in next(state) })
  }

  static func expectedLoss(_ trial: String, epoch: Int) -> Double {
    loss((0..<epoch).reduce(initialState(trial)) { state, _ in next(state) })
  }

  private static func loss(_ state: [UInt8]) -> Double { Double(state[0]) + Double(state[1]) / 256 }

  private static func snapshot(_ epoch: Int, _ state: [UInt8]) -> Snapshot {
    var snapshot = Snapshot()
    snapshot.epoch = epoch
    snapshot.testLoss = loss(state)
    var draw = DrawMetrics()
    draw.qmse = loss(state)
    snapshot.draws = [draw]
    return snapshot
  }
}

/// Holds trials before an epoch until it is opened, or they are asked to stop.
final class Gate: Sendable {
  private let epoch: Int
  private let state = Mutex((isOpen: false, waiting: 0))

  init(before epoch: Int) { self.epoch = epoch }

  func open() { state.withLock { $0.isOpen = true } }

  /// Trials held now.
  var waiting: Int { state.withLock { $0.waiting } }

  func pass(_ epoch: Int, _ control: TrialControl) {
    guard epoch == self.epoch else { return }
    state.withLock { $0.waiting += 1 }
    defer { state.withLock { $0.waiting -= 1 } }
    while !state.withLock({ $0.isOpen }), control.request == .none { usleep(1000) }
  }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
