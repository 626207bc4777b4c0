import Benchmarks
import Networks
import Testing

@Suite struct StepWorkTests {
  /// 3 × 3, 64 → 64 at 32 × 32, two images: 9·64·64·1024 MACs an image; 2·64·1024 values in and out.
  @Test func aConvolutionByHand() throws {
    let layer = try Network(Architecture()).layers[1]
    for pass in ["forward", "backward-data", "backward-weights"] {
      let work = try #require(StepWork(pass, of: layer, batch: 2))
      #expect(work.operations == 2 * 2 * 9 * 64 * 64 * 1024)
      #expect(work.bytes == 4 * (2 * 2 * 64 * 1024 + 9 * 64 * 64))
    }
    let normalization = try #require(StepWork("batch normalization backward", of: layer, batch: 2))
    #expect(normalization.operations == 0 && normalization.bytes == 4 * 3 * 2 * 64 * 1024)
    #expect(StepWork("reorder", of: layer, batch: 2) == nil)
  }

  @Test func theSlowerOfArithmeticAndMemoryLimits() throws {
    let layer = try Network(Architecture()).layers[1]
    let work = try #require(StepWork("forward", of: layer, batch: 2))
    #expect(work.leastSeconds(gigaops: 1, gigabytes: 1e9) == 1e-9 * Double(work.operations))
    #expect(work.leastSeconds(gigaops: 1e9, gigabytes: 1) == 1e-9 * Double(work.bytes))
  }

  /// SPEC A4: 266.010624 million MACs in the convolutions; 16384·128 + 128·128 + 128·10 in the head.
  @Test func operationsOfTheRegularNetwork() throws {
    let network = try Network(Architecture())
    let macs = 266_010_624 + 16_384 * 128 + 128 * 128 + 1280
    #expect(network.operations(trains: false) == 2 * macs)
    #expect(network.operations(trains: true) == 2 * (3 * macs - 9 * 3 * 64 * 1024))
  }
}
