import LayerAnalysis
import Networks
import Reporting
import Sweeps

/// Trials with made-up but exactly known results, for the report to be read against.
enum SampleTrials {
  static func trial(
    _ label: String, seed: Int = 1, status: ReportStatus = .completed, factorization: Factorization = .none,
    batchNorm: Bool = true, snapshots: [Snapshot] = []
  ) -> ReportTrial {
    var configuration = TrialConfiguration()
    configuration.seed = seed
    configuration.network.factorization = factorization
    configuration.network.batchNorm = batchNorm
    return ReportTrial(
      identity: "\(label)-\(seed)", label: label, configuration: configuration, status: status,
      snapshots: snapshots)
  }

  /// Every layer's range is `range`, its average precision 0.5.
  static func snapshot(
    epoch: Int, fp32: Double = 0.8, quantized: [Double] = [0.7], qmse: Double = 0.01, range: Float = 2,
    layers: [String] = ["conv1", "stage1.0.conv", "dense1"]
  ) -> Snapshot {
    var snapshot = Snapshot()
    snapshot.epoch = epoch
    snapshot.testAccuracy = fp32
    snapshot.draws = quantized.enumerated().map { draw, accuracy in
      var metrics = DrawMetrics()
      metrics.draw = draw
      metrics.quantizedAccuracy = accuracy
      metrics.qmse = qmse
      metrics.qce = 1
      metrics.qkl = 0.5
      return metrics
    }
    for (index, name) in layers.enumerated() {
      for kind in [TensorKind.weights, .foldedWeights, .activations] {
        var layer = LayerStatistics()
        layer.index = index
        layer.layer = name
        layer.kind = kind
        layer.statistics.upper = range
        layer.statistics.averagePrecision = 0.5
        layer.statistics.sqnr = 30
        snapshot.layers.append(layer)
      }
      var error = LayerError()
      error.index = index
      error.layer = name
      error.mse = 0.1
      error.sqnr = 20
      error.weightsAloneQMSE = 1e-4
      error.activationsAloneQMSE = 1e-3
      snapshot.errors.append(error)
    }
    return snapshot
  }
}
