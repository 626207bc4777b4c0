import Networks
import OneDNN

extension CompiledNetwork {
  /// Runs the first `count` of `images` through a stream and shows every layer's activations as they come: of some
  /// images at a time, in any order of layers that leads from the first to the last.
  ///
  /// - Parameters:
  ///   - order: of the values that are shown.
  ///   - observe: takes what a layer (index into `network.layers`) puts out after ReLU for some of the images; false
  ///     abandons the run.
  /// - Returns: whether it came to its end.
  public func infer(
    count: Int, order: ActivationOrder,
    observing observe: (_ layer: Int, _ images: Range<Int>, _ shown: ShownActivation) throws -> Bool
  ) throws -> Bool {
    for stretch in try stream(count) {
      try run(stretch.steps)
      let asComputed = order == .asComputed ? stretch.channelBlock : nil
      if asComputed == nil { try stretch.reading.execute() }
      let images = stretch.images.clamped(to: 0..<count)
      let shown = asComputed == nil ? stretch.plain : stretch.output
      let values = UnsafeBufferPointer(
        start: UnsafePointer(shown.floats), count: images.count * network.layers[stretch.layer].outputCount)
      guard
        try observe(stretch.layer, images, ShownActivation(values: values, channelBlock: asComputed ?? 1))
      else { return false }
    }
    return true
  }

  func inferStream(count: Int) throws {
    for stretch in try stream(count) { try run(stretch.steps) }
  }

  /// What leads to the results of `count` images; beside them some may be computed that nobody looks at.
  private func stream(_ count: Int) throws -> some Sequence<StreamStretch> {
    precondition(purpose == .stream && loaded != nil, "a stream with parameters loaded")
    Engine.setThreads(threads)
    let plan = try plan(for: count)
    lastLogits = plan.outputs.last
    return plan.stream.lazy.filter { $0.images.lowerBound < count }
  }
}

/// The order in which activations are shown.
public enum ActivationOrder: Sendable {
  /// Channel after channel.
  case plain
  /// As the code that computed them left them, which costs no copy.
  case asComputed
}

/// What a layer puts out for some images, for as long as it is shown.
public struct ShownActivation {
  /// Images × C/b × H × W × b; images × C of a dense layer.
  public let values: UnsafeBufferPointer<Float>
  /// b, which divides C; 1 in plain order.
  public let channelBlock: Int
}
