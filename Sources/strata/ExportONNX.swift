import ArgumentParser
import Datasets
import Foundation
import ModelExport
import Networks
import ResultStore
import SweepProtocol
import Sweeps
import Training
import Worker

/// `strata export onnx`: a trained network in the three forms that other programs run.
struct ExportONNX: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "onnx",
    abstract: "Write a trial's trained network as ONNX models: fp32, QDQ and integer operators.",
    discussion: """
      The folder gets fp32.onnx (the network as it was trained), qdq.onnx (floats between QuantizeLinear and \
      DequantizeLinear) and qlinear.onnx (integer operators, equal to the quantized network that the trial was \
      measured with, its first calibration sample). All take 'image', N x C x H x W scaled pixels: pixel * \
      pixel_factor + pixel_offset of each channel, which are in the models' metadata.

      EXAMPLE
        strata export onnx progressive-factorization.store FactorizeNet-f4 -o models --data ~/cifar
      """)

  @OptionGroup var arguments: StoredTrialArguments

  func run() throws {
    let stored = try arguments.load()
    let trained = stored.trained
    let export = try NetworkExport(
      trained.network, parameters: trained.parameters, calibration: stored.calibration,
      options: trained.options)
    let files = ModelForm.allCases.map { (form: $0, name: "\($0.rawValue).onnx") }
    let folder = try arguments.prepare(files: files.map(\.name))
    for file in files {
      try AtomicFile.write(
        export.model(file.form, description(of: stored)), to: folder.appendingPathComponent(file.name))
    }
    let accuracies = stored.accuracies.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    print(
      "\(stored.record.label) at epoch \(stored.snapshot.epoch) (\(accuracies)): "
        + files.map { "\(arguments.output)/\($0.name)" }.joined(separator: ", "))
  }

  private func description(of stored: StoredTrial) -> ModelDescription {
    let scaling = stored.trained.scaling
    func perChannel(_ values: SIMD4<Float>) -> String {
      (0..<stored.trained.network.architecture.inputChannels).map { "\(values[$0])" }.joined(separator: " ")
    }
    return ModelDescription(
      name: stored.record.label,
      text: "image: N x C x H x W, pixel (0 ... 255) * pixel_factor + pixel_offset of each channel",
      version: ProgramVersion.current,
      metadata: [
        ("trial", stored.record.id), ("label", stored.record.label), ("epoch", "\(stored.snapshot.epoch)"),
        ("pixel_factor", perChannel(scaling.factor)), ("pixel_offset", perChannel(scaling.offset)),
      ] + stored.accuracies)
  }
}

extension StoredTrial {
  /// On the test images, fractions, as the store has them.
  fileprivate var accuracies: [(key: String, value: String)] {
    [("fp32_accuracy", "\(snapshot.testAccuracy)")]
      + snapshot.draws.filter { $0.draw == Self.draw }.map { ("quint8_accuracy", "\($0.quantizedAccuracy)") }
  }
}
