import OneDNN
import Tensors
import Testing

@testable import Networks
@testable import Training

/// Against sums in double precision. Scratchpads hold NaN at first.
@Suite struct WinogradConvolutionTests {
  /// Whole tiles and tiles that reach beyond the edges; one part, whole ones, and a last one of no whole sixes; channels
  /// in other numbers out than in; paddings of other networks.
  static let shapes = [
    ConvolutionShape(1, 16, 32, 1, 8), ConvolutionShape(1, 32, 16, 1, 32), ConvolutionShape(2, 32, 96, 1, 11),
    ConvolutionShape(1, 16, 16, 1, 3),
    ConvolutionShape(1, 32, 32, 1, 28), ConvolutionShape(1, 32, 16, 1, 16, batchNorm: true),
    ConvolutionShape(1, 16, 16, 1, 9, pads: (0, 0)),
    ConvolutionShape(1, 16, 16, 1, 12, pads: (2, 0)), ConvolutionShape(1, 48, 16, 2, 16),
    ConvolutionShape(2, 64, 32, 2, 16),
    ConvolutionShape(1, 16, 16, 2, 32), ConvolutionShape(1, 16, 32, 2, 24),
    ConvolutionShape(1, 16, 16, 2, 15), ConvolutionShape(3, 48, 48, 2, 7),
    ConvolutionShape(1, 32, 32, 2, 40), ConvolutionShape(1, 32, 16, 2, 16, batchNorm: true),
    ConvolutionShape(1, 16, 16, 2, 16, pads: (1, 0)),
    ConvolutionShape(1, 16, 16, 2, 16, pads: (1, 1)),
  ]

  @Test(arguments: shapes, [Layout.Format.blocks8, .blocks16, .channelsLast])
  func equalsDoublePrecision(shape: ConvolutionShape, format: Layout.Format) throws {
    #expect(WinogradConvolution.serves(shape.layer))
    let fixture = try fixture(shape, format: format)
    #expect(try fixture.run())
    for error in fixture.errors() { #expect(error < 4e-6) }
  }

  @Test(arguments: [1, 2]) func theThreadsChangeNoBit(stride: Int) throws {
    let shape = ConvolutionShape(1, 32, 48, stride, 24)
    let (one, three) = (try fixture(shape), try fixture(shape, threads: 3))
    #expect(try one.run() && three.run())
    #expect(one.errors().allSatisfy { $0 < 4e-6 })
    for (a, b) in zip(one.results, three.results) {
      #expect(a.buffer.elementsEqual(b.buffer) { $0.bitPattern == $1.bitPattern })
    }
  }

  @Test func otherShapesAreLeftToOneDNN() throws {
    #expect(!WinogradConvolution.serves(ConvolutionShape(1, 24, 16, 1, 8).layer))
    #expect(!WinogradConvolution.serves(ConvolutionShape(2, 48, 32, 1, 8).layer))
    #expect(!WinogradConvolution.serves(ConvolutionShape(1, 16, 16, 3, 27).layer))
    #expect(!WinogradConvolution.serves(ConvolutionShape(1, 16, 16, 1, 8, kernel: 1).layer))
    #expect(!WinogradConvolution.serves(ConvolutionShape(1, 16, 16, 1, 8, kernel: 5).layer))
    // As many products as a direct convolution's, or more.
    for (stride, size) in [(1, 2), (2, 4), (2, 10)] {
      #expect(!WinogradConvolution.serves(ConvolutionShape(1, 16, 16, stride, size).layer))
    }
    let network = try Network(Architecture())
    #expect(
      network.layers.filter(WinogradConvolution.serves).map(\.name)
        == network.layers.filter { $0.role == .regular }.map(\.name))
  }

  private func fixture(
    _ shape: ConvolutionShape, format: Layout.Format = .blocks16, threads: Int = 1
  ) throws -> PassFixture {
    try PassFixture(shape.layer, format: format) {
      WinogradConvolution($0, of: shape.layer, images: $1, format: format, threads: threads)
    }
  }
}
