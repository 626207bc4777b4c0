import LayerAnalysis
import Testing

/// −0 and +0 are the same value; everything else must have the same bits.
private func sameBits(_ a: Float, _ bits: UInt32) -> Bool {
  a.bitPattern == bits || (a == 0 && Float(bitPattern: bits) == 0)
}

/// Sums of up to some thousands of values in double precision, in another order.
private func close(_ a: Double?, _ b: Double?, relative: Double = 1e-10) -> Bool {
  guard let a, let b else { return a == nil && b == nil }
  return abs(a - b) <= relative * max(abs(a), abs(b), 1e-300)
}

@Suite struct PercentileTests {
  @Test(arguments: StatisticsCase.all)
  func equalsNumPyBitForBit(_ expected: StatisticsCase) {
    for wanted in expected.percentiles {
      let bounds = expected.floats.withUnsafeBufferPointer {
        percentileBounds(of: $0, layout: expected.channelLayout, clippedPercent: wanted.percent)
      }
      #expect(sameBits(bounds.tensor.lower, wanted.tensor[0]), "lower, \(wanted.percent) %")
      #expect(sameBits(bounds.tensor.upper, wanted.tensor[1]), "upper, \(wanted.percent) %")
      #expect(bounds.channels.count == wanted.channels.count)
      for (channel, bits) in zip(bounds.channels, wanted.channels) {
        #expect(sameBits(channel.lower, bits[0]), "lower, \(wanted.percent) %")
        #expect(sameBits(channel.upper, bits[1]), "upper, \(wanted.percent) %")
      }
    }
  }

  /// So many values that their percentiles are guessed while they come: in an order that keeps the promise, in orders
  /// that break it at either end, and with zeros that nobody can rank.
  @Test(arguments: ["mixed", "rising", "falling", "zeros"])
  func streamsAreExactInAnyOrder(_ order: String) {
    let layout = ChannelLayout(outer: 3000, channels: 2, inner: 128)
    var values = orderedValues(layout.count, order)
    if order == "zeros" { values = values.map { max($0, 0) } }
    let survey = ChannelSurvey(layout, clippedPercent: 1)
    func addAll() {
      let row = layout.channels * layout.inner
      values.withUnsafeBufferPointer { values in
        for first in stride(from: 0, to: values.count, by: 100 * row) {
          survey.add(UnsafeBufferPointer(rebasing: values[first..<first + 100 * row]))
        }
      }
    }
    addAll()
    #expect(survey.isComplete == (order == "mixed" || order == "zeros"))
    if !survey.isComplete {
      survey.prepareToRepeat()
      addAll()
    }
    #expect(survey.isComplete)
    let (moments, bounds) = survey.result()
    #expect(moments.map(\.count) == [layout.count / 2, layout.count / 2])
    let channels = (0..<2).map { channel in
      values.indices.filter { $0 / 128 % 2 == channel }.map { values[$0] }
    }
    for (found, all) in zip([bounds.tensor] + bounds.channels, [values] + channels) {
      let sorted = all.sorted()
      #expect(found.lower == interpolated(sorted, 1) && found.upper == interpolated(sorted, 99), "\(order)")
    }
  }

  /// Runs that are longer than what is looked at together, and end in part of a block.
  @Test func longRunsAreExact() {
    let layout = ChannelLayout(outer: 90, channels: 1, inner: 2501)
    let values = mixedValues(layout.count)
    let survey = ChannelSurvey(layout, clippedPercent: 1)
    for image in 0..<layout.outer {
      values[image * layout.inner..<(image + 1) * layout.inner].withContiguousStorageIfAvailable {
        survey.add($0)
      }
    }
    #expect(survey.isComplete)
    let sorted = values.sorted()
    let found = survey.result().bounds.tensor
    #expect(found.lower == interpolated(sorted, 1) && found.upper == interpolated(sorted, 99))
  }

  /// So few values are kept that the threshold rises again and again within what is looked at together.
  @Test(arguments: ["mixed", "rising", "falling", "zeros"])
  func shortTailsAreExactInAnyOrder(_ order: String) {
    let layout = ChannelLayout(outer: 4, channels: 1, inner: 3001)
    var values = orderedValues(layout.count, order)
    if order == "zeros" { values = values.enumerated().map { $1 < 0.499 ? ($0 % 3 == 0 ? -0.0 : 0) : $1 } }
    for percent in [0, 0.01, 0.1] {
      let found = values.withUnsafeBufferPointer {
        percentileBounds(of: $0, layout: layout, clippedPercent: percent)
      }
      let sorted = values.sorted()
      #expect(found.tensor.lower == interpolated(sorted, percent), "\(order) \(percent)")
      #expect(found.tensor.upper == interpolated(sorted, 100 - percent), "\(order) \(percent)")
      #expect(found.channels == [found.tensor])
    }
  }

