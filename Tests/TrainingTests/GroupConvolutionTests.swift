import Networks
import OneDNN
import Tensors
import Testing

@testable import Training

/// Against sums in double precision, over images of several vectors of pixels a row. Scratchpads hold NaN at first.
@Suite struct GroupConvolutionTests {
  @Test(arguments: [(4, 8), (4, 24), (8, 8), (8, 24)], [Layout.Format.blocks8, .blocks16, .channelsLast])
  func equalsDoublePrecision(shape: (groupSize: Int, size: Int), format: Layout.Format) throws {
    let fixture = try fixture(
      groupSize: shape.groupSize, size: shape.size, batchNorm: false, format: format, threads: 1)
    #expect(try fixture.run())
    for (error, most) in zip(fixture.errors(), [1e-6, 1e-6, 2e-6, 2e-6]) { #expect(error < most) }
  }

  @Test(arguments: [4, 8]) func theThreadsChangeNoBit(groupSize: Int) throws {
    let one = try fixture(groupSize: groupSize, size: 16, batchNorm: true, threads: 1)
    let three = try fixture(groupSize: groupSize, size: 16, batchNorm: true, threads: 3)
    #expect(try one.run() && three.run())
    #expect(one.errors().allSatisfy { $0 < 2e-6 })
    for (a, b) in zip(one.results, three.results) {
      #expect(a.buffer.elementsEqual(b.buffer) { $0.bitPattern == $1.bitPattern })
    }
  }

  @Test func otherShapesAreLeftToOneDNN() throws {
    for (groups, size, width) in [(16, 16, 32), (4, 12, 16), (2, 8, 12), (1, 8, 16)] {
      #expect(
        try !GroupConvolution.serves(spatialLayer(groups, size, width, batchNorm: true)),
        "\(groups), \(size), \(width)")
    }
    let strided = try Network(architecture(4, 16, 16, batchNorm: true)).layers.filter { $0.stride == 2 }
    #expect(!strided.isEmpty && strided.allSatisfy { !GroupConvolution.serves($0) })
  }
}

private func architecture(_ groups: Int, _ size: Int, _ width: Int, batchNorm: Bool) -> Architecture {
  var architecture = Architecture()
  architecture.inputSize = size
  architecture.firstWidth = width
  architecture.stages = [Stage(width: width, blocks: 1), Stage(width: width, blocks: 1)]
  architecture.batchNorm = batchNorm
  architecture.factorization = .explicit([groups, groups])
  return architecture
}

private func spatialLayer(_ groups: Int, _ size: Int, _ width: Int, batchNorm: Bool) throws -> Layer {
  try Network(architecture(groups, size, width, batchNorm: batchNorm)).layers[1]
}

/// Of 32 channels.
private func fixture(
  groupSize: Int, size: Int, batchNorm: Bool, format: Layout.Format = .blocks16, threads: Int
) throws -> PassFixture {
  let layer = try spatialLayer(32 / groupSize, size, 32, batchNorm: batchNorm)
  return try PassFixture(layer, format: format) {
    GroupConvolution($0, of: layer, images: $1, format: format, threads: threads)
  }
}
