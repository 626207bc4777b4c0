import OneDNN
import Tensors
import Testing

@testable import Networks
@testable import Training

/// Against sums in double precision.
@Suite struct WinogradConvolutionTests {
  /// Whole tiles and tiles that reach beyond the edges; several parts; channels in other numbers out than in.
  static let shapes = [
    Shape(groups: 1, inputs: 16, outputs: 32, stride: 1, size: 8), Shape(1, 32, 16, 1, 32),
    Shape(2, 32, 96, 1, 10), Shape(1, 16, 16, 1, 3), Shape(1, 48, 16, 2, 16), Shape(2, 64, 32, 2, 8),
    Shape(1, 16, 16, 2, 32), Shape(1, 16, 32, 2, 12), Shape(1, 16, 16, 2, 9), Shape(3, 48, 48, 2, 3),
  ]

  @Test(arguments: shapes, [Layout.Format.blocks8, .blocks16, .channelsLast])
  func equalsDoublePrecision(shape: Shape, format: Layout.Format) throws {
    let fixture = try fixture(shape, format: format)
    try fixture.run()
    for error in fixture.errors() { #expect(error < 4e-6) }
  }

  @Test(arguments: [1, 2]) func theThreadsChangeNoBit(stride: Int) throws {
    let shape = Shape(1, 32, 48, stride, 16)
    let (one, three) = (try fixture(shape), try fixture(shape, threads: 3))
    try one.run()
    try three.run()
    for (a, b) in zip(one.results, three.results) {
      #expect(a.buffer.elementsEqual(b.buffer) { $0.bitPattern == $1.bitPattern })
    }
  }

  /// What a layer before has left in the scratchpad must not come in through the padding.
  @Test(arguments: [1, 2]) func theScratchpadMayHoldAnything(stride: Int) throws {
    let shape = Shape(1, 16, 16, stride, 10)
    let (clean, dirty) = (try fixture(shape, threads: 2), try fixture(shape, threads: 2))
    dirty.scratchpad.base.update(repeating: .nan, count: dirty.scratchpad.count)
    try clean.run()
    try dirty.run()
    for (a, b) in zip(clean.results, dirty.results) { #expect(a.buffer.elementsEqual(b.buffer)) }
  }

  @Test func otherShapesAreLeftToOneDNN() throws {
    #expect(!WinogradConvolution.serves(Shape(1, 24, 16, 1, 8).layer))
    #expect(!WinogradConvolution.serves(Shape(2, 48, 32, 1, 8).layer))
    #expect(!WinogradConvolution.serves(Shape(1, 16, 16, 3, 9).layer))
    let network = try Network(Architecture())
    #expect(
      network.layers.filter(WinogradConvolution.serves).map(\.name)
        == network.layers.filter { $0.role == .regular }.map(\.name))
  }

  struct Shape: CustomTestStringConvertible {
    let layer: Layer
    var testDescription: String {
      "\(layer.inChannels) → \(layer.outChannels), \(layer.groups) groups, stride \(layer.stride), \(layer.inputSize)²"
    }

    init(groups: Int, inputs: Int, outputs: Int, stride: Int, size: Int) {
      self.init(groups, inputs, outputs, stride, size)
    }

    /// Padded as the networks' layers are: the result has size / stride pixels, rounded up.
    init(_ groups: Int, _ inputs: Int, _ outputs: Int, _ stride: Int, _ size: Int) {
      let result = (size + stride - 1) / stride
      let pad = (result - 1) * stride + 3 - size
      layer = Layer(
        name: "layer", role: .regular, block: 0, inChannels: inputs, outChannels: outputs, kernel: 3,
        stride: stride, groups: groups, inputSize: size, outputSize: result, padBefore: pad / 2,
        padAfter: pad - pad / 2, poolsInput: false, batchNorm: false, relu: true)
    }
  }

  private func fixture(
    _ shape: Shape, format: Layout.Format = .blocks16, threads: Int = 1
  ) throws -> PassFixture {
    try PassFixture(shape.layer, format: format) {
      WinogradConvolution($0, of: shape.layer, images: $1, format: format, threads: threads)
    }
  }
}
