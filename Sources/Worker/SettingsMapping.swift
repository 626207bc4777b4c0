import Crypto
import Datasets
import Networks
import Quantization
import SweepProtocol
import Sweeps
import Tensors
import Training

// A trial's settings, which are words of the sweep file, in the words of the parts that carry them out.

extension Training.ConvolutionAlgorithm {
  init(_ setting: TrainingSettings.ConvolutionAlgorithm) {
    switch setting {
    case .automatic: self = .automatic
    case .direct: self = .direct
    }
  }
}

extension Augmentation {
  init?(_ settings: AugmentationSettings) {
    guard settings.enabled else { return nil }
    self.init(
      shift: settings.shift, zoom: settings.zoom, rotation: settings.rotation,
      horizontalFlip: settings.horizontalFlip, verticalFlip: settings.verticalFlip)
  }
}

extension PixelScaling {
  init(_ setting: DataSettings.Scaling, of dataset: Dataset) throws(DatasetError) {
    switch setting {
    case .unit: self = .unit
    case .standardized: self = .standardized(try dataset.train.statistics())
    }
  }
}

extension QuantizationOptions {
  init(_ configuration: TrialConfiguration) {
    let settings = configuration.quantization
    self.init()
    weightBits = settings.weightBits
    activationBits = settings.activationBits
    switch settings.weightGranularity {
    case .perTensor: granularity = .perTensor
    case .perChannel: granularity = .perChannel
    }
    symmetricWeights = settings.symmetricWeights
    clippedPercent = settings.clippedPercent
    switch settings.rounding {
    case .tiesToEven: rounding = .tiesToEven
    case .tiesAway: rounding = .tiesAway
    case .tiesUp: rounding = .tiesUp
    }
    sensitivityImages = configuration.analysis.sensitivityImages
  }
}

extension CompiledNetwork {
  /// What computes each layer, one entry a layer: `pass implementation` of every pass.
  var layerAlgorithms: [LayerAlgorithm] {
    network.layers.enumerated().map { index, layer in
      let passes = algorithms.filter { $0.layer == layer.name }.map { "\($0.pass) \($0.implementation)" }
      return LayerAlgorithm(index: index, layer: layer.name, algorithm: passes.joined(separator: "; "))
    }
  }
}

extension TrialConfiguration {
  /// The seed as the random streams take it.
  var streamSeed: UInt64 { UInt64(bitPattern: Int64(seed)) }

  /// The training images that a draw calibrates on, all where there are fewer than it asks for, as network input:
  /// count × C × H × W, row-major.
  ///
  /// - Throws: `DatasetError` where a file of the data set cannot be read.
  func calibrationImages(
    of loader: BatchLoader, draw: Int
  ) throws(DatasetError) -> (images: AlignedBuffer<Float>, count: Int) {
    let available = loader.set.count
    let indices = ImageOrder.calibrationSample(
      images: min(quantization.calibrationImages, available), of: available, seed: streamSeed, draw: draw)
    let images = AlignedBuffer<Float>(count: indices.count * loader.set.valuesPerImage)
    let labels = AlignedBuffer<Int32>(count: indices.count)
    try loader.load(indices[...], images: images.buffer, labels: labels.buffer)
    return (images, indices.count)
  }
}

extension Parameters {
  /// Whether no value is infinite or NaN.
  var areFinite: Bool { entries.allSatisfy { $0.tensor.values.allSatisfy(\.isFinite) } }

  /// SHA-256, hexadecimal, of the parameters as a safetensors file without metadata.
  func sha256() -> String {
    let file = SafeTensorsFile(tensors: entries, metadata: [:])
    return SHA256.hash(data: file.encodedBytes()).hexadecimal
  }
}

extension Sequence<UInt8> {
  var hexadecimal: String {
    map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }
}
