/// How the outputs of all layers and their gradients share one slot in a training step: the backward pass of a layer
/// needs no output of the layers after it, and puts the gradient of its input in their place.
struct StepMemory {
  static let slot = "step"
  private static let alignment = 4096

  /// Where each layer's output begins, bytes.
  let outputs: [Int]
  /// Where the gradient of each layer's output begins.
  let gradients: [Int]
  let bytes: Int

  /// - Parameter sizes: bytes of each layer's output, as many as its gradient's.
  init(outputs sizes: [Int]) {
    let sizes = sizes.map { ($0 + Self.alignment - 1) / Self.alignment * Self.alignment }
    let ends = sizes.indices.map { sizes[...$0].reduce(0, +) }
    outputs = zip(ends, sizes).map { $0 - $1 }
    var gradients = sizes.map { _ in ends.last! }
    // While a layer's backward pass runs, outputs up to its own and the gradient of its own are in use.
    for layer in sizes.indices.dropFirst().reversed() {
      let used = gradients[layer]..<gradients[layer] + sizes[layer]
      let free = ends[layer]
      let fits = free + sizes[layer - 1] <= used.lowerBound || free >= used.upperBound
      gradients[layer - 1] = fits ? free : used.upperBound
    }
    self.gradients = gradients
    bytes = zip(gradients, sizes).map { $0 + $1 }.max()!
  }
}
