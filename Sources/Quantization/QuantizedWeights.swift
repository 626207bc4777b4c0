import LayerAnalysis
public import Tensors

/// A layer's weights as levels of one quantizer, or of one per output channel.
public struct QuantizedWeights: Hashable, Sendable {
  /// In the order of the weights: O × I/groups × K × K, dense O × I.
  public let levels: [UInt16]
  /// One, or one per output channel.
  public let quantizers: [AffineQuantizer]
  public let outChannels: Int

  public init(levels: [UInt16], quantizers: [AffineQuantizer], outChannels: Int) {
    precondition(quantizers.count == 1 || quantizers.count == outChannels)
    precondition(levels.count % outChannels == 0)
    self.levels = levels
    self.quantizers = quantizers
    self.outChannels = outChannels
  }

  /// Quantizes by absolute minimum and maximum (E2) of the finite values; those that are not become real zero.
  public init(_ weight: Tensor, options: QuantizationOptions) {
    let channels = weight.shape[0]
    let quantizers = weight.values.withUnsafeBufferPointer { values in
      Self.quantizers(channelMoments(of: values, layout: weight.channelLayout), options: options)
    }
    let perChannel = weight.values.count / channels
    self.init(
      levels: weight.values.enumerated().map { i, value in
        quantizers[quantizers.count == 1 ? 0 : i / perChannel].level(of: value)
      }, quantizers: quantizers, outChannels: channels)
  }

  private static func quantizers(_ channels: [Moments], options: QuantizationOptions) -> [AffineQuantizer] {
    let sets =
      options.granularity == .perChannel ? channels : [channels.reduce(into: Moments()) { $0.merge($1) }]
    return sets.map {
      AffineQuantizer($0.bounds, bits: options.weightBits, symmetric: options.symmetricWeights)
    }
  }

  public func quantizer(ofChannel channel: Int) -> AffineQuantizer {
    quantizers[quantizers.count == 1 ? 0 : channel]
  }

  /// The real values of the levels.
  public func dequantized(shape: Shape) -> Tensor {
    let perChannel = levels.count / outChannels
    return Tensor(
      shape: shape, values: levels.enumerated().map { quantizer(ofChannel: $0 / perChannel).value(of: $1) })
  }
}

extension Tensor {
  /// Weights: output channels first.
  var channelLayout: ChannelLayout {
    .weights(channels: shape[0], valuesPerChannel: shape.count / max(shape[0], 1))
  }
}
