import COneDNN

extension Primitive {
  /// destination = ReLU(scale·(source − mean)/√(variance + ε) + shift), channel by channel.
  ///
  /// Training takes mean and (biased) variance from the batch and writes them; inference reads them.
  /// Arguments: source, destination (may be the same memory), mean, variance, scale, shift (C each),
  /// scratchpad; training also writes workspace (where the ReLU cut).
  public static func batchNormalizationForward(
    _ name: String, data: Layout, epsilon: Float, purpose: Purpose, relu: Bool = true, engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let flags = normalizationFlags(relu: relu, fixedStatistics: purpose == .inference)
    return try Primitive(name, engine: engine) { out, attributes in
      onednn_batch_normalization_forward(
        &out, engine.handle, purpose.native, data.handle, epsilon, flags, attributes)
    }
  }

  /// Arguments: source, mean, variance, scale, shift, workspace, destinationGradient, sourceGradient (may be the
  /// same memory), scaleGradient, shiftGradient, scratchpad.
  public static func batchNormalizationBackward(
    _ name: String, data: Layout, gradient: Layout, epsilon: Float, relu: Bool = true, forward: Primitive,
    engine: Engine
  ) throws(OneDNNError) -> Primitive {
    let flags = normalizationFlags(relu: relu, fixedStatistics: false)
    return try Primitive(name, engine: engine) { out, attributes in
      onednn_batch_normalization_backward(
        &out, engine.handle, gradient.handle, data.handle, epsilon, flags, forward.descriptor, attributes)
    }
  }

  private static func normalizationFlags(relu: Bool, fixedStatistics: Bool) -> UInt32 {
    dnnl_use_scale.rawValue | dnnl_use_shift.rawValue | (relu ? dnnl_fuse_norm_relu.rawValue : 0)
      | (fixedStatistics ? dnnl_use_global_stats.rawValue : 0)
  }
}
