import Networks
import Quantization
import Tensors
import Testing
import Training

/// Networks of 8 × 8 images that have every kind of layer, with random parameters.
struct SmallNetwork: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let architecture: Architecture

  init(
    _ name: String, _ factorization: Factorization = .none, batchNorm: Bool = true,
    downsampling: Downsampling = .stride
  ) {
    testDescription = name
    var a = Architecture()
    a.inputSize = 8
    a.firstWidth = 16
    a.stages = [Stage(width: 16, blocks: 1), Stage(width: 32, blocks: 2)]
    a.head = [24]
    a.batchNorm = batchNorm
    a.downsampling = downsampling
    a.factorization = factorization
    architecture = a
  }

  static let all = [
    SmallNetwork("regular"), SmallNetwork("no BatchNorm", batchNorm: false),
    SmallNetwork("max-pool", downsampling: .maxPool), SmallNetwork("depthwise", .depthwise),
    SmallNetwork("groups of 4", .uniform(4)),
    SmallNetwork("pyramid", .reversePyramid(2), downsampling: .maxPool),
  ]

  func network() throws -> Network { try Network(architecture) }

  /// He-like weights; BatchNorm that is far from the identity.
  func parameters(seed: UInt64 = 1) throws -> Parameters {
    var random = RandomStream(seed: seed, purpose: .weights)
    var parameters = Parameters()
    for (name, shape) in try Parameters.expected(for: network()) {
      let fan = Float(shape.extents.dropFirst().reduce(1, *))
      parameters[name] = Tensor(
        shape: shape,
        values: (0..<shape.count).map { _ in
          if name.hasSuffix("running_var") { return 0.5 + random.uniform() }
          if name.hasSuffix("bn.weight") { return 1 + 0.3 * random.normal() }
          return name.hasSuffix("weight") ? random.normal() * (2 / fan).squareRoot() : 0.2 * random.normal()
        })
    }
    return parameters
  }

  /// count × 3 × 8 × 8, uniform in lower ..< upper.
  func images(_ count: Int, lower: Float = 0, upper: Float = 1) -> [Float] {
    var random = RandomStream(seed: 7, purpose: .syntheticData)
    return (0..<count * 3 * 64).map { _ in random.uniform(lower, upper) }
  }
}

extension [Float] {
  func withBuffer<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    try withUnsafeBufferPointer(body)
  }
}
