public import LayerAnalysis
public import Networks

/// How a trial ended. `diverged` and `vanished` are results like any other (SPEC C5).
public enum TrialOutcome: String, Choice, Hashable, Sendable {
  case completed, diverged, vanished
}

/// All that is measured after one epoch (0: at initialization). Equal bits for equal trials, but for `seconds`.
public struct Snapshot: Codable, Hashable, Sendable {
  public var epoch = 0
  public var learningRate = 0.0
  /// Mean over the epoch's steps; nil at initialization.
  public var trainLoss: Double?
  public var trainAccuracy: Double?
  /// On the test images; fractions in 0 ... 1 and mean cross-entropy in nats.
  public var testLoss = 0.0
  public var testAccuracy = 0.0
  /// One per calibration draw.
  public var draws: [DrawMetrics] = []
  public var layers: [LayerStatistics] = []
  public var errors: [LayerError] = []
  /// Wall time of the epoch's training and of this snapshot; not compared between runs.
  public var trainSeconds = 0.0
  public var snapshotSeconds = 0.0

  public init() {}
}

/// SPEC F of one quantized network: the trained network under one calibration sample.
public struct DrawMetrics: Codable, Hashable, Sendable {
  public var draw = 0
  public var quantizedAccuracy = 0.0
  /// Mean squared difference of the softmax outputs (F2).
  public var qmse = 0.0
  /// Mean cross-entropy of the quantized outputs against the fp32 outputs, nats.
  public var qce = 0.0
  /// qce − H(p_fp32).
  public var qkl = 0.0
  public var logitMSE = 0.0
  /// Fraction of test images whose predicted class the quantization changes.
  public var changedPredictions = 0.0

  public init() {}
}

/// Statistics of one tensor of one layer. W and F do not depend on the calibration sample: their draw is 0.
public struct LayerStatistics: Codable, Hashable, Sendable {
  public var draw = 0
  /// Position in the network, from 0, and name.
  public var index = 0
  public var layer = ""
  public var kind = TensorKind.weights
  public var statistics = TensorStatistics()

  public init() {}
}

/// D7 of one layer under one calibration sample.
public struct LayerError: Codable, Hashable, Sendable {
  public var draw = 0
  public var index = 0
  public var layer = ""
  /// Mean squared difference of the layer's output, quantized network against fp32, on the calibration images.
  public var mse = 0.0
  /// 10·log10(E[a²]/E[(a − â)²]) in dB; nil where either expectation is 0.
  public var sqnr: Double?
  /// QMSE of the network's softmax output with only this layer's weights quantized, and with only its output
  /// activations quantized; nil where not measured.
  public var weightsAloneQMSE: Double?
  public var activationsAloneQMSE: Double?

  public init() {}
}
