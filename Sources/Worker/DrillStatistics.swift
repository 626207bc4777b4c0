import LayerAnalysis
package import Networks
package import Sweeps
import Tensors

/// Made-up measurements of a network, a pure function of epoch and seed: a row for every layer and tensor kind with
/// every number a real one has, within its bounds. Histograms and channels, which a row may lack, are left out.
package struct DrillStatistics {
  private let network: Network

  package init(_ network: Network) { self.network = network }

  /// - Parameter draws: calibration draws; there is one row of activations and errors for each, as in a real trial.
  package func snapshot(epoch: Int, seed: UInt64, draws: Int) -> Snapshot {
    var random = RandomStream(seed: seed, purpose: .drill, epoch: epoch)
    var snapshot = Snapshot()
    snapshot.epoch = epoch
    if epoch > 0 {
      snapshot.trainLoss = Double(random.uniform(0, 3))
      snapshot.trainAccuracy = Double(random.uniform())
    }
    snapshot.testLoss = Double(random.uniform(0, 3))
    snapshot.testAccuracy = Double(random.uniform())
    snapshot.layers = layers(.weights, draw: 0, &random) + layers(.foldedWeights, draw: 0, &random)
    for draw in 0..<draws {
      snapshot.draws.append(metrics(draw, &random))
      snapshot.layers += layers(.activations, draw: draw, &random)
      snapshot.errors += errors(draw, &random)
    }
    return snapshot
  }

  private func metrics(_ draw: Int, _ random: inout RandomStream) -> DrawMetrics {
    var metrics = DrawMetrics()
    metrics.draw = draw
    metrics.quantizedAccuracy = Double(random.uniform())
    metrics.qmse = Double(random.uniform(0, 0.1))
    metrics.qce = Double(random.uniform(0, 3))
    metrics.qkl = Double(random.uniform())
    metrics.logitMSE = Double(random.uniform(0, 10))
    metrics.changedPredictions = Double(random.uniform())
    return metrics
  }

  private func layers(_ kind: TensorKind, draw: Int, _ random: inout RandomStream) -> [LayerStatistics] {
    network.layers.enumerated().map { index, layer in
      var row = LayerStatistics()
      row.draw = draw
      row.index = index
      row.layer = layer.name
      row.kind = kind
      row.statistics = statistics(
        count: kind == .activations ? layer.outputCount : layer.weightCount, &random)
      return row
    }
  }

  private func statistics(count: Int, _ random: inout RandomStream) -> TensorStatistics {
    var statistics = TensorStatistics()
    statistics.count = count
    statistics.minimum = random.uniform(-2, -1)
    statistics.maximum = random.uniform(1, 2)
    statistics.mean = Double(random.uniform(-0.1, 0.1))
    statistics.standardDeviation = Double(random.uniform())
    statistics.lower = random.uniform(-1, 0)
    statistics.upper = random.uniform(0.5, 1)
    statistics.averagePrecision = Double(random.uniform())
    statistics.sparsity = Double(random.uniform())
    statistics.kurtosis = Double(random.uniform(-1, 5))
    statistics.channelKurtosis = Double(random.uniform(-1, 5))
    statistics.klFromUniform = Double(random.uniform(0, 3))
    statistics.sqnr = Double(random.uniform(10, 50))
    return statistics
  }

  private func errors(_ draw: Int, _ random: inout RandomStream) -> [LayerError] {
    network.layers.enumerated().map { index, layer in
      var error = LayerError()
      error.draw = draw
      error.index = index
      error.layer = layer.name
      error.mse = Double(random.uniform(0, 0.1))
      error.sqnr = Double(random.uniform(10, 50))
      error.weightsAloneQMSE = Double(random.uniform(0, 0.01))
      error.activationsAloneQMSE = Double(random.uniform(0, 0.01))
      return error
    }
  }
}
