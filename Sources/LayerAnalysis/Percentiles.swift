import Tensors

/// The p-th and (100 − p)-th percentile of a tensor and of each of its channels (D4): symmetric percentile
/// clipping.
///
/// Equal bit for bit to `numpy.percentile(x, q)` with method `linear` of the float32 values and a Python float q
/// (but for −0, which counts as +0). Values that are not finite are left out; bounds of no values are 0.
///
/// - Parameter clippedPercent: p, percent clipped at either end, in 0 ... 50.
public func percentileBounds(
  of values: UnsafeBufferPointer<Float>, layout: ChannelLayout, clippedPercent: Double
) -> ChannelBounds {
  precondition(values.count == layout.count && (0...50).contains(clippedPercent))
  let clip = SymmetricClip(percent: clippedPercent)
  let (tensor, channels) = countUpperHalves(of: values, layout: layout, ranks: clip.ranks)

  let tables = clip.ranks(of: 1).count * SortKey.halves
  let tensorLower = AlignedBuffer<UInt32>(count: tables)
  let channelLower = AlignedBuffer<UInt32>(count: tables)
  let bounds = channels.enumerated().map { channel, selection in
    channelLower.buffer[..<(selection.wanted.count * SortKey.halves)].update(repeating: 0)
    layout.forEachRun(ofChannel: channel, in: values) { run in
      for (i, half) in selection.wanted.enumerated() {
        countLowerHalves(run, of: half, channelLower.base + i * SortKey.halves)
      }
      for (i, half) in tensor.wanted.enumerated() {
        countLowerHalves(run, of: half, tensorLower.base + i * SortKey.halves)
      }
    }
    return clip.bounds(selection, lower: channelLower.base)
  }
  return ChannelBounds(tensor: clip.bounds(tensor, lower: tensorLower.base), channels: bounds)
}

/// The first pass: the selection of the whole tensor and of every channel.
private func countUpperHalves(
  of values: UnsafeBufferPointer<Float>, layout: ChannelLayout, ranks: (Int) -> [Int]
) -> (tensor: RankSelection, channels: [RankSelection]) {
  let counter = UpperHalfCounts()
  var total = [UInt32](repeating: 0, count: SortKey.halves)
  var totalZeros = 0
  let channels = (0..<layout.channels).map { channel in
    layout.forEachRun(ofChannel: channel, in: values) { counter.add($0) }
    let (counts, zeros) = counter.take()
    for half in 0..<SortKey.halves { total[half] &+= counts[half] }
    totalZeros += zeros
    return RankSelection(upper: counts, zeros: zeros, ranks: ranks)
  }
  return (RankSelection(upper: total, zeros: totalZeros, ranks: ranks), channels)
}

/// The p-th and (100 − p)-th percentile of n sorted values.
private struct SymmetricClip {
  private let ends: [LinearPercentile]

  init(percent: Double) {
    ends = [LinearPercentile(percent: percent), LinearPercentile(percent: 100 - percent)]
  }

  func ranks(of count: Int) -> [Int] {
    ends.flatMap { [$0.ranks(of: count).below, $0.ranks(of: count).above] }
  }

  func bounds(_ selection: RankSelection, lower: UnsafePointer<UInt32>) -> Bounds {
    guard selection.finite > 0 else { return Bounds(lower: 0, upper: 0) }
    let values = ends.map { end in
      let (below, above) = end.ranks(of: selection.finite)
      return end.interpolate(
        selection.value(ofRank: below, lower: lower), selection.value(ofRank: above, lower: lower),
        count: selection.finite)
    }
    return Bounds(lower: values[0], upper: values[1])
  }
}

/// A percentile by linear interpolation between two ranks, with NumPy's roundings.
private struct LinearPercentile {
  let percent: Double

  private func position(_ count: Int) -> Double { Double(count - 1) * (percent / 100) }

  func ranks(of count: Int) -> (below: Int, above: Int) {
    let below = Int(position(count).rounded(.down))
    return below >= count - 1 ? (count - 1, count - 1) : (below, below + 1)
  }

  /// NumPy interpolates in float32, from the nearer of the two values.
  func interpolate(_ below: Float, _ above: Float, count: Int) -> Float {
    let weight = position(count) - position(count).rounded(.down)
    let difference = above - below
    let value = weight >= 0.5 ? above - difference * Float(1 - weight) : below + difference * Float(weight)
    return value + 0
  }
}
