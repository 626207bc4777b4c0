import COneDNN

extension Primitive {
  /// Copies from one layout to another of the same extents. Arguments: source, destination, scratchpad.
  public static func reorder(
    _ name: String, from: Layout, to: Layout, engine: Engine
  ) throws(OneDNNError) -> Primitive {
    try Primitive(name, engine: engine) { out, attributes in
      onednn_reorder(&out, engine.handle, from.handle, to.handle, attributes)
    }
  }

  /// Gradient of ReLU, from its output. Arguments: destination (the output), destinationGradient,
  /// sourceGradient (may be the same memory), scratchpad.
  public static func reluBackward(
    _ name: String, data: Layout, gradient: Layout, engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let forward = try Primitive(name, engine: engine) { out, attributes in
      onednn_relu_forward(&out, engine.handle, data.handle, attributes)
    }
    return try Primitive(name, engine: engine) { out, attributes in
      onednn_relu_backward(&out, engine.handle, gradient.handle, data.handle, forward.descriptor, attributes)
    }
  }

  /// Maximum over windows of `size` × `size`, stride `size`. Arguments: source, destination, scratchpad;
  /// training also writes workspace (which element was the maximum).
  ///
  /// - Parameter destinationExtents: N × C × H/size × W/size.
  public static func maxPoolForward(
    _ name: String, source: Layout, destinationExtents: [Int], size: Int, purpose: Purpose, engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let destination = try Layout(destinationExtents, .float32, .any)
    return try Primitive(name, engine: engine) { out, attributes in
      onednn_max_pool_forward(
        &out, engine.handle, purpose.native, source.handle, destination.handle, Int64(size), attributes)
    }
  }

  /// Arguments: destinationGradient, workspace, sourceGradient, scratchpad; the gradients in the layouts of
  /// the forward primitive's destination and source.
  public static func maxPoolBackward(
    _ name: String, size: Int, forward: Primitive, engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let source = try forward.layout(.source)
    let destination = try forward.layout(.destination)
    return try Primitive(name, engine: engine) { out, attributes in
      onednn_max_pool_backward(
        &out, engine.handle, source.handle, destination.handle, Int64(size), forward.descriptor, attributes)
    }
  }
}