  /// In −0.5 ..< 0.5, "rising", "falling", or else in no order.
  private func orderedValues(_ count: Int, _ order: String) -> [Float] {
    let mixed = mixedValues(count)
    return order == "rising" ? mixed.sorted() : order == "falling" ? mixed.sorted(by: >) : mixed
  }

  /// In −0.5 ..< 0.5, in no order.
  private func mixedValues(_ count: Int) -> [Float] {
    (0..<UInt64(count)).map { i in
      // A bijection of the numbers below 2⁶⁴, whose high bits look random.
      let mixed = (i &+ 1) &* 0x9E37_79B9_7F4A_7C15
      return Float(mixed >> 40) / Float(1 << 24) - 0.5
    }
  }

  private func interpolated(_ sorted: [Float], _ percent: Double) -> Float {
    let position = Double(sorted.count - 1) * (percent / 100)
    let weight = position - position.rounded(.down)
    let (below, above) = (sorted[Int(position)], sorted[min(Int(position) + 1, sorted.count - 1)])
    return weight >= 0.5
      ? above - (above - below) * Float(1 - weight) : below + (above - below) * Float(weight)
  }

  @Test func leavesOutWhatIsNotFinite() {
    let values: [Float] = [.nan, 3, -.infinity, 1, .infinity, 2, -.nan, .nan]
    let bounds = values.withUnsafeBufferPointer {
      percentileBounds(of: $0, layout: ChannelLayout(outer: 1, channels: 4, inner: 2), clippedPercent: 25)
    }
    #expect(bounds.tensor == Bounds(lower: 1.5, upper: 2.5))
    #expect(bounds.channels.map(\.lower) == [3, 1, 2, 0])
    #expect(bounds.channels.map(\.upper) == [3, 1, 2, 0])
  }
}

