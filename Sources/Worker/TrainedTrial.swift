package import Datasets
package import LayerAnalysis
package import Networks
package import Quantization
package import Sweeps
import Tensors
package import Training

/// A trial's trained network with the images and settings it was quantized under: what it is exported from.
package struct TrainedTrial {
  package let network: Network
  package let parameters: Parameters
  package let options: QuantizationOptions
  package let scaling: PixelScaling
  package let test: BatchLoader
  private let configuration: TrialConfiguration
  private let train: BatchLoader

  /// - Parameters:
  ///   - weights: bytes of the trial's last checkpoint.
  ///   - weightsSHA256: of the trained weights, as the trial reported it.
  /// - Throws: where the checkpoint is not of this trial's trained weights, or its data set is not there.
  package init(
    trial: String, configuration: TrialConfiguration, weights: [UInt8], weightsSHA256: String?,
    datasets: DatasetLibrary
  ) throws {
    self.configuration = configuration
    network = try Network(configuration.network)
    parameters = try TrialCheckpoint(decoding: weights, trial: trial, network: network).parameters
    guard parameters.sha256() == weightsSHA256 else {
      throw TrialError("the checkpoint of trial \(trial.prefix(12)) does not hold its trained weights")
    }
    options = QuantizationOptions(configuration)
    let dataset = try datasets.dataset(for: configuration)
    scaling = try PixelScaling(configuration.data.scaling, of: dataset)
    test = BatchLoader(evaluating: dataset.test, scaling: scaling, batch: 128)
    train = BatchLoader(evaluating: dataset.train, scaling: scaling, batch: 128)
  }

  /// The quantizers that a draw led to.
  ///
  /// - Parameter outputs: the ranges the trial found for every layer's output. They are not found anew: another
  ///   instruction set would find slightly others.
  ///
  /// - Throws: `DatasetError` where a file of the data set cannot be read.
  package func calibration(draw: Int, outputs: [Bounds]) throws -> Calibration {
    let images = try configuration.calibrationImages(of: train, draw: draw).images
    return Calibration(
      images: UnsafeBufferPointer(images.buffer), outputs: outputs, bits: options.activationBits)
  }
}
