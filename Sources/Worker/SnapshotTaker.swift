import Datasets
import Glibc
import LayerAnalysis
import Networks
import Quantization
import Sweeps
import Tensors
import Training

/// Takes a trial's snapshots: test accuracy in fp32, and for every calibration draw the quantized network's, its
/// output errors, and the statistics of every layer.
///
/// What a snapshot needs beside the data is made for it and goes with it: compiling a network costs some hundredths
/// of a second, and training goes on without that memory.
final class SnapshotTaker {
  private let configuration: TrialConfiguration
  private let network: Network
  private let test: BatchLoader
  private let calibration: BatchLoader
  /// Of the last snapshot.
  private var evaluation: Evaluation?

  private static let batch = 128

  /// The fp32 network on the test images.
  private struct Evaluation {
    /// images × classes.
    var logits: [Float]
    /// Mean cross-entropy, nats.
    var loss: Double
    /// Fraction, 0 ... 1.
    var accuracy: Double
  }

  init(configuration: TrialConfiguration, network: Network, dataset: Dataset) throws {
    self.configuration = configuration
    self.network = network
    let scaling = try PixelScaling(configuration.data.scaling, of: dataset)
    test = BatchLoader(evaluating: dataset.test, scaling: scaling, batch: Self.batch)
    calibration = BatchLoader(evaluating: dataset.train, scaling: scaling, batch: Self.batch)
  }

  private func quantization() throws -> PostTrainingQuantization {
    try PostTrainingQuantization(
      network, options: QuantizationOptions(configuration),
      algorithm: .init(configuration.training.convolution), threads: configuration.training.threads)
  }

  /// - Parameters:
  ///   - parameters: the trained network's.
  ///   - goesOn: asked now and then; false abandons the snapshot.
  /// - Returns: all but what only training knows (loss, learning rate, times); nil if abandoned.
  func take(epoch: Int, parameters: Parameters, goesOn: () -> Bool) throws -> Snapshot? {
    let quantization = try quantization()
    let weights = try quantization.load(parameters)
    guard let fp32 = try evaluate(quantization, goesOn: goesOn) else { return nil }
    evaluation = fp32
    var snapshot = Snapshot()
    snapshot.epoch = epoch
    snapshot.testLoss = fp32.loss
    snapshot.testAccuracy = fp32.accuracy
    snapshot.layers += statistics(weights.weights, .weights, draw: 0)
    snapshot.layers += statistics(weights.foldedWeights, .foldedWeights, draw: 0)
    for draw in 0..<configuration.quantization.draws {
      guard goesOn() else { return nil }
      let sample = try configuration.calibrationImages(of: calibration, draw: draw)
      guard
        let calibrated = try quantization.calibrate(
          images: UnsafeBufferPointer(sample.images.buffer), count: sample.count, goesOn: goesOn),
        let logits = try testLogits(goesOn, calibrated.network.infer)
      else { return nil }
      snapshot.draws.append(metrics(draw: draw, fp32: fp32.logits, quantized: logits))
      snapshot.layers += statistics(calibrated.activations, .activations, draw: draw)
      snapshot.errors += errors(calibrated.errors, draw: draw)
    }
    return snapshot
  }

  /// What a training that came to its end has led to (SPEC C5): `vanished` where accuracy is that of chance on the
  /// test images and in the last epoch's training too. (Early in training BatchNorm's running statistics lag
  /// behind: such a network fails on the test images, but it has learnt.)
  func finalOutcome(of parameters: Parameters, trainAccuracy: Double?) throws -> TrialOutcome {
    if evaluation == nil {
      let quantization = try quantization()
      _ = try quantization.load(parameters)
      evaluation = try evaluate(quantization, goesOn: { true })
    }
    guard let final = evaluation else { return .completed }
    guard final.loss.isFinite else { return .diverged }
    let learnt =
      isAboveChance(final.accuracy, images: test.set.count)
      || isAboveChance(trainAccuracy ?? 0, images: calibration.set.count)
    return learnt ? .completed : .vanished
  }

  /// By more than three standard errors of guessing.
  private func isAboveChance(_ accuracy: Double, images: Int) -> Bool {
    let chance = 1 / Double(network.architecture.classes)
    return accuracy > chance + 3 * (chance * (1 - chance) / Double(images)).squareRoot()
  }

