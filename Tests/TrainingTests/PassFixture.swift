import OneDNN
import Tensors
import Testing

@testable import Networks
@testable import Training

/// The three passes of a convolution over three random images, and what double precision makes of them.
final class PassFixture {
  let layer: Layer
  let format: Layout.Format
  let output, sourceGradient, weightsGradient, biasGradient: AlignedBuffer<Float>
  private let source, weights, bias, gradient: AlignedBuffer<Float>
  private let steps: [(step: any PlanStep, scratchpad: Scratchpad)]
  private let images: Int
  private let passes: [ConvolutionPass]
  /// Those of the passes, of the bias last, if the layer has one.
  var results: [AlignedBuffer<Float>] {
    ofPasses([
      (.forward, output), (.backwardData, sourceGradient), (.backwardWeights, weightsGradient),
      (.backwardWeights, biasGradient),
    ])
  }

  private func ofPasses<Result>(_ all: [(pass: ConvolutionPass, result: Result)]) -> [Result] {
    (layer.bias ? all : all.dropLast()).filter { passes.contains($0.pass) }.map(\.result)
  }

  /// - Parameter make: the code of a pass over so many images, which leaves activations in `format`.
  init(
    _ layer: Layer, format: Layout.Format = .blocks16, images: Int = 3,
    passes: [ConvolutionPass] = [.forward, .backwardData, .backwardWeights],
    _ make: (ConvolutionPass, Int) -> any LayerPass
  ) throws {
    self.layer = layer
    self.format = format
    self.images = images
    self.passes = passes
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
    let buffers: [Argument: AlignedBuffer<Float>] = [
      .source: source, .weights: weights, .bias: bias, .destination: output, .destinationGradient: gradient,
      .sourceGradient: sourceGradient, .weightsGradient: weightsGradient, .biasGradient: biasGradient,
    ]
    let wanted: [ConvolutionPass: [Argument]] = [
      .forward: [.source, .weights, .bias, .destination, .scratchpad],
      .backwardData: [.destinationGradient, .weights, .sourceGradient, .scratchpad],
      .backwardWeights: [.source, .destinationGradient, .weightsGradient, .biasGradient, .scratchpad],
    ]
    steps = try passes.map {
      let (pass, arguments) = (make($0, images), wanted[$0]!)
      let scratchpad = Scratchpad(count: try pass.layout(.scratchpad).bytes / MemoryLayout<Float>.stride)
      let unbiased = arguments.filter { layer.bias || $0 != .bias && $0 != .biasGradient }
      let step = try pass.step(
        try unbiased.map { argument in
          let memory = try Memory(pass.layout(argument), engine: engine)
          try memory.bind(to: buffers[argument]?.base ?? scratchpad.values.base)
          return (argument, memory)
        })
      return (step, scratchpad)
    }
    for result in results { result.base.update(repeating: .nan, count: result.count) }
  }

  /// A pass's own, all NaN, as are some values behind it.
  private struct Scratchpad {
    let values: AlignedBuffer<Float>
    let count: Int

    init(count: Int) {
      self.count = count
      values = AlignedBuffer(count: count + 64)
      values.base.update(repeating: .nan, count: values.count)
    }

    var isWithinBounds: Bool { values.buffer[count...].allSatisfy(\.isNaN) }
  }

  /// - Returns: whether no pass wrote behind its scratchpad.
  func run() throws -> Bool {
    try steps.allSatisfy {
      try $0.step.execute()
      return $0.scratchpad.isWithinBounds
    }
  }

  /// The largest error of each result, relative to its largest value.
  func errors() -> [Double] { zip(results, ofPasses(expected())).map(error) }

  private func error(_ found: AlignedBuffer<Float>, _ expected: [Double]) -> Double {
    let largest = expected.map(abs).max()!
    return zip(found.buffer, expected).map { abs(Double($0) - $1) / largest }.reduce(0, largestOrNaN)
  }

  private func at(_ image: Int, _ channel: Int, _ channels: Int, _ y: Int, _ x: Int, _ size: Int) -> Int {
    let width = format == .channelsLast ? channels : format == .blocks8 ? 8 : 16
    return ((image * channels / width + channel / width) * size * size + y * size + x) * width
      + channel % width
  }

  /// As the definition reads.
  private func expected() -> [(pass: ConvolutionPass, result: [Double])] {
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
            var sum = layer.bias ? Double(bias.base[o]) : 0
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
    return [(.forward, y), (.backwardData, dx), (.backwardWeights, dw), (.backwardWeights, db)]
  }
}

/// A 3 × 3 layer.
struct ConvolutionShape: CustomTestStringConvertible {
  let layer: Layer
  var testDescription: String {
    "\(layer.inChannels) → \(layer.outChannels), \(layer.groups) groups, stride \(layer.stride), \(layer.inputSize)²"
  }

  /// - Parameter pads: if not as the networks' layers have them, for size / stride pixels, rounded up.
  init(
    _ groups: Int, _ inputs: Int, _ outputs: Int, _ stride: Int, _ size: Int, kernel: Int = 3,
    pads: (Int, Int)? = nil, batchNorm: Bool = false
  ) {
    let pad = max(0, ((size + stride - 1) / stride - 1) * stride + kernel - size)
    let pads = pads ?? (pad / 2, pad - pad / 2)
    layer = Layer(
      name: "layer", role: .regular, block: 0, inChannels: inputs, outChannels: outputs, kernel: kernel,
      stride: stride, groups: groups, inputSize: size,
      outputSize: (size + pads.0 + pads.1 - kernel) / stride + 1, padBefore: pads.0, padAfter: pads.1,
      poolsInput: false, batchNorm: batchNorm, relu: true)
  }
}

/// NaN if either is.
func largestOrNaN(_ a: Double, _ b: Double) -> Double { a.isNaN || b.isNaN ? .nan : max(a, b) }
