import Foundation
import ResultStore
import Sweeps
import Testing

/// `strata export` as a person uses it, on a finished run.
@Suite struct ExportTests {
  private static let sweep = """
    name: small
    base:
      network: {firstWidth: 16, stages: [{width: 16, blocks: 1}, {width: 16, blocks: 1}], head: [16]}
      training: {epochs: 1, batch: 20, decayEpochs: []}
      data: {dataset: synthetic, train: 200, test: 200}
      quantization: {calibrationImages: 64, draws: 2}
      analysis.sensitivityImages: 0
    trials:
      - {name: regular}
      - {name: rounded, quantization.rounding: tiesUp}
      - {name: diverged, training.learningRate: 1e25}
    seeds: 2
    """

  @Test func modelsAndActivationsAreTheTrialsOwn() async throws {
    try await withTemporaryFolder { folder in
      try Data(Self.sweep.utf8).write(to: folder.appendingPathComponent("small.yaml"))
      let ran = try await StrataProcess.run(["run", "small.yaml", "--workers", "2"], in: folder)
      #expect(ran.status == 0, "\(ran.errors)")
      let trials = try Store.reading(folder.appendingPathComponent("small.store").path).read {
        try $0.finalResults()
      }
      func id(_ label: String) throws -> String { try #require(trials.first { $0.label == label }).trial }
      let regular = try id("regular")

      let models = try await export("onnx", regular, to: "models", in: folder)
      #expect(models.status == 0, "\(models.errors)")
      for form in ["fp32", "qdq", "qlinear"] {
        #expect(models.output.contains("models/\(form).onnx"))
        let model = try Data(contentsOf: folder.appendingPathComponent("models/\(form).onnx"))
        #expect(model.range(of: Data("stage2.0.conv.weight".utf8)) != nil)
      }

      let activations = try await export(
        "activations", "\(regular.prefix(12))", to: "levels", in: folder)
      #expect(activations.status == 0, "\(activations.errors)")
      let first = try Self.levels(folder.appendingPathComponent("levels/conv1.npy"))
      #expect(first.count == 200 * 16 * 32 * 32)
      // The integer network rebuilt from the store classifies as the one that was measured.
      let logits = try Self.levels(folder.appendingPathComponent("levels/dense2.npy"))
      #expect(logits.count == 200 * 10)
      let hits = (0..<200).count { image in
        let row = logits[image * 10..<image * 10 + 10]
        return row.firstIndex(of: row.max()!)! - row.startIndex == image % 10
      }
      let measured = try Store.reading(folder.appendingPathComponent("small.store").path).read {
        try $0.snapshot(trial: regular, epoch: 1)?.draws.first?.quantizedAccuracy
      }
      #expect(measured == Double(hits) / 200)

      for (trial, output, says) in [
        (regular, "models", "models has a file fp32.onnx"),
        ("nothing", "new", "no trial of small.store"),
        ("regular", "new", "2 trials of small.store are regular"),
        (try id("rounded"), "new", "tiesUp"),
        (try id("diverged"), "new", "has no trained network"),
      ] {
        let refused = try await export("onnx", trial, to: output, in: folder)
        #expect(refused.status == 1 && refused.errors.contains(says), "\(trial): \(refused.errors)")
        #expect(refused.errors.split(separator: "\n").count == 1, "\(refused.errors)")
      }
      #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("new").path))

      let tables = try await StrataProcess.run(["export", "small.store", "--csv", "tables"], in: folder)
      #expect(tables.status == 0 && tables.output.contains("tables of small.store"), "\(tables.errors)")

      try FileManager.default.removeItem(at: folder.appendingPathComponent("small.store.checkpoints"))
      let bare = try await export("onnx", regular, to: "new", in: folder)
      #expect(bare.status == 1 && bare.errors.contains("small.store.checkpoints"), "\(bare.errors)")
    }
  }

  private func export(
    _ what: String, _ trial: String, to output: String, in folder: URL
  ) async throws -> (status: Int32, output: String, errors: String) {
    try await StrataProcess.run(["export", what, "small.store", trial, "-o", output], in: folder)
  }

  /// A NumPy file of bytes.
  private static func levels(_ file: URL) throws -> [UInt8] {
    let bytes = [UInt8](try Data(contentsOf: file))
    #expect(Array(bytes[..<6]) == [0x93] + Array("NUMPY".utf8))
    let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
    #expect(start % 64 == 0)
    return Array(bytes[start...])
  }
}
