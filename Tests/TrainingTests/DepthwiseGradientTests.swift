import OneDNN
import Tensors
import Testing

@testable import Networks
@testable import Training

/// Against sums in double precision. Scratchpads hold NaN at first.
@Suite struct DepthwiseGradientTests {
  /// Even and odd sizes, one pixel, and paddings of other networks.
  static let shapes = [
    ConvolutionShape(32, 32, 32, 1, 8), ConvolutionShape(16, 16, 16, 1, 7),
    ConvolutionShape(16, 16, 16, 1, 9, pads: (0, 0)),
    ConvolutionShape(16, 16, 16, 1, 9, pads: (2, 0)), ConvolutionShape(16, 16, 16, 1, 1),
    ConvolutionShape(16, 16, 16, 2, 16),
    ConvolutionShape(48, 48, 48, 2, 15), ConvolutionShape(16, 16, 16, 2, 16, pads: (1, 1)),
    ConvolutionShape(16, 16, 16, 2, 9, pads: (0, 0)),
    ConvolutionShape(16, 16, 16, 2, 10, pads: (0, 0)), ConvolutionShape(16, 16, 16, 2, 8, pads: (2, 1)),
    ConvolutionShape(16, 16, 16, 2, 1),
  ]

  @Test(arguments: shapes, [Layout.Format.blocks8, .blocks16, .channelsLast])
  func equalsDoublePrecision(shape: ConvolutionShape, format: Layout.Format) throws {
    #expect(DepthwiseGradient.serves(shape.layer))
    let fixture = try fixture(shape, format: format)
    #expect(try fixture.run())
    for error in fixture.errors() { #expect(error < 1e-6) }
  }

  @Test(arguments: [1, 2]) func theThreadsChangeNoBit(stride: Int) throws {
    let shape = ConvolutionShape(48, 48, 48, stride, 12)
    let (one, three) = (try fixture(shape), try fixture(shape, threads: 3))
    #expect(try one.run() && three.run())
    #expect(one.results[0].buffer.elementsEqual(three.results[0].buffer) { $0.bitPattern == $1.bitPattern })
  }

  @Test func otherShapesAreLeftToOneDNN() {
    #expect(!DepthwiseGradient.serves(ConvolutionShape(12, 12, 12, 1, 8).layer))
    #expect(!DepthwiseGradient.serves(ConvolutionShape(16, 16, 32, 1, 8).layer))
    #expect(!DepthwiseGradient.serves(ConvolutionShape(8, 16, 16, 1, 8).layer))
    #expect(!DepthwiseGradient.serves(ConvolutionShape(16, 16, 16, 3, 9).layer))
    #expect(!DepthwiseGradient.serves(ConvolutionShape(16, 16, 16, 1, 8, kernel: 5).layer))
  }

  private func fixture(
    _ shape: ConvolutionShape, format: Layout.Format = .blocks8, threads: Int = 1
  ) throws -> PassFixture {
    try PassFixture(shape.layer, format: format, passes: [.backwardData]) {
      DepthwiseGradient(of: shape.layer, images: $1, format: format, threads: threads)
    }
  }
}