@Suite struct StatisticsTests {
  @Test(arguments: StatisticsCase.all)
  func equalsNumPyAndSciPy(_ expected: StatisticsCase) {
    let found = expected.floats.withUnsafeBufferPointer { values in
      TensorStatistics(of: values, layout: expected.channelLayout) { _ in
        expected.quantized.map {
          [QuantizationGrid(scale: Float(bitPattern: $0.scale[0]), zeroPoint: $0.zeroPoint, levels: 256)]
        } ?? []
      }
    }
    #expect(found.count == expected.values.count)
    #expect(sameBits(found.minimum, expected.minimum[0]) && sameBits(found.maximum, expected.maximum[0]))
    #expect(found.lower == found.minimum && found.upper == found.maximum)
    let spread = max(abs(Double(found.minimum)), abs(Double(found.maximum)))
    #expect(abs(found.mean - expected.mean) <= 1e-12 * spread)
    #expect(close(found.standardDeviation, expected.standardDeviation))
    #expect(found.sparsity == expected.sparsity)
    #expect(close(found.kurtosis.map { $0 + 3 }, expected.kurtosis.map { $0 + 3 }, relative: 1e-8))
    #expect(
      close(found.channelKurtosis.map { $0 + 3 }, expected.channelKurtosis.map { $0 + 3 }, relative: 1e-8))
    #expect(close(found.averagePrecision, expected.averagePrecision))
    #expect(found.histogram == expected.histogram)
    #expect(close(found.klFromUniform, expected.klFromUniform))
    #expect(close(found.sqnr, expected.quantized?.sqnr))
  }

  @Test func clippedPrecisionMayExceedOne() {
    // Channel 0 is ±8, channels 1 and 2 are ±1, the rest 0: 0.5 % of all values lie at either of ±8.
    var values = [Float](repeating: 0, count: 100 * 100)
    for i in 0..<100 { values[i] = i % 2 == 0 ? 8 : -8 }
    for i in 100..<300 { values[i] = i % 2 == 0 ? 1 : -1 }
    let found = values.withUnsafeBufferPointer {
      TensorStatistics(of: $0, layout: .weights(channels: 100, valuesPerChannel: 100), clippedPercent: 1)
    }
    #expect(found.lower == -1 && found.upper == 1)
    #expect(found.channelUpper[0] == 8)
    #expect(close(found.averagePrecision, 0.01 * (8 + 1 + 1)))
  }

  @Test func aTensorOfZeroRangeHasNoPrecision() {
    let found = [Float](repeating: 2, count: 12).withUnsafeBufferPointer {
      TensorStatistics(of: $0, layout: .weights(channels: 3, valuesPerChannel: 4))
    }
    #expect(found.averagePrecision == nil && found.kurtosis == nil && found.klFromUniform == nil)
    #expect(found.standardDeviation == 0 && found.histogram[0] == 12)
  }

  @Test(arguments: [
    Bounds(lower: 0, upper: 1), Bounds(lower: 0, upper: 6.1), Bounds(lower: -3.7, upper: 0.9),
    Bounds(lower: 1000, upper: 1000.125), Bounds(lower: -3e38, upper: 3e38), Bounds(lower: 0, upper: 3e-38),
    Bounds(lower: 0, upper: 1e-44),
  ])
  func valuesAtTheBordersOfBinsFallIntoTheirs(bounds: Bounds) {
    var values = [bounds.lower, bounds.upper]
    for bin in 0...256 {
      let border = Float(Double(bounds.lower) + bounds.range * Double(bin) / 256)
      let inside = border + Float(bounds.range) / 600
      for value in [
        border.nextDown.nextDown, border.nextDown, border, border.nextUp, border.nextUp.nextUp, inside,
      ] {
        values.append(min(max(value, bounds.lower), bounds.upper))
      }
    }
    var expected = [UInt32](repeating: 0, count: 256)
    for value in values {
      let position = (Double(value) - Double(bounds.lower)) * (256 / bounds.range)
      expected[min(Int(position.rounded(.down)), 255)] += 1
    }
    // Beside one another, and each among values far from any border.
    for spacing in [1, 8, 9, 32, 33] {
      let counter = HistogramCounter(bounds: bounds)
      let spaced = values.flatMap { [$0] + Array(repeating: bounds.lower, count: spacing - 1) }
      spaced.withUnsafeBufferPointer { counter.add($0) }
      var all = expected
      all[0] += UInt32(values.count * (spacing - 1))
      #expect(counter.result == all)
    }
  }

  @Test func valuesThatAreNotFiniteAreLeftOut() {
    let values: [Float] = [.nan, 1, .infinity, 3, -.infinity, .nan]
    let grid = QuantizationGrid(scale: 2, zeroPoint: 0, levels: 256)
    let found = values.withUnsafeBufferPointer {
      TensorStatistics(of: $0, layout: .weights(channels: 3, valuesPerChannel: 2)) { _ in [grid] }
    }
    #expect(found.count == 2 && found.minimum == 1 && found.maximum == 3 && found.mean == 2)
    #expect(found.histogram.reduce(0, +) == 2)
    // 1/2 rounds to 0, 3/2 to 2: both errors are 1.
    #expect(close(found.sqnr, 6.989700043360188))

    let none = [Float](repeating: .nan, count: 4).withUnsafeBufferPointer {
      TensorStatistics(of: $0, layout: .weights(channels: 2, valuesPerChannel: 2), clippedPercent: 1) { _ in
        [grid]
      }
    }
    #expect(none.count == 0 && none.range == 0 && none.mean == 0)
    #expect(none.averagePrecision == nil && none.sqnr == nil && none.klFromUniform == nil)
  }

  @Test func perChannelQuantizersEachServeTheirChannel() {
    // Exact under their own grid, not under the other's.
    let values: [Float] = [0, 0.5, 1, 0, 3, 6]
    let grids = [
      QuantizationGrid(scale: 0.5, zeroPoint: 0, levels: 256),
      QuantizationGrid(scale: 3, zeroPoint: 0, levels: 256),
    ]
    values.withUnsafeBufferPointer {
      let layout = ChannelLayout.weights(channels: 2, valuesPerChannel: 3)
      #expect(quantizationNoise(of: $0, layout: layout, quantizedBy: grids)?.noise == 0)
      #expect(quantizationNoise(of: $0, layout: layout, quantizedBy: [grids[1]])?.noise == 0.25 + 1)
    }
  }
}
