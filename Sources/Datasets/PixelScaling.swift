/// How 8-bit pixels become network inputs: value = pixel · factor + offset, per channel.
public struct PixelScaling: Hashable, Sendable {
  /// Of red, green and blue.
  package let factor: SIMD4<Float>
  package let offset: SIMD4<Float>

  /// Pixels / 255, in [0, 1].
  public static let unit = PixelScaling(mean: [0, 0, 0], standardDeviation: [1, 1, 1])

  /// (pixel / 255 − mean) / standard deviation per channel; pass the training set's statistics for the test set
  /// too. A channel that is constant is only centred.
  public static func standardized(_ statistics: ChannelStatistics) -> PixelScaling {
    PixelScaling(mean: statistics.mean, standardDeviation: statistics.standardDeviation)
  }

  private init(mean: [Double], standardDeviation: [Double]) {
    var factor = SIMD4<Float>.zero
    var offset = SIMD4<Float>.zero
    for c in 0..<ImageSet.channels {
      let deviation = standardDeviation[c] > 0 ? standardDeviation[c] : 1
      factor[c] = Float(1 / (255 * deviation))
      offset[c] = Float(-mean[c] / deviation)
    }
    self.factor = factor
    self.offset = offset
  }
}
