import Networks
import OneDNN

extension CompiledNetwork {
  /// Runs the first `count` of `images` through a stream and shows every layer's activations as they come: of some
  /// images at a time, in any order of layers that leads from the first to the last.
  ///
  /// - Parameter observe: takes what a layer (index into `network.layers`) puts out after ReLU for some of the images,
  ///   their number × C × H × W, or × C of a dense layer; false abandons the run.
  /// - Returns: whether it came to its end.
  public func infer(
    count: Int,
    observing observe: (_ layer: Int, _ images: Range<Int>, _ values: UnsafeBufferPointer<Float>) throws ->
      Bool
  ) throws -> Bool {
    for stretch in try stream(count) {
      try run(stretch.steps)
      try stretch.reading.execute()
      let images = stretch.images.clamped(to: 0..<count)
      let values = UnsafeBufferPointer(
        start: stretch.plain.floats, count: images.count * network.layers[stretch.layer].outputCount)
      guard try observe(stretch.layer, images, values) else { return false }
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
