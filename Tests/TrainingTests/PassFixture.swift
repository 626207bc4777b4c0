import Networks
import OneDNN
import Tensors

@testable import Training

/// The three passes of a convolution over three random images, and what double precision makes of them.
final class PassFixture {
  let layer: Layer
  let format: Layout.Format
  let scratchpad: AlignedBuffer<Float>
  let output, sourceGradient, weightsGradient, biasGradient: AlignedBuffer<Float>
  private let source, weights, bias, gradient: AlignedBuffer<Float>
  private let steps: [any PlanStep]
  private let images: Int
  var results: [AlignedBuffer<Float>] { [output, sourceGradient, weightsGradient, biasGradient] }

  /// - Parameter make: the code of a pass over so many images, which leaves activations in `format`.
  init(
    _ layer: Layer, format: Layout.Format = .blocks16, images: Int = 3,
    _ make: (ConvolutionPass, Int) -> any LayerPass
  ) throws {
    self.layer = layer
    self.format = format
    self.images = images
    func random(_ count: Int, _ seed: UInt64) -> AlignedBuffer<Float> {
      let buffer = AlignedBuffer<Float>(count: count)
      var state = seed
      for i in 0..<count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        buffer.base[i] = Float(state >> 40) / Float(1 << 24) - 0.4
      }
      return buffer
    }
    let inputs = images * layer.inChannels * layer.inputSize * layer.inputSize
    let outputs = images * layer.outputCount
    (source, gradient) = (random(inputs, 1), random(outputs, 2))
    (weights, bias) = (random(layer.weightCount, 3), random(layer.outChannels, 4))
    (output, sourceGradient) = (AlignedBuffer(count: outputs), AlignedBuffer(count: inputs))
    weightsGradient = AlignedBuffer(count: weights.count)
    biasGradient = AlignedBuffer(count: layer.outChannels)
    let engine = try Engine()
    let passes = [ConvolutionPass.forward, .backwardData, .backwardWeights].map { make($0, images) }
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
      try pass.step(
        try arguments.map { argument in
          let memory = try Memory(pass.layout(argument), engine: engine)
          try memory.bind(to: buffers[argument]!.base)
          return (argument, memory)
        })
    }
  }

  func run() throws { for step in steps { try step.execute() } }

  /// The largest error of each result, relative to its largest value.
  func errors() -> [Double] { zip(results, expected()).map(error) }

  private func error(_ found: AlignedBuffer<Float>, _ expected: [Double]) -> Double {
    zip(found.buffer, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
      / expected.reduce(0) { max($0, abs($1)) }
  }

  private func at(_ image: Int, _ channel: Int, _ channels: Int, _ y: Int, _ x: Int, _ size: Int) -> Int {
    let width = format == .channelsLast ? channels : format == .blocks8 ? 8 : 16
    return ((image * channels / width + channel / width) * size * size + y * size + x) * width
      + channel % width
  }

  /// As the definition reads.
  private func expected() -> [[Double]] {
    var (y, dx) = ([Double](repeating: 0, count: output.count), [Double](repeating: 0, count: source.count))
    var dw = [Double](repeating: 0, count: weights.count)
    var db = [Double](repeating: 0, count: layer.outChannels)
    let (inputs, outputs) = (layer.inChannels / layer.groups, layer.outChannels / layer.groups)
    let inside = 0..<layer.inputSize
    for image in 0..<images {
      for o in 0..<layer.outChannels {
        for row in 0..<layer.outputSize {
          for column in 0..<layer.outputSize {
            let here = at(image, o, layer.outChannels, row, column, layer.outputSize)
            let g = Double(gradient.base[here])
            var sum = Double(bias.base[o])
            db[o] += g
            for i in 0..<inputs {
              for tap in 0..<9 {
                let r = row * layer.stride + tap / 3 - layer.padBefore
                let c = column * layer.stride + tap % 3 - layer.padBefore
                guard inside.contains(r), inside.contains(c) else { continue }
                let from = at(image, o / outputs * inputs + i, layer.inChannels, r, c, layer.inputSize)
                let weight = (o * inputs + i) * 9 + tap
                sum += Double(source.base[from]) * Double(weights.base[weight])
                dx[from] += g * Double(weights.base[weight])
                dw[weight] += g * Double(source.base[from])
              }
            }
            y[here] = layer.relu && !layer.batchNorm ? max(sum, 0) : sum
          }
        }
      }
    }
    return [y, dx, dw, db]
  }
}
