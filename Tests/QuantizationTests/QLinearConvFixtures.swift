import Foundation
import LayerAnalysis
import OneDNN
import Quantization
import Testing

/// One QLinearConv with ONNX Runtime's output (scripts/fixtures/qlinearconv.py).
struct QLinearConvCase: Decodable, Sendable, CustomTestStringConvertible {
  let name: String
  let images, inChannels, outChannels, groups, size, kernel, stride, padBefore, padAfter, outputSize: Int
  let x, w, bias, y: Data
  let inputScale, outputScale: UInt32
  let weightScales: [UInt32]
  let inputZero, weightZero, outputZero: Int32

  var testDescription: String { name }

  static let all: [QLinearConvCase] = {
    let url = Bundle.module.url(forResource: "Fixtures/qlinearconv", withExtension: "json")!
    return try! JSONDecoder().decode([QLinearConvCase].self, from: Data(contentsOf: url))
  }()

  var input: AffineQuantizer { quantizer(inputScale, inputZero) }
  var output: AffineQuantizer { quantizer(outputScale, outputZero) }
  var weights: QuantizedWeights {
    QuantizedWeights(
      levels: w.map { UInt16($0) }, quantizers: weightScales.map { quantizer($0, weightZero) },
      outChannels: outChannels)
  }

  private func quantizer(_ scale: UInt32, _ zero: Int32) -> AffineQuantizer {
    AffineQuantizer(scale: Float(bitPattern: scale), zeroPoint: zero, bits: 8)
  }

  var problem: IntegerConvolutionProblem {
    IntegerConvolutionProblem(
      name: name,
      geometry: ConvolutionGeometry(
        batch: images, inChannels: inChannels, outChannels: outChannels, groups: groups, inputSize: size,
        outputSize: outputSize, kernel: kernel, stride: stride, padBefore: padBefore, padAfter: padAfter),
      weights: weights, input: input,
      bias: bias.withUnsafeBytes { $0.bindMemory(to: Int32.self).map { Int64(Int32(littleEndian: $0)) } })
  }

  /// Input levels, channels last.
  var levels: [UInt16] { channelsLast(x.map { UInt16($0) }, images, inChannels, size * size) }
  var expected: [UInt16] { channelsLast(y.map { UInt16($0) }, images, outChannels, outputSize * outputSize) }
}

/// N × C × P to N × P × C.
func channelsLast<T>(_ values: [T], _ images: Int, _ channels: Int, _ pixels: Int) -> [T] {
  (0..<images * pixels * channels).map { i in
    let (n, p, c) = (i / (pixels * channels), i / channels % pixels, i % channels)
    return values[(n * channels + c) * pixels + p]
  }
}
