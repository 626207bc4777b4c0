package import OneDNN
import Tensors

/// Levels are held in bytes, or in 16 bits where they have more than 8.
package protocol LevelScalar: FixedWidthInteger, UnsignedInteger, BitwiseCopyable, SIMDScalar {}
extension UInt8: LevelScalar {}
extension UInt16: LevelScalar {}

/// Sums of products are held in 32 bits, or in 64 where operands have more than 8.
package protocol SumScalar: FixedWidthInteger, BitwiseCopyable {}
extension Int32: SumScalar {}
extension Int64: SumScalar {}

/// Sums of products of levels: acc = Σ (x − Z_x)·(w − Z_w) + bias over each window, where what lies outside the
/// image is real zero (x = Z_x). Every implementation gives the same totals.
///
/// Input N × H × W × C, output N × H' × W' × O, of a fixed number of images.
///
/// An enumeration rather than a protocol, so that the compiler specializes what each case does for bytes.
package enum IntegerConvolution<Level: LevelScalar> {
  case bytes(ByteConvolution<Level>)
  case depthwise(DepthwiseIntegerConvolution<Level>)
  case grouped(GroupedIntegerConvolution<Level>)
  case pairs(PairConvolution<Level>)
  case plain(PlainIntegerConvolution<Level>)
  case winograd(PairWinograd<Level>)

  /// The fastest code there is for the problem's shape.
  ///
  /// - Parameter threads: those of the calling thread's oneDNN.
  package init(
    _ problem: IntegerConvolutionProblem, arithmetic: IntegerArithmetic, threads: Int = 1, engine: Engine
  ) throws(OneDNNError) {
    if DepthwiseIntegerConvolution<Level>.serves(problem) {
      self = .depthwise(DepthwiseIntegerConvolution(problem))
    } else if GroupedIntegerConvolution<Level>.serves(problem) {
      self = .grouped(GroupedIntegerConvolution(problem))
    } else if arithmetic == .pairs, let made = Self.multiplyingPairs(problem, threads: threads) {
      self = made
    } else if arithmetic != .plain,
      let bytes = try ByteConvolution<Level>(
        problem, inputPlaneBits: arithmetic == .bytes ? 8 : 7, engine: engine)
    {
      self = .bytes(bytes)
    } else {
      self = .plain(PlainIntegerConvolution(problem))
    }
  }

  /// By Winograd, or else directly; small groups as one where that is needed.
  private static func multiplyingPairs(_ problem: IntegerConvolutionProblem, threads: Int) -> Self? {
    let merged = problem.mergingGroups
    if PairWinograd<Level>.serves(merged) { return .winograd(PairWinograd(merged, threads: threads)) }
    return [problem, merged].first(where: PairConvolution<Level>.serves).map {
      .pairs(PairConvolution($0, threads: threads))
    }
  }

  /// What computes it.
  package var implementation: String {
    switch self {
    case .bytes: "bytes"
    case .depthwise: "depthwise"
    case .grouped: "groups"
    case .pairs: "pairs"
    case .plain: "loops"
    case .winograd: "pairs:winograd"
    }
  }

  /// - Parameters:
  ///   - levels: of `images` images.
  ///   - images: at most those it was made for.
  ///   - take: called with runs of output pixels, in order, until all are done; its input may be overwritten.
  @inline(__always)
  package func accumulate(
    _ levels: UnsafePointer<Level>, images: Int, _ take: (Accumulators, _ pixels: Range<Int>) -> Void
  ) throws {
    switch self {
    case .bytes(let convolution): try convolution.accumulate(levels, images: images, take)
    case .depthwise(let convolution): convolution.accumulate(levels, images: images, take)
    case .grouped(let convolution): convolution.accumulate(levels, images: images, take)
    case .pairs(let convolution): convolution.accumulate(levels, images: images, take)
    case .plain(let convolution): convolution.accumulate(levels, images: images, take)
    case .winograd(let convolution): convolution.accumulate(levels, images: images, take)
    }
  }
}

/// Pixels × O. 32 bits where both operands have at most 8, as in ONNX Runtime and TFLite; else 64.
package enum Accumulators {
  case narrow(PartialSums<Int32>)
  case wide(PartialSums<Int64>)
}

/// Sums of products, and what makes them whole: total = sum + constant(o) + factor(o)·window(pixel, group).
package struct PartialSums<Sum: SumScalar> {
  /// Pixels × O.
  let sums: UnsafePointer<Sum>
  let terms: ChannelTerms<Sum>
  /// Pixels × groups; nil: factors are 0.
  let windows: UnsafePointer<Int32>?

  package func total(pixel: Int, channel: Int) -> Sum {
    var total = sums[pixel * terms.channels + channel] &+ terms.constants.base[channel]
    if let windows {
      let window = Sum(windows[pixel * terms.groups + channel / (terms.channels / terms.groups)])
      total &+= window &* terms.factors.base[channel]
    }
    return total
  }
}

/// What output channels add to their sums.
final class ChannelTerms<Sum: SumScalar> {
  let channels: Int
  let groups: Int
  let constants: AlignedBuffer<Sum>
  let factors: AlignedBuffer<Sum>
  let factorsAreEqual: Bool

  init(constants: [Int64], factors: [Int64], groups: Int) {
    channels = constants.count
    self.groups = groups
    self.constants = AlignedBuffer(count: channels)
    self.factors = AlignedBuffer(count: channels)
    for o in 0..<channels {
      self.constants.base[o] = Sum(truncatingIfNeeded: constants[o])
      self.factors.base[o] = Sum(truncatingIfNeeded: factors[o])
    }
    factorsAreEqual = factors.allSatisfy { $0 == factors[0] }
  }

  /// Constants alone.
  convenience init(_ constants: [Int64]) {
    self.init(constants: constants, factors: constants.map { _ in 0 }, groups: 1)
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
  /// Pairs of 16-bit integers in vector code of its own, by Winograd where the shape allows it; seven bits where there is
  /// none for it.
  case pairs
  /// Loops of its own: everywhere, and slow.
  case plain

  /// The fastest that is right on this processor.
  public static var automatic: Self { InstructionSet.sumsByteProductsExactly ? .bytes : .pairs }
}
