import Foundation
public import Networks

/// How much a trial asks of a worker, in units of one multiply-accumulate of a regular convolution's inference. What is
/// bound by memory is counted as the operations that would take as long.
public struct TrialWork: Hashable, Sendable {
  /// Networks whose units take equally long: kind of block, BatchNorm, and size to a factor of four.
  public var family = ""
  public var epochs = 1
  /// Of one epoch.
  public var steps = 1
  /// Of one epoch's training.
  public var epoch = 1.0
  /// Of one snapshot.
  public var snapshot = 0.0
  /// Ascending.
  public var snapshotEpochs: [Int] = []

  public init() {}

  public var total: Double { Double(epochs) * epoch + Double(snapshotEpochs.count) * snapshot }

  /// What is done once so many whole epochs are, the snapshot after the last of them included, and so many steps of
  /// the epoch under way. At (0, 0) nothing is.
  public func done(epoch whole: Int, step: Int) -> Double {
    if whole <= 0, step <= 0 { return 0 }
    let part = min(Double(max(step, 0)) / Double(max(steps, 1)), 1)
    let trained = min(Double(whole) + part, Double(epochs))
    return trained * epoch + Double(snapshotEpochs.prefix { $0 <= whole }.count) * snapshot
  }
}

/// Works out the work of many trials; those of one network share its layers.
public struct WorkEstimate: Sendable {
  private var networks: [Architecture: NetworkWork] = [:]

  public init() {}

  /// - Throws: where the network cannot be built.
  public mutating func work(of configuration: TrialConfiguration) throws(NetworkSettingError) -> TrialWork {
    let network = try network(configuration.network)
    let images = configuration.data.train ?? configuration.data.dataset.trainImages
    let test = configuration.data.test ?? configuration.data.dataset.testImages
    var work = TrialWork()
    work.family = network.family
    work.epochs = configuration.training.epochs
    work.steps = (images + configuration.training.batch - 1) / configuration.training.batch
    // Forward, and backward to the inputs and to the weights.
    work.epoch = 3 * network.inference * Double(images)
    work.snapshot = network.snapshot(
      test: test, calibration: min(configuration.quantization.calibrationImages, images),
      sensitivity: configuration.analysis.sensitivityImages, draws: configuration.quantization.draws)
    work.snapshotEpochs = configuration.snapshotEpochs
    return work
  }

  private mutating func network(_ architecture: Architecture) throws(NetworkSettingError) -> NetworkWork {
    if let known = networks[architecture] { return known }
    let network = try NetworkWork(architecture)
    networks[architecture] = network
    return network
  }
}

/// What a network's images ask for. The constants fit the times of eight networks from regular to depthwise to 20 %:
/// training at batches of 128 (scripts/bench-core), and training and snapshots of the sweep recorded in
/// Tests/CoordinationTests/Fixtures.
private struct NetworkWork: Sendable {
  let family: String
  /// Of one image.
  let inference: Double
  let outputs: Double
  let weights: Double
  let layers: Int

  /// BatchNorm, ReLU and the traffic of one output value.
  private static let perOutput = 160.0
  /// Statistics of one activation; and of one weight, quantized alone and with all others.
  private static let perActivation = 100.0
  private static let perWeight = 11_000.0
  /// Inference in integers against that in fp32.
  private static let integer = 0.7

  init(_ architecture: Architecture) throws(NetworkSettingError) {
    let network = try Network(architecture)
    let macs = network.layers.reduce(0.0) { $0 + Double($1.cost.macs) * Self.padding(of: $1) }
    outputs = Double(network.layers.reduce(0) { $0 + $1.outputCount })
    weights = Double(network.cost.weights)
    inference = macs + Self.perOutput * outputs
    layers = network.layers.count
    let spatial = network.layers.filter { $0.role == .spatial }
    let kind: String
    if spatial.isEmpty {
      kind = "regular"
    } else if spatial.allSatisfy({ $0.groups == $0.inChannels }) {
      kind = "depthwise"
    } else {
      let rate = Double(spatial.reduce(0) { $0 + $1.groups }) / Double(spatial.count)
      kind = "groupwise \(1 << Int(log2(rate).rounded()))"
    }
    family = "\(kind), \(architecture.batchNorm ? "BatchNorm" : "plain"), 4^\(Int(log2(macs) / 2)) MACs"
  }

  /// Groups of few channels are computed in blocks of 16, and others partly in pairs, with zeros in between.
  private static func padding(of layer: Layer) -> Double {
    let isGroupwise = layer.groups > 1 && layer.groups < layer.inChannels
    return isGroupwise ? max(1.5, 16 * Double(layer.groups) / Double(layer.inChannels)) : 1
  }

  func snapshot(test: Int, calibration: Int, sensitivity: Int, draws: Int) -> Double {
    let evaluation = Double(test) * inference
    let sample = Double(calibration) * (inference + Self.perActivation * outputs)
    // Every layer's weights alone and activations alone.
    let alone = Double(2 * layers * min(sensitivity, calibration)) * inference
    return evaluation + Self.perWeight * weights
      + Double(draws) * (Self.integer * evaluation + sample + alone)
  }
}
