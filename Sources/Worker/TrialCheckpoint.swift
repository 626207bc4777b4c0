import Foundation
import Networks
import SweepProtocol
import Tensors
import Training

/// All of a trial's state between two training steps: what a worker needs to go on as if it had never stopped.
///
/// As a safetensors file: the parameters under their own names, the momentum of each under `NAME.momentum`,
/// position and running sums in the metadata.
struct TrialCheckpoint: Equatable {
  var trial: String
  var position: CheckpointPosition
  /// Sums over the steps done of the epoch under way.
  var sums = EpochSums()
  var parameters: Parameters
  /// nil once training is over: the file then holds the trained weights alone.
  var momentum: Parameters?

  static let momentumSuffix = ".momentum"
  static let format = "strata-checkpoint-1"

  func encoded() -> [UInt8] {
    var tensors = parameters.entries
    for (name, tensor) in momentum?.entries ?? [] {
      tensors.append((name: name + Self.momentumSuffix, tensor: tensor))
    }
    return SafeTensorsFile(
      tensors: tensors,
      metadata: [
        "format": Self.format, "trial": trial, "epoch": "\(position.epoch)", "step": "\(position.step)",
        "loss_sum_bits": "\(sums.loss.bitPattern)", "correct": "\(sums.correct)", "images": "\(sums.images)",
        "train_seconds": "\(sums.seconds)",
      ]
    ).encodedBytes()
  }

  /// - Throws: `TrialError` where the bytes are no checkpoint of this trial and network.
  init(decoding bytes: [UInt8], trial: String, network: Network) throws {
    let file = try SafeTensorsFile(decoding: Data(bytes))
    let metadata = file.metadata
    guard metadata["format"] == Self.format else {
      throw TrialError("checkpoint has format \(metadata["format"] ?? "none"), not \(Self.format)")
    }
    guard metadata["trial"] == trial else {
      throw TrialError("checkpoint is of trial \(metadata["trial"] ?? "none"), not of \(trial)")
    }
    func number<N: LosslessStringConvertible>(_ key: String, _: N.Type) throws -> N {
      guard let value = metadata[key].flatMap(N.init) else {
        throw TrialError("checkpoint metadata \(key) is \(metadata[key] ?? "missing"), not a number")
      }
      return value
    }
    self.trial = trial
    position = CheckpointPosition(epoch: try number("epoch", Int.self), step: try number("step", Int.self))
    sums = EpochSums(
      loss: Double(bitPattern: try number("loss_sum_bits", UInt64.self)),
      correct: try number("correct", Int.self), images: try number("images", Int.self),
      seconds: try number("train_seconds", Double.self))
    let momenta = file.tensors.filter { $0.name.hasSuffix(Self.momentumSuffix) }
    parameters = Parameters(file.tensors.filter { !$0.name.hasSuffix(Self.momentumSuffix) })
    try parameters.validate(for: network)
    momentum =
      momenta.isEmpty
      ? nil
      : Parameters(
        momenta.map { (name: String($0.name.dropLast(Self.momentumSuffix.count)), tensor: $0.tensor) })
  }

  /// - Throws: `TrialError` where training of so many epochs, each of so many steps, never comes by it.
  func validate(epochs: Int, steps: Int) throws {
    let isAtEnd = position == CheckpointPosition(epoch: epochs, step: 0)
    guard (0..<epochs).contains(position.epoch) && (0...steps).contains(position.step) || isAtEnd else {
      throw TrialError("checkpoint is at \(position), and the trial has \(epochs) epochs of \(steps) steps")
    }
    guard momentum != nil || isAtEnd else {
      throw TrialError("checkpoint at \(position) has no momentum to go on with")
    }
  }

  init(
    trial: String, position: CheckpointPosition, sums: EpochSums, parameters: Parameters,
    momentum: Parameters?
  ) {
    self.trial = trial
    self.position = position
    self.sums = sums
    self.parameters = parameters
    self.momentum = momentum
  }
}

/// What an epoch's steps add up to.
struct EpochSums: Equatable {
  /// Σ of the images' cross-entropy, nats.
  var loss = 0.0
  var correct = 0
  var images = 0
  /// Wall time; not compared between runs.
  var seconds = 0.0

  var meanLoss: Double? { images > 0 ? loss / Double(images) : nil }
  var accuracy: Double? { images > 0 ? Double(correct) / Double(images) : nil }
}
