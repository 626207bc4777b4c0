public import Networks

/// Everything that decides a trial's result, and nothing else: its canonical JSON is hashed to the trial's
/// identity.
public struct TrialConfiguration: Codable, Hashable, Sendable {
  public var network = Architecture()
  public var initialization = Initialization()
  public var training = TrainingSettings()
  public var data = DataSettings()
  public var quantization = QuantizationSettings()
  public var analysis = AnalysisSettings()
  /// The training seed: weights, order of images, augmentation, calibration samples.
  public var seed = 1

  public init() {}
}

/// SPEC C1–C3.
public struct TrainingSettings: Codable, Hashable, Sendable {
  public var epochs = 200
  public var batch = 128
  public var learningRate = 0.01
  public var momentum = 0.9
  public var weightDecay = 0.0
  /// The learning rate is multiplied by `decayFactor` after each of these epochs (counted from 1).
  public var decayEpochs = [75, 120, 170]
  public var decayFactor = 0.1
  public var augmentation = AugmentationSettings()
  public var convolution = ConvolutionAlgorithm.automatic
  /// Threads of one trial; part of its identity because sums depend on it.
  public var threads = 1
  public var device = Device.cpu

  public init() {}

  public enum ConvolutionAlgorithm: String, Choice, Hashable, Sendable {
    /// Winograd's minimal filtering for 3×3 kernels where it applies, direct elsewhere.
    case automatic
    case direct
  }
  public enum Device: String, Choice, Hashable, Sendable { case cpu }
}

/// SPEC C2: random affine augmentation of every training image, bilinear, nearest-edge fill.
public struct AugmentationSettings: Codable, Hashable, Sendable {
  public var enabled = true
  /// Largest shift as a fraction of the image's side, each axis.
  public var shift = 0.1
  /// Zoom factor drawn from 1 ± zoom.
  public var zoom = 0.1
  /// Largest rotation in degrees.
  public var rotation = 15.0
  public var horizontalFlip = true
  public var verticalFlip = true

  public init() {}
}

public struct DataSettings: Codable, Hashable, Sendable {
  public enum Dataset: String, Choice, Hashable, Sendable { case synthetic, cifar10, cifar100 }
  public enum Scaling: String, Choice, Hashable, Sendable {
    /// Pixels / 255, in [0, 1].
    case unit
    /// (pixel/255 − mean)/std per channel of the training set.
    case standardized
  }

  public var dataset = Dataset.cifar10
  /// Only the first n images, stratified by class; nil: all.
  public var train: Int?
  public var test: Int?
  public var scaling = Scaling.unit

  public init() {}

  /// Writes absent sizes as null, so that a configuration has one canonical form with all its keys.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(dataset, forKey: .dataset)
    try container.encode(train, forKey: .train)
    try container.encode(test, forKey: .test)
    try container.encode(scaling, forKey: .scaling)
  }
}

/// SPEC E.
public struct QuantizationSettings: Codable, Hashable, Sendable {
  public enum Granularity: String, Choice, Hashable, Sendable { case perTensor, perChannel }
  public enum Rounding: String, Choice, Hashable, Sendable {
    /// Ties to even, as ONNX Runtime.
    case tiesToEven
    /// Ties away from zero, as TFLite's reference kernels' double rounding.
    case tiesAway
    /// Ties towards +∞, as TFLite's optimised kernels.
    case tiesUp
  }

  public var weightBits = 8
  public var activationBits = 8
  public var weightGranularity = Granularity.perTensor
  public var symmetricWeights = false
  /// Percent clipped at either end of every activation (E2).
  public var clippedPercent = 1.0
  public var rounding = Rounding.tiesToEven
  /// Training images a calibration sample holds.
  public var calibrationImages = 1024
  /// Calibration samples per snapshot (E4).
  public var draws = 1

  public init() {}
}

public struct AnalysisSettings: Codable, Hashable, Sendable {
  /// Epochs after which a snapshot is taken, besides initialization (0) and the last.
  public var snapshots: [Int] = []
  /// Images each quantizer's lone contribution is measured on (D7); 0 leaves it out.
  public var sensitivityImages = 64

  public init() {}
}
