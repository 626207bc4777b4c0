import Networks
import Quantization
import Testing

/// A layer computed on real numbers in double precision from dequantized inputs, weights and bias.
struct SimulatedLayer {
  let layer: Layer
  let before: Layer?
  let weights: QuantizedWeights
  let bias: [Float]
  let input: AffineQuantizer
  let output: AffineQuantizer

  init(
    _ layer: Layer, flattens before: Layer?, _ folded: FoldedLayer, input: AffineQuantizer,
    output: AffineQuantizer
  ) {
    self.layer = layer
    self.before = before
    weights = QuantizedWeights(folded.weight, options: QuantizationOptions())
    bias = folded.bias
    self.input = input
    self.output = output
  }

  /// - Parameters: levels, images × H × W × C.
  /// - Returns: how many levels differ, each of which must be within 1e-4 of a tie.
  func compare(_ inputs: [UInt16], _ outputs: [UInt16], images: Int) -> Int {
    let x = planes(inputs, images: images)
    let scale = Double(input.scale) * Double(weights.quantizers[0].scale)
    var ties = 0
    for i in outputs.indices {
      let o = i % layer.outChannels
      let pixel = i / layer.outChannels % (layer.outputSize * layer.outputSize)
      let image = i / layer.outputCount
      let roundedBias = (Double(bias[o]) / scale).rounded(.toNearestOrEven) * scale
      let real = roundedBias + window(x[image], o, pixel / layer.outputSize, pixel % layer.outputSize)
      let steps = (layer.relu ? max(real, 0) : real) / Double(output.scale)
      let exact = min(max(steps + Double(output.zeroPoint), 0), Double(output.lastLevel))
      if abs(exact - Double(outputs[i])) <= 0.5 && exact.rounded(.toNearestOrEven) == Double(outputs[i]) {
        continue
      }
      ties += 1
      #expect(abs(exact - Double(outputs[i])) < 0.5001, "\(layer.name), output \(i)")
    }
    return ties
  }

  /// Real inputs, image by image, C × H × W (after the max-pool) or flattened in that order.
  private func planes(_ levels: [UInt16], images: Int) -> [[Double]] {
    let perImage = levels.count / images
    let channels = before?.outChannels ?? layer.inChannels
    let pixels = perImage / channels
    return (0..<images).map { n in
      let values = (0..<perImage).map { i in
        Double(input.scale)
          * Double(Int32(levels[n * perImage + i % pixels * channels + i / pixels]) - input.zeroPoint)
      }
      return layer.poolsInput ? pooled(values) : values
    }
  }

  private func pooled(_ values: [Double]) -> [Double] {
    let size = layer.inputSize
    return (0..<layer.inChannels * size * size).map { i in
      let (c, y, x) = (i / (size * size), i / size % size, i % size)
      let corner = (c * 2 * size + 2 * y) * 2 * size + 2 * x
      return [0, 1, 2 * size, 2 * size + 1].map { values[corner + $0] }.max()!
    }
  }

  private func window(_ x: [Double], _ o: Int, _ row: Int, _ column: Int) -> Double {
    let perGroup = layer.inChannels / layer.groups
    let first = o / (layer.outChannels / layer.groups) * perGroup
    let quantizer = weights.quantizer(ofChannel: o)
    let size = layer.inputSize
    var sum = 0.0
    for c in 0..<perGroup {
      for ky in 0..<layer.kernel {
        for kx in 0..<layer.kernel {
          let (y, z) = (
            row * layer.stride + ky - layer.padBefore, column * layer.stride + kx - layer.padBefore
          )
          guard (0..<size).contains(y), (0..<size).contains(z) else { continue }
          let w = weights.levels[((o * perGroup + c) * layer.kernel + ky) * layer.kernel + kx]
          sum +=
            x[((first + c) * size + y) * size + z] * Double(quantizer.scale)
            * Double(Int32(w) - quantizer.zeroPoint)
        }
      }
    }
    return sum
  }
}