  /// The fp32 network loaded into `quantization` on the test images; nil if abandoned.
  private func evaluate(
    _ quantization: PostTrainingQuantization, goesOn: () -> Bool
  ) throws -> Evaluation? {
    guard let logits = try testLogits(goesOn, quantization.infer) else { return nil }
    let classes = network.architecture.classes
    var result = Evaluation(logits: logits, loss: 0, accuracy: 0)
    var hits = 0
    for (i, label) in test.set.labels.enumerated() {
      let row = result.logits[i * classes..<(i + 1) * classes]
      result.loss += crossEntropy(row, label: Int(label))
      hits += row.firstIndex(of: row.max()!).map { $0 - row.startIndex } == Int(label) ? 1 : 0
    }
    result.loss /= Double(test.set.count)
    result.accuracy = Double(hits) / Double(test.set.count)
    return result
  }

  private func crossEntropy(_ logits: ArraySlice<Float>, label: Int) -> Double {
    let greatest = Double(logits.max()!)
    let sum = logits.reduce(0.0) { $0 + exp(Double($1) - greatest) }
    return greatest + log(sum) - Double(logits[logits.startIndex + label])
  }

  /// What a network makes of the test images, images × classes; nil if abandoned.
  private func testLogits(
    _ goesOn: () -> Bool,
    _ infer: (UnsafeBufferPointer<Float>, Int, UnsafeMutableBufferPointer<Float>) throws -> Void
  ) throws -> [Float]? {
    let classes = network.architecture.classes
    var logits = [Float](repeating: 0, count: test.set.count * classes)
    let images = AlignedBuffer<Float>(count: Self.batch * test.set.valuesPerImage)
    let labels = AlignedBuffer<Int32>(count: Self.batch)
    for start in stride(from: 0, to: test.set.count, by: Self.batch) {
      guard goesOn() else { return nil }
      let range = start..<min(start + Self.batch, test.set.count)
      let indices = range.map { Int32($0) }
      try test.load(indices[...], images: images.buffer, labels: labels.buffer)
      try logits.withUnsafeMutableBufferPointer { all in
        try infer(
          UnsafeBufferPointer(images.buffer), range.count,
          UnsafeMutableBufferPointer(rebasing: all[start * classes..<range.upperBound * classes]))
      }
    }
    return logits
  }

  private func metrics(draw: Int, fp32: [Float], quantized: [Float]) -> DrawMetrics {
    let errors = fp32.withUnsafeBufferPointer { fp32 in
      quantized.withUnsafeBufferPointer { quantized in
        test.set.labels.withUnsafeBufferPointer { labels in
          OutputErrors(
            fp32: fp32, quantized: quantized, labels: labels, classes: network.architecture.classes)
        }
      }
    }
    var metrics = DrawMetrics()
    metrics.draw = draw
    metrics.quantizedAccuracy = errors.quantizedAccuracy
    metrics.qmse = errors.qmse
    metrics.qce = errors.qce
    metrics.qkl = errors.qkl
    metrics.logitMSE = errors.logitMSE
    metrics.changedPredictions = errors.changedPredictions
    return metrics
  }

  private func statistics(_ tensors: [TensorStatistics], _ kind: TensorKind, draw: Int) -> [LayerStatistics] {
    zip(network.layers, tensors).enumerated().map { index, pair in
      var statistics = LayerStatistics()
      statistics.draw = draw
      statistics.index = index
      statistics.layer = pair.0.name
      statistics.kind = kind
      statistics.statistics = pair.1
      return statistics
    }
  }

  private func errors(_ errors: [LayerQuantizationError], draw: Int) -> [LayerError] {
    zip(network.layers, errors).enumerated().map { index, pair in
      var error = LayerError()
      error.draw = draw
      error.index = index
      error.layer = pair.0.name
      error.mse = pair.1.mse
      error.sqnr = pair.1.sqnr
      error.weightsAloneQMSE = pair.1.weightsAloneQMSE
      error.activationsAloneQMSE = pair.1.activationsAloneQMSE
      return error
    }
  }
}
