package import OneDNN
import Tensors

/// Sums of products of levels: acc = Σ (x − Z_x)·(w − Z_w) + bias over each window, where what lies outside the
/// image is real zero (x = Z_x). Every implementation gives the same integers.
///
/// Input N × H × W × C, output N × H' × W' × O, of a fixed number of images.
package protocol IntegerConvolution: AnyObject {
  /// - Parameters:
  ///   - levels: of `images` images.
  ///   - images: at most those it was made for.
  func accumulate(_ levels: UnsafePointer<UInt16>, images: Int) throws -> Accumulators
}

/// 32 bits where both operands have at most 8, as in ONNX Runtime and TFLite; else 64.
package enum Accumulators {
  case narrow(UnsafePointer<Int32>)
  case wide(UnsafePointer<Int64>)
}

/// What an integer convolution computes.
package struct IntegerConvolutionProblem {
  package var name: String
  /// Of the images a call takes at most.
  package var geometry: ConvolutionGeometry
  /// O × I/groups × K × K.
  package var weights: QuantizedWeights
  package var input: AffineQuantizer
  /// At scale S_x·S_w; O.
  package var bias: [Int64]

  package init(
    name: String, geometry: ConvolutionGeometry, weights: QuantizedWeights, input: AffineQuantizer,
    bias: [Int64]
  ) {
    self.name = name
    self.geometry = geometry
    self.weights = weights
    self.input = input
    self.bias = bias
  }

  var isWide: Bool { input.bits > 8 || weights.quantizers[0].bits > 8 }
  var isDepthwise: Bool {
    geometry.groups > 1 && geometry.groups == geometry.inChannels && geometry.groups == geometry.outChannels
  }
  var channelsPerGroup: Int { geometry.inChannels / geometry.groups }
  var outputsPerGroup: Int { geometry.outChannels / geometry.groups }
  var paddedSize: Int { geometry.inputSize + geometry.padBefore + geometry.padAfter }
  var outputPixels: Int { geometry.outputSize * geometry.outputSize }
  /// Products in each sum.
  var window: Int { channelsPerGroup * geometry.kernel * geometry.kernel }

  /// Copies images into the middle of padded ones, whose borders are left as they are.
  ///
  /// - Parameter copy: from, to and length of a run of pixels' levels; every run lies in one row of one image, or
  ///   is a whole image where none is padded.
  @inline(__always)
  func forEachRow(images: Int, _ copy: (_ source: Int, _ destination: Int, _ length: Int) -> Void) {
    let g = geometry
    let row = g.inputSize * g.inChannels
    if paddedSize == g.inputSize {
      let image = g.inputSize * row
      for i in 0..<images { copy(i * image, i * image, image) }
      return
    }
    for image in 0..<images {
      for y in 0..<g.inputSize {
        let padded = (image * paddedSize + y + g.padBefore) * paddedSize + g.padBefore
        copy((image * g.inputSize + y) * row, padded * g.inChannels, row)
      }
    }
  }
}

/// How an integer network multiplies. All ways give the same levels.
public enum IntegerArithmetic: String, Hashable, Sendable, CaseIterable {
  /// oneDNN's products of unsigned and signed bytes, summed in 32 bits at once: right only where
  /// `InstructionSet.sumsByteProductsExactly`.
  case bytes
  /// The same with inputs split into 7 bits, whose sums of two products cannot saturate at 16 bits: right
  /// wherever oneDNN has it.
  case sevenBits
  /// Loops of its own: everywhere, and slow.
  case plain

  /// The fastest that is right on this processor.
  public static var automatic: Self { InstructionSet.sumsByteProductsExactly ? .bytes : .sevenBits }
}

/// The implementation for a problem: where oneDNN has no fast code for its shape, own loops.
package func makeIntegerConvolution(
  _ problem: IntegerConvolutionProblem, arithmetic: IntegerArithmetic, engine: Engine
) throws(OneDNNError) -> any IntegerConvolution {
  if problem.isDepthwise, !problem.isWide { return DepthwiseIntegerConvolution(problem) }
  guard arithmetic != .plain else { return PlainIntegerConvolution(problem) }
  let planeBits = arithmetic == .bytes ? 8 : 7
  return try ByteConvolution(problem, inputPlaneBits: planeBits, engine: engine)
    ?? PlainIntegerConvolution(problem)
}
