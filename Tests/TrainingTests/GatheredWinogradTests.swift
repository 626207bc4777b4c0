import Networks
import OneDNN
import Tensors
import Testing

@testable import Training

/// Groups of 32 channels and more by Winograd beside the same by direct convolution.
///
/// Float sums over 128 images of 64 to 1024 pixels: 10⁻⁴ of a tensor's largest value.
@Suite(.enabled(if: Engine.hasWinograd, "Winograd needs AVX-512 and oneDNN 2"))
struct GatheredWinogradTests {
  private static let batch = 128

  /// One slice in parts; slices in parts; four groups; three vectors of channels in a group. (With BatchNorm over
  /// larger images rounding decides some ReLUs otherwise.)
  @Test(
    arguments: [
      (groups: 2, width: 64, size: 16, batchNorm: true), (2, 64, 16, false), (2, 64, 32, false),
      (4, 128, 8, true),
      (2, 96, 8, true), (2, 96, 8, false),
    ], [1, 2])
  func groupsEqualDirectConvolutions(
    shape: (groups: Int, width: Int, size: Int, batchNorm: Bool), threads: Int
  ) throws {
    let network = try network(shape.groups, shape.width, shape.size, batchNorm: shape.batchNorm)
    let winograd = try step(network, .automatic, threads: threads)
    let direct = try step(network, .direct, threads: threads)
    #expect(worst(try winograd.gradients(), try direct.gradients()).error < 1e-4)
    let used = winograd.algorithms.filter { $0.implementation.contains("wino") }
    #expect(used.map(\.layer) == Array(repeating: network.layers[1].name, count: 3))
  }

  @Test(arguments: [(ConvolutionPass.forward, 2), (.backwardData, 2), (.backwardWeights, 4)])
  func aBatchHasParts(pass: ConvolutionPass, parts: Int) throws {
    let options = CompilationOptions(
      count: Self.batch, purpose: .training, algorithm: .automatic, threads: 1, sliceBytes: 4 << 20,
      engine: try Engine())
    let layer = try network(2, 64, 16, batchNorm: true).layers[1]
    let code = try GatheredWinograd(pass, of: layer, images: Self.batch, options)
    #expect(code.parts.ranges.count == parts)
  }

  @Test func theSameStepHasTheSameBits() throws {
    let network = try network(2, 64, 16, batchNorm: true)
    let first = try step(network, .automatic, threads: 1).gradients()
    let second = try step(network, .automatic, threads: 1).gradients()
    #expect(first == second)
  }

  @Test func anInferenceOverFewerImagesIsThatOverAll() throws {
    let network = try network(2, 64, 16, batchNorm: true)
    let trained = try step(network, .automatic, threads: 1)
    let inference = try CompiledNetwork(network, batch: Self.batch, purpose: .inference)
    try inference.load(try trained.parameters())
    let some = images(of: network)
    _ = inference.images.update(fromContentsOf: some)
    try inference.infer(count: Self.batch)
    let all = Array(inference.logits)
    try inference.infer(count: 5)
    let classes = network.architecture.classes
    #expect(zip(inference.logits.prefix(5 * classes), all).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func smallGroupsAndOtherShapesAreLeftToDirectConvolutions() throws {
    for (width, serves) in [(32, false), (48, false), (64, true), (96, true), (72, false)] {
      let layers = try network(2, width, 16, batchNorm: true).layers
      #expect(GatheredWinograd.serves(layers[1]) == serves, "\(width) channels")
      #expect(
        !layers.filter { $0.kernel == 1 || $0.stride == 2 || $0.isDense }.contains(
          where: GatheredWinograd.serves))
    }
  }

  private func network(_ groups: Int, _ width: Int, _ size: Int, batchNorm: Bool) throws -> Network {
    var architecture = Architecture()
    architecture.inputSize = size
    architecture.firstWidth = width
    architecture.stages = [Stage(width: width, blocks: 1), Stage(width: 16, blocks: 1)]
    architecture.batchNorm = batchNorm
    architecture.factorization = .uniform(groups)
    return try Network(architecture)
  }

  private func images(of network: Network) -> [Float] {
    var random = RandomStream(seed: 3, purpose: .syntheticData)
    return (0..<Self.batch * network.layers[0].inputCount).map { _ in random.uniform() }
  }

  private func step(
    _ network: Network, _ algorithm: ConvolutionAlgorithm, threads: Int
  ) throws -> CompiledNetwork {
    let compiled = try CompiledNetwork(
      network, batch: Self.batch, purpose: .training, algorithm: algorithm, threads: threads)
    try compiled.load(Parameters(Initialization().parameters(of: network, seed: 1)))
    _ = compiled.images.update(fromContentsOf: images(of: network))
    let labels = (0..<Self.batch).map { Int32($0 % 10) }
    _ = try labels.withUnsafeBufferPointer {
      try compiled.trainStep(
        count: Self.batch, labels: $0, learningRate: 0.05, momentum: 0.9, weightDecay: 0)
    }
    return compiled
  }
}
