import Foundation
import Networks
import Testing

private func network(_ change: (inout Architecture) -> Void) throws -> Network {
  var architecture = Architecture()
  change(&architecture)
  return try Network(architecture)
}

private func geometry(_ layer: Layer) -> [Int] {
  [layer.padBefore, layer.padAfter, layer.stride, layer.outputSize]
}

@Suite struct NetworkTests {
  @Test(
    "SPEC A4: MAC and parameter totals of the thesis's eight networks, to the last one",
    arguments: [
      ("Regular", Factorization.none), ("f2", .uniform(2)), ("f4", .uniform(4)), ("f8", .uniform(8)),
      ("f16", .uniform(16)), ("f_init2", .reversePyramid(2)), ("f_init4", .reversePyramid(4)),
      ("DWS", .depthwise),
    ])
  func publishedTotals(name: String, factorization: Factorization) throws {
    struct Published: Decodable {
      struct Inferred: Decodable {
        let mmacs: [String: Double]
        let conv_params: [String: Int]
      }
      let inferred_architecture: Inferred
    }
    let published = try JSONDecoder().decode(Published.self, from: fixture("published-results.json"))
    let cost = try network { $0.factorization = factorization }.convolutionCost
    let mmacs = try #require(published.inferred_architecture.mmacs[name])
    #expect(cost.macs == Int((mmacs * 1e6).rounded()))
    #expect(cost.weights == published.inferred_architecture.conv_params[name])
  }

  @Test("Parameters of the regular network, counted by hand")
  func regularParameters() throws {
    let convolutions = [
      (3, 64), (64, 64), (64, 64), (64, 128), (128, 128), (128, 128), (128, 256), (256, 256), (256, 256),
    ]
    let weights = convolutions.map { 9 * $0 * $1 }.reduce(0, +)
    let channels = convolutions.map(\.1).reduce(0, +)
    let dense = 16_384 * 128 + 128 * 128 + 128 * 10
    #expect(weights == 1_918_656 && channels == 1_344 && dense == 2_114_816)
    let cost = try network { _ in }.cost
    #expect(cost.weights == weights + dense)
    #expect(cost.parameters == weights + 2 * channels + dense + 266)
    #expect(cost.macs == 266_010_624 + dense)
    #expect(cost.float32Bytes == 4 * (weights + channels + dense + 266))
    #expect(cost.uint8Bytes == weights + dense + 4 * (channels + 266))
    let plain = try network { $0.batchNorm = false }.cost
    #expect(plain.parameters == weights + channels + dense + 266)
    #expect(plain.float32Bytes == cost.float32Bytes)
  }

  @Test("The chain: every layer takes what the one before gives", arguments: Downsampling.allCases)
  func chain(downsampling: Downsampling) throws {
    let network = try network {
      $0.factorization = .reversePyramid(2)
      $0.downsampling = downsampling
    }
    #expect(network.convolutionCost.macs == 104_267_776)
    for (before, after) in zip(network.layers, network.layers.dropFirst()) {
      if after.isDense {
        #expect(after.inChannels == before.outputCount)
      } else {
        #expect(after.inChannels == before.outChannels)
        #expect(after.inputSize * (after.poolsInput ? 2 : 1) == before.outputSize)
      }
    }
    #expect(Set(network.layers.map(\.name)).count == network.layers.count)
    #expect(network.layers.map(\.block).compactMap { $0 } == (0..<8).flatMap { [$0, $0] })
    #expect(network.layers.filter { !$0.relu }.map(\.name) == ["dense3"])
    #expect(network.layers.filter(\.bias).map(\.name) == ["dense1", "dense2", "dense3"])
  }

  @Test("TensorFlow SAME padding: one on every side at stride 1, none before and one after at stride 2")
  func padding() throws {
    let layers = try network { $0.factorization = .depthwise }.layers
    let first = try #require(layers.first { $0.name == "stage1.0.spatial" })
    #expect(geometry(first) == [1, 1, 1, 32])
    let strided = try #require(layers.first { $0.name == "stage2.0.spatial" })
    #expect(geometry(strided) == [0, 1, 2, 16])
    #expect(strided.groups == 64 && strided.weightShape == [64, 1, 3, 3])
    let pointwise = try #require(layers.first { $0.name == "stage2.0.pointwise" })
    #expect(geometry(pointwise) == [0, 0, 1, 16])
    #expect(pointwise.weightShape == [128, 64, 1, 1])
  }

  @Test("f_init keeps the channels per group; f_init = 64 is depthwise; rate 1 is a regular block")
  func schemes() throws {
    let pyramid = try network { $0.factorization = .reversePyramid(4) }
    #expect(Set(pyramid.layers.filter { $0.role == .spatial }.map { $0.inChannels / $0.groups }) == [16])
    let depthwise = try network { $0.factorization = .depthwise }
    #expect(try network { $0.factorization = .reversePyramid(64) }.layers == depthwise.layers)
    let regular = try network { _ in }
    #expect(try network { $0.factorization = .uniform(1) }.layers == regular.layers)
    let mixed = try network { $0.factorization = .explicit([1, 1, 2, 2, 4, 4, 8, 8]) }
    #expect(mixed.layers.prefix(4).map(\.role) == [.first, .regular, .regular, .spatial])
  }

  @Test("Macroarchitecture is a parameter")
  func otherMacroarchitecture() throws {
    let network = try network {
      $0.inputSize = 28
      $0.inputChannels = 1
      $0.firstWidth = 8
      $0.stages = [Stage(width: 8, blocks: 1), Stage(width: 12, blocks: 1)]
      $0.head = []
      $0.classes = 4
      $0.batchNorm = false
    }
    #expect(network.layers.map(\.name) == ["conv1", "stage1.0.conv", "stage2.0.conv", "dense1"])
    #expect(network.layers.map(\.weightCount) == [72, 576, 864, 12 * 14 * 14 * 4])
    #expect(network.cost.macs == 72 * 784 + 576 * 784 + 864 * 196 + 9408)
  }

  @Test("The layer table")
  func summary() throws {
    let summary = NetworkSummary(try network { $0.factorization = .uniform(4) })
    #expect(summary.cells.allSatisfy { $0.count == NetworkSummary.columns.count })
    #expect(
      summary.cells[1] == [
        "stage1.0.spatial", "64×32×32", "64×32×32", "3×3", "4", "1", "yes", "9,437,184", "9,216", "9,344",
        "37,120", "9,472",
      ])
    #expect(
      summary.cells[17] == [
        "dense1", "16384", "128", "", "", "", "", "2,097,152", "2,097,152", "2,097,280", "8,389,120",
        "2,097,664",
      ])
    #expect(summary.cells.suffix(2).map { $0[0] } == ["convolutions", "all layers"])
    #expect(summary.convolutions.macs == 92_471_296)
    let decoded = try JSONDecoder().decode(NetworkSummary.self, from: JSONEncoder().encode(summary))
    #expect(decoded == summary)
  }
}

func fixture(_ name: String) throws -> Data {
  let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
  return try Data(contentsOf: folder.appendingPathComponent(name))
}
