import COneDNN

extension Primitive {
  /// destination = [ReLU of] source · weightsᵀ + bias. Arguments: source, weights, bias, destination (plain
  /// N × O), scratchpad.
  ///
  /// - Parameters:
  ///   - source: N × I, or N × C × H × W with I = C·H·W; left open, or as the producer laid it out.
  ///   - outputs: O.
  ///   - format: of the weights.
  public static func innerProductForward(
    _ name: String, source: Layout, extents: [Int], outputs: Int, weights format: Layout.Format = .any,
    purpose: Purpose, relu: Bool, engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let weights = try Layout([outputs] + extents.dropFirst(), .float32, format)
    let bias = try Layout([outputs])
    let destination = try Layout([extents[0], outputs])
    return try Primitive(name, engine: engine, relu: relu) { out, attributes in
      onednn_inner_product_forward(
        &out, engine.handle, purpose.native, source.handle, weights.handle, bias.handle, destination.handle,
        attributes)
    }
  }

  /// Arguments: destinationGradient (plain), weights, sourceGradient, scratchpad.
  public static func innerProductBackwardData(
    _ name: String, source: Layout, extents: [Int], outputs: Int, forward: Primitive, engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let weights = try Layout([outputs] + extents.dropFirst(), .float32, .any)
    let destination = try Layout([extents[0], outputs])
    return try Primitive(name, engine: engine) { out, attributes in
      onednn_inner_product_backward_data(
        &out, engine.handle, source.handle, weights.handle, destination.handle, forward.descriptor, attributes
      )
    }
  }

  /// Arguments: source, destinationGradient (plain), weightsGradient, biasGradient, scratchpad.
  public static func innerProductBackwardWeights(
    _ name: String, source: Layout, extents: [Int], outputs: Int, forward: Primitive, engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let weights = try Layout([outputs] + extents.dropFirst(), .float32, .any)
    let bias = try Layout([outputs])
    let destination = try Layout([extents[0], outputs])
    return try Primitive(name, engine: engine) { out, attributes in
      onednn_inner_product_backward_weights(
        &out, engine.handle, source.handle, weights.handle, bias.handle, destination.handle,
        forward.descriptor,
        attributes)
    }
  }
}
