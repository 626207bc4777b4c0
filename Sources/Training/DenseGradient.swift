import Networks
import OneDNN

/// The gradient of a dense layer's input, or of its weights: a product of matrices in which only one side is long.
///
/// Why not oneDNN's: where it takes a general product of matrices (`x64:gemm`, for AVX2), that is at a third of the
/// processor's arithmetic for such shapes.
final class DenseGradient: LayerPass {
  static let implementation = "strata:dense"

  let name: String
  var implementation: String { Self.implementation }
  private let pass: ConvolutionPass
  /// Of the source, N × I or N × C × H × W, and of the weights that belong to it.
  private let extents: [Int]
  private let format: Layout.Format
  private let threads: Int
  private let images: Int
  private let outputs: Int
  /// Of an image, in the order in which both the source and the weights have them.
  private let inputs: Int

  /// Result channels computed together, and those whose factors are packed together.
  private static let panel = 2 * Lanes.scalarCount
  private static let columns = 4 * panel

  /// The format of source and weights in which the gradients of a layer are computed here.
  ///
  /// - Parameters:
  ///   - source: of the layer's input, N × I or N × C × H × W.
  ///   - forward: the layer's.
  /// - Returns: nil where oneDNN has better, or there is no code for the shape.
  static func format(
    of source: Layout, extents: [Int], forward: Primitive
  ) throws(OneDNNError) -> Layout.Format? {
    guard forward.implementation.hasPrefix("x64:gemm"), extents.dropFirst().reduce(1, *) % columns == 0,
      source.bytes == extents.reduce(MemoryLayout<Float>.stride, *), try forward.layout(.source) == source
    else { return nil }
    return try source.format(extents: extents)
  }

  /// - Parameters:
  ///   - extents: of the source, N × I or N × C × H × W.
  ///   - format: of the source and the weights.
  init(_ pass: ConvolutionPass, of layer: Layer, source extents: [Int], format: Layout.Format, threads: Int) {
    name = "\(layer.name) \(pass.rawValue)"
    (self.pass, self.extents, self.format, self.threads) = (pass, extents, format, threads)
    (images, outputs) = (extents[0], layer.outChannels)
    inputs = extents.dropFirst().reduce(1, *)
    precondition(inputs % Self.columns == 0)
  }

  func layout(_ argument: Argument) throws(OneDNNError) -> Layout {
    switch argument {
    case .source, .sourceGradient: try Layout(extents, .float32, format)
    case .weights, .weightsGradient: try Layout([outputs] + extents.dropFirst(), .float32, format)
    case .destinationGradient: try Layout([images, outputs])
    case .scratchpad: try Layout([(factorLanes + threads * shareLanes) * Lanes.scalarCount])
    default: try Layout([outputs])
    }
  }

  func step(_ arguments: [(Argument, Memory)]) -> any PlanStep {
    let memories = Dictionary(uniqueKeysWithValues: arguments)
    func floats(_ argument: Argument) -> UnsafeMutablePointer<Float> { memories[argument]!.floats }
    return Computation(name, implementation) { [self] in
      let gradient = floats(.destinationGradient)
      if pass == .backwardData {
        multiply(gradient, floats(.weights), into: floats(.sourceGradient), floats(.scratchpad))
      } else {
        multiply(gradient, floats(.source), into: floats(.weightsGradient), floats(.scratchpad))
        if let bias = memories[.biasGradient]?.floats { sumBias(gradient, into: bias) }
      }
    }
  }

  /// Rows of the result, and terms of each of its sums: images and outputs, or outputs and images.
  private var rows: Int { pass == .backwardData ? images : outputs }
  private var terms: Int { pass == .backwardData ? outputs : images }
  private var paddedRows: Int { (rows + 5) / 6 * 6 }
  private var blocks: Int { (terms + Lanes.scalarCount - 1) / Lanes.scalarCount }
  /// Vectors of the short factor, blocks × rows × 8 terms.
  private var factorLanes: Int { blocks * paddedRows }
  /// Of a thread, some columns of the long factor, panels × terms × 16, and products of one panel.
  private var packedLanes: Int { Self.columns / Lanes.scalarCount * blocks * Lanes.scalarCount }
  private var shareLanes: Int { packedLanes + 2 * paddedRows }

  /// result[r][i] = Σ over terms t of gradient[r, t] · factor[t][i].
  private func multiply(
    _ gradient: UnsafePointer<Float>, _ factor: UnsafePointer<Float>,
    into result: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    pack(gradient, into: scratch)
    let short = lanes(scratch)
    parallel(inputs / Self.columns, threads: threads) { strips, share in
      let packed = short + factorLanes + share * shareLanes
      let products = packed + packedLanes
      packed.update(repeating: .zero, count: packedLanes)
      for strip in strips {
        let first = strip * Self.columns
        pack(factor + first, into: packed)
        for panel in 0..<Self.columns / Self.panel {
          multiplyTiles(
            short, blocks: blocks, tiles: paddedRows, by: packed + panel * blocks * 2 * Lanes.scalarCount,
            into: products)
          put(products, into: result + first + panel * Self.panel)
        }
      }
    }
  }

  private func pack(_ gradient: UnsafePointer<Float>, into short: UnsafeMutablePointer<Float>) {
    short.update(repeating: 0, count: factorLanes * Lanes.scalarCount)
    for image in 0..<images {
      for output in 0..<outputs {
        let (row, term) = pass == .backwardData ? (image, output) : (output, image)
        short[(term / 8 * paddedRows + row) * 8 + term % 8] = gradient[image * outputs + output]
      }
    }
  }

  private func pack(_ factor: UnsafePointer<Float>, into packed: UnsafeMutablePointer<Lanes>) {
    for term in 0..<terms {
      let row = UnsafeRawPointer(factor + term &* inputs).assumingMemoryBound(to: Lanes.self)
      for panel in 0..<Self.columns / Self.panel {
        let target = packed + (panel &* blocks &* Lanes.scalarCount &+ term) &* 2
        (target[0], target[1]) = (row[2 &* panel], row[2 &* panel &+ 1])
      }
    }
  }

  private func put(_ products: UnsafePointer<Lanes>, into result: UnsafeMutablePointer<Float>) {
    for row in 0..<rows {
      let target = lanes(result + row &* inputs)
      (target[0], target[1]) = (products[row], products[paddedRows &+ row])
    }
  }

  private func sumBias(_ gradient: UnsafePointer<Float>, into bias: UnsafeMutablePointer<Float>) {
    for output in 0..<outputs {
      var sum: Float = 0
      for image in 0..<images { sum += gradient[image * outputs + output] }
      bias[output] = sum
    }
  }
}
