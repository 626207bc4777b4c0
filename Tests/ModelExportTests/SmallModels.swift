import Foundation
import LayerAnalysis
import Networks
import Quantization
import Tensors
import Testing
import Training

@testable import ModelExport

/// Networks of 8 × 8 images with fixed parameters and quantizers, and what ONNX Runtime computed of their exported
/// models (scripts/fixtures/exported_models.py).
struct SmallModel: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let architecture: Architecture

  private init(
    _ name: String, _ factorization: Factorization = .none, batchNorm: Bool = true,
    downsampling: Downsampling = .stride
  ) {
    testDescription = name
    var a = Architecture()
    a.inputSize = 8
    a.firstWidth = 16
    a.stages = [Stage(width: 16, blocks: 1), Stage(width: 32, blocks: 1)]
    a.head = [24]
    a.batchNorm = batchNorm
    a.downsampling = downsampling
    a.factorization = factorization
    architecture = a
  }

  static let regular = SmallModel("regular")
  static let noBatchNorm = SmallModel("regular-no-bn", batchNorm: false)
  static let groups = SmallModel("groups-of-4", .uniform(4))
  static let otherGroups = [2, 8, 16].map { SmallModel("groups-of-\($0)", .uniform($0)) }
  static let depthwise = SmallModel("depthwise", .depthwise)
  static let maxPool = SmallModel("max-pool", downsampling: .maxPool)
  static let all = [regular, noBatchNorm, groups, depthwise, maxPool] + otherGroups

  func network() throws -> Network { try Network(architecture) }

  /// Uniform weights of variance 2/fan-in; BatchNorm that is far from the identity.
  func parameters() throws -> Parameters {
    var random = RandomStream(seed: 1, purpose: .weights)
    var parameters = Parameters()
    for (name, shape) in try Parameters.expected(for: network()) {
      let fan = Float(shape.extents.dropFirst().reduce(1, *))
      let (lower, upper): (Float, Float) =
        if name.hasSuffix("running_var") { (0.5, 1.5) } else if name.hasSuffix("bn.weight") {
          (0.7, 1.3)
        } else if name.hasSuffix("weight") {
          (-(6 / fan).squareRoot(), (6 / fan).squareRoot())
        } else { (-0.2, 0.2) }
      parameters[name] = Tensor(
        shape: shape, values: (0..<shape.count).map { _ in random.uniform(lower, upper) })
    }
    return parameters
  }

  /// Ranges that are about the values', some of which they clip; an image's real zero is not level 0.
  func calibration() throws -> Calibration {
    let layers = try network().layers
    return Calibration(
      input: AffineQuantizer(Bounds(lower: -1.3, upper: 2.1), bits: 8),
      outputs: layers.map {
        AffineQuantizer($0.relu ? Bounds(lower: 0, upper: 4) : Bounds(lower: -3, upper: 3), bits: 8)
      })
  }

  func export() throws -> NetworkExport {
    try NetworkExport(
      network(), parameters: parameters(), calibration: calibration(), options: QuantizationOptions())
  }

  var description: ModelDescription {
    ModelDescription(name: testDescription, text: "", version: "test", metadata: [("label", testDescription)])
  }

  static let count = 2

  /// count × 3 × 8 × 8; the fixture's script makes the same.
  static let images: [Float] = (0..<count * 3 * 64).map {
    Float($0 * 7919 % 1009) * Float(3.4 / 1009) - Float(1.3)
  }

  // MARK: fixtures

  struct Expected: Decodable {
    /// Of every layer, count × C × H × W.
    let levels: [String: Data]
    /// Bit patterns of count × classes, by form.
    let logits: [String: [UInt32]]
  }

  func expected() throws -> Expected {
    try JSONDecoder().decode(Expected.self, from: Self.fixture(testDescription, "json"))
  }

  /// The integer model that ONNX Runtime ran.
  func committedModel() throws -> Data { try Self.fixture(testDescription, "onnx") }

  private static func fixture(_ name: String, _ type: String) throws -> Data {
    let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: type))
    return try Data(contentsOf: url)
  }
}
