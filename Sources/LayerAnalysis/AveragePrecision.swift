/// Average precision (D2, eq. 3.1): (1/C)·Σ range_i / range_tensor over the channels.
///
/// A dead channel (range 0) counts 0. Ratios above 1, which clipped bounds can give (D4), are not clamped.
/// nil where the tensor's range is 0 or there are no channels.
public func averagePrecision(_ bounds: ChannelBounds) -> Double? {
  guard bounds.tensor.range > 0, !bounds.channels.isEmpty else { return nil }
  let total = bounds.channels.reduce(0) { $0 + $1.range / bounds.tensor.range }
  return total / Double(bounds.channels.count)
}
