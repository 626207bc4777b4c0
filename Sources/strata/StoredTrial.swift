import ArgumentParser
import Coordinator
import Foundation
import LayerAnalysis
import Networks
import Quantization
import ResultStore
import Sweeps
import Worker

/// The finished trial of a store that a command is about, and where it writes.
struct StoredTrialArguments: ParsableArguments {
  @Argument(help: "The store.", completion: .file())
  var store: String
  @Argument(help: "The trial: the beginning of its id, or its label.")
  var trial: String
  @Option(name: .shortAndLong, help: ArgumentHelp("The folder to write to.", valueName: "directory"))
  var output: String
  @Option(
    help:
      "Folder that holds the data set it was trained on, for its calibration images. (none for synthetic data)",
    completion: .directory)
  var data: String?

  func load() throws -> StoredTrial { try StoredTrial(store: store, trial: trial, data: data) }

  /// Makes the folder, where it is missing.
  ///
  /// - Throws: where one of `files` is in it.
  func prepare(files: [String]) throws -> URL {
    let folder = URL(fileURLWithPath: output)
    if let present = files.first(where: {
      FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path)
    }) {
      throw CommandError("\(output) has a file \(present) already: name another folder")
    }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandError("cannot make the folder \(output): \(error.localizedDescription)")
    }
    return folder
  }
}

/// A finished trial with its trained network and what the store knows of it.
struct StoredTrial {
  /// The calibration sample whose quantized network is exported.
  static let draw = 0

  let record: TrialRecord
  /// The last, with the statistics of `draw`.
  let snapshot: Snapshot
  let trained: TrainedTrial
  let calibration: Calibration

  /// - Parameters:
  ///   - trial: the beginning of one trial's id, or one trial's label.
  ///   - data: where its data set lies.
  init(store path: String, trial: String, data: String?) throws {
    let store = try Store.reading(path)
    defer { try? store.close() }
    let (record, snapshot, checkpoint, fingerprints) = try store.read { reader in
      let record = try Self.find(trial, among: reader.trials(), in: path)
      let epoch = try reader.epochs(trial: record.id).last ?? 0
      return (
        record, try reader.snapshot(trial: record.id, epoch: epoch, distributions: false),
        try reader.checkpoints(trial: record.id).first, try reader.datasets()
      )
    }
    let name = "\(record.label) (\(record.id.prefix(12)))"
    guard record.state == .completed || record.state == .vanished else {
      throw CommandError("\(name) is \(record.state.rawValue): it has no trained network to export")
    }
    guard let snapshot, let checkpoint, snapshot.epoch == checkpoint.epoch, checkpoint.step == 0 else {
      throw CommandError("\(path) knows of no checkpoint of \(name) at its last snapshot")
    }
    let dataset = record.configuration.data.dataset
    guard data != nil || dataset == .synthetic else {
      throw CommandError("\(name) was calibrated on \(dataset.rawValue): give its folder with --data DIR")
    }
    let datasets = try DatasetLibrary(directory: data.map { URL(fileURLWithPath: $0) })
    if let known = fingerprints[dataset.rawValue], let found = datasets.fingerprints[dataset.rawValue],
      known != found
    {
      throw CommandError("\(dataset.rawValue) in \(data ?? "") is not the data that \(name) was trained on")
    }
    self.record = record
    self.snapshot = snapshot
    trained = try TrainedTrial(
      trial: record.id, configuration: record.configuration,
      weights: Self.weights(checkpoint, of: name, store: path), weightsSHA256: record.weightsSHA256,
      datasets: datasets)
    let outputs = snapshot.layers.filter { $0.draw == Self.draw && $0.kind == .activations }
    guard outputs.count == trained.network.layers.count else {
      throw CommandError("\(path) has no activation ranges of \(name) at epoch \(snapshot.epoch)")
    }
    calibration = try trained.calibration(
      draw: Self.draw,
      outputs: outputs.map { Bounds(lower: $0.statistics.lower, upper: $0.statistics.upper) })
  }

  private static func weights(
    _ checkpoint: CheckpointRecord, of name: String, store: String
  ) throws -> [UInt8] {
    let path = "\(CheckpointDirectory.path(store: store))/\(checkpoint.file)"
    guard let data = FileManager.default.contents(atPath: path) else {
      throw CommandError("cannot read the weights of \(name), which belong beside the store: \(path)")
    }
    return [UInt8](data)
  }

  /// - Throws: where none or several are meant, saying which there are.
  private static func find(
    _ wanted: String, among trials: [TrialRecord], in store: String
  ) throws -> TrialRecord {
    let named = trials.map { TrialNames.Named(id: $0.id, label: $0.label) }
    return trials[try TrialNames.positions(of: [wanted], among: named, in: store)[0]]
  }
}
