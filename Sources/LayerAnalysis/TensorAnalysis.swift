extension TensorStatistics {
  /// All statistics D1–D6 of one tensor.
  ///
  /// Values that are not finite (a diverged network's) are left out of every statistic, `count` included; of no
  /// finite values all numbers are 0 and all optionals nil.
  ///
  /// - Parameters:
  ///   - clippedPercent: nil takes range and precision between the extremes (W, F), a percentage p between the
  ///     p-th and (100 − p)-th percentile, for the tensor and for each channel (A; D4).
  ///   - grids: the quantizer in use for `sqnr`, from the bounds found: one for the tensor, or one per channel.
  public init(
    of values: UnsafeBufferPointer<Float>, layout: ChannelLayout, clippedPercent: Double? = nil,
    quantizedBy grids: (ChannelBounds) -> [QuantizationGrid] = { _ in [] }
  ) {
    precondition(values.count == layout.count)
    let survey = ChannelSurvey(of: values, layout: layout, clippedPercent: clippedPercent)
    let (moments, bounds) = survey.result()
    self.init(moments: moments, bounds: bounds)
    let histogram = HistogramCounter(bounds: Bounds(lower: minimum, upper: maximum))
    histogram.add(values)
    setHistogram(histogram.result)
    sqnr = quantizationNoise(of: values, layout: layout, quantizedBy: grids(bounds))?.sqnr
  }

  /// What the first look at a tensor tells, a `ChannelSurvey`'s result: all but histogram and SQNR.
  public init(moments: [Moments], bounds: ChannelBounds) {
    self.init()
    let tensor = moments.reduce(into: Moments()) { $0.merge($1) }
    count = tensor.count
    minimum = tensor.minimum
    maximum = tensor.maximum
    mean = tensor.mean
    standardDeviation = tensor.standardDeviation
    lower = bounds.tensor.lower
    upper = bounds.tensor.upper
    averagePrecision = LayerAnalysis.averagePrecision(bounds)
    sparsity = tensor.sparsity
    kurtosis = tensor.excessKurtosis
    channelKurtosis = meanChannelKurtosis(moments)
    channelLower = bounds.channels.map(\.lower)
    channelUpper = bounds.channels.map(\.upper)
  }

  /// Takes over the histogram between the extremes, and its divergence from the uniform one.
  public mutating func setHistogram(_ histogram: [UInt32]) {
    self.histogram = histogram
    klFromUniform = Double(maximum) > Double(minimum) ? LayerAnalysis.klFromUniform(histogram) : nil
  }
}

/// Signal and rounding error of a tensor under one quantizer, or under one per channel; nil under none.
public func quantizationNoise(
  of values: UnsafeBufferPointer<Float>, layout: ChannelLayout, quantizedBy grids: [QuantizationGrid]
) -> NoiseEnergy? {
  precondition([0, 1, layout.channels].contains(grids.count), "\(grids.count) quantizers for \(layout)")
  guard let first = grids.first else { return nil }
  var energy = NoiseEnergy()
  if grids.count == 1 {
    energy.add(values, quantizedBy: first)
  } else {
    for (channel, grid) in grids.enumerated() {
      layout.forEachRun(ofChannel: channel, in: values) { energy.add($0, quantizedBy: grid) }
    }
  }
  return energy
}
