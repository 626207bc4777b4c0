import Foundation
import Networks
import OneDNN
import Tensors
import Testing

@testable import Training

/// Against sums in double precision, over images of several vectors of pixels a row.
@Suite struct GroupConvolutionTests {
  @Test(arguments: [(4, 8), (4, 24), (8, 8), (8, 24)], [Layout.Format.blocks16, .channelsLast])
  func equalsDoublePrecision(shape: (groupSize: Int, size: Int), format: Layout.Format) throws {
    let fixture = try Fixture(
      groupSize: shape.groupSize, size: shape.size, batchNorm: false, format: format, threads: 1)
    try fixture.run()
    let expected = fixture.expected()
    #expect(fixture.error(fixture.output, expected.output) < 1e-6)
    #expect(fixture.error(fixture.sourceGradient, expected.sourceGradient) < 1e-6)
    #expect(fixture.error(fixture.weightsGradient, expected.weightsGradient) < 2e-6)
    #expect(fixture.error(fixture.biasGradient, expected.biasGradient) < 2e-6)
  }

  @Test(arguments: [4, 8]) func theThreadsChangeNoBit(groupSize: Int) throws {
    let one = try Fixture(groupSize: groupSize, size: 16, batchNorm: true, threads: 1)
    let three = try Fixture(groupSize: groupSize, size: 16, batchNorm: true, threads: 3)
    try one.run()
    try three.run()
    for (a, b) in zip(one.results, three.results) {
      #expect(a.buffer.elementsEqual(b.buffer) { $0.bitPattern == $1.bitPattern })
    }
  }

  /// What a layer before has left in the scratchpad must not come in through the padding.
  @Test func theScratchpadMayHoldAnything() throws {
    let clean = try Fixture(groupSize: 4, size: 8, batchNorm: true, threads: 2)
    let dirty = try Fixture(groupSize: 4, size: 8, batchNorm: true, threads: 2)
    dirty.scratchpad.base.update(repeating: .nan, count: dirty.scratchpad.count)
    try clean.run()
    try dirty.run()
    for (a, b) in zip(clean.results, dirty.results) { #expect(a.buffer.elementsEqual(b.buffer)) }
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

/// Three images of 32 channels.
private final class Fixture {
  let layer: Layer
  let groupSize: Int
  let size: Int
  let format: Layout.Format
  let scratchpad: AlignedBuffer<Float>
  let source, weights, bias, gradient: AlignedBuffer<Float>
  let output, sourceGradient, weightsGradient, biasGradient: AlignedBuffer<Float>
  private let steps: [any PlanStep]
  private let images = 3
  private let channels = 32
  var results: [AlignedBuffer<Float>] { [output, sourceGradient, weightsGradient, biasGradient] }

  init(
    groupSize: Int, size: Int, batchNorm: Bool, format: Layout.Format = .blocks16, threads: Int
  ) throws {
    self.groupSize = groupSize
    self.format = format
    self.size = size
    layer = try spatialLayer(channels / groupSize, size, channels, batchNorm: batchNorm)
    let pixels = size * size
    let count = images * channels * pixels
    func random(_ count: Int, _ seed: UInt64) -> AlignedBuffer<Float> {
      let buffer = AlignedBuffer<Float>(count: count)
      var state = seed
      for i in 0..<count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        buffer.base[i] = Float(state >> 40) / Float(1 << 24) - 0.4
      }
      return buffer
    }
    (source, gradient) = (random(count, 1), random(count, 2))
    (weights, bias) = (random(channels * groupSize * 9, 3), random(channels, 4))
    (output, sourceGradient) = (AlignedBuffer(count: count), AlignedBuffer(count: count))
    (weightsGradient, biasGradient) = (AlignedBuffer(count: weights.count), AlignedBuffer(count: channels))
    let engine = try Engine()
    let passes = [ConvolutionPass.forward, .backwardData, .backwardWeights].map { [layer, images] in
      GroupConvolution($0, of: layer, images: images, format: format, threads: threads)
    }
    let scratch = try passes.map { try $0.layout(.scratchpad).bytes / MemoryLayout<Float>.stride }.max()!
    scratchpad = AlignedBuffer(count: scratch)
    let buffers: [Argument: AlignedBuffer<Float>] = [
      .source: source, .weights: weights, .bias: bias, .destination: output, .destinationGradient: gradient,
      .sourceGradient: sourceGradient, .weightsGradient: weightsGradient, .biasGradient: biasGradient,
      .scratchpad: scratchpad,
    ]
    let wanted: [[Argument]] = [
      [.source, .weights, .bias, .destination, .scratchpad],
      [.destinationGradient, .weights, .sourceGradient, .scratchpad],
      [.source, .destinationGradient, .weightsGradient, .biasGradient, .scratchpad],
    ]
    steps = try zip(passes, wanted).map { pass, arguments in
      pass.step(
        try arguments.map { argument in
          let memory = try Memory(pass.layout(argument), engine: engine)
          try memory.bind(to: buffers[argument]!.base)
          return (argument, memory)
        })
    }
  }

  func run() throws { for step in steps { try step.execute() } }

  private func at(_ image: Int, _ channel: Int, _ y: Int, _ x: Int) -> Int {
    let width = format == .channelsLast ? channels : 16
    return ((image * channels / width + channel / width) * size * size + y * size + x) * width
      + channel % width
  }

  /// As the definition reads.
  func expected() -> (
    output: [Double], sourceGradient: [Double], weightsGradient: [Double], biasGradient: [Double]
  ) {
    var y = [Double](repeating: 0, count: output.count)
    var dx = y
    var dw = [Double](repeating: 0, count: weights.count)
    var db = [Double](repeating: 0, count: channels)
    for image in 0..<images {
      for o in 0..<channels {
        for row in 0..<size {
          for column in 0..<size {
            let here = at(image, o, row, column)
            let g = Double(gradient.base[here])
            var sum = Double(bias.base[o])
            db[o] += g
            for i in 0..<groupSize {
              for tap in 0..<9 {
                let (r, c) = (row + tap / 3 - 1, column + tap % 3 - 1)
                guard (0..<size).contains(r), (0..<size).contains(c) else { continue }
                let from = at(image, o / groupSize * groupSize + i, r, c)
                let weight = (o * groupSize + i) * 9 + tap
                sum += Double(source.base[from]) * Double(weights.base[weight])
                dx[from] += g * Double(weights.base[weight])
                dw[weight] += g * Double(source.base[from])
              }
            }
            y[here] = max(sum, 0)
          }
        }
      }
    }
    return (y, dx, dw, db)
  }

  /// The largest difference, relative to the largest value.
  func error(_ found: AlignedBuffer<Float>, _ expected: [Double]) -> Double {
    zip(found.buffer, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
      / expected.reduce(0) { max($0, abs($1)) }
  }
}
