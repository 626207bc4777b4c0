import Tensors

/// The first look at a tensor, whose values may come in pieces of whole outer rows (images): moments and percentiles
/// of each channel and of all. The second look, at the histogram and the rounding error, needs the bounds found.
///
/// Pieces in order give the same bits as all values at once.
public final class ChannelSurvey {
  public let layout: ChannelLayout
  private let clippedPercent: Double?
  private var channels: [ChannelSums]
  private var clips: [SymmetricClip] = []
  private var wholeClip: SymmetricClip?
  /// What the clips keep.
  private let kept: AlignedBuffer<Float>

  private struct ChannelSums {
    /// nil before the first finite value.
    var sums: PowerSums?
    var nonFinite = 0
  }

  /// - Parameters:
  ///   - layout: of all values that will come.
  ///   - clippedPercent: p for bounds between the p-th and (100 − p)-th percentile (D4); nil for the extremes.
  public init(_ layout: ChannelLayout, clippedPercent: Double?) {
    self.layout = layout
    self.clippedPercent = clippedPercent
    channels = Array(repeating: ChannelSums(), count: layout.channels)
    guard let clippedPercent else {
      kept = AlignedBuffer(count: 0)
      return
    }
    let perChannel = layout.outer * layout.inner
    let room = SymmetricClip.capacity(percent: clippedPercent, of: perChannel)
    kept = AlignedBuffer(
      count: room * layout.channels + SymmetricClip.capacity(percent: clippedPercent, of: layout.count))
    for channel in 0..<layout.channels {
      clips.append(
        SymmetricClip(percent: clippedPercent, of: perChannel, values: kept.base + channel * room))
    }
    wholeClip = SymmetricClip(
      percent: clippedPercent, of: layout.count, values: kept.base + layout.channels * room)
  }

  /// - Parameter values: one or more rows of channels × inner.
  public func add(_ values: UnsafeBufferPointer<Float>) {
    let row = layout.channels * layout.inner
    guard row > 0, let p = values.baseAddress else { return }
    precondition(values.count % row == 0, "\(values.count) values in rows of \(row)")
    channels.withUnsafeMutableBufferPointer { channels in
      for start in stride(from: 0, to: values.count, by: row) {
        for channel in channels.indices {
          let run = UnsafeBufferPointer(start: p + start + channel * layout.inner, count: layout.inner)
          let extent = RunExtent(run)
          if extent.isFinite {
            add(run, extent, to: &channels[channel], channel)
          } else {
            addFinite(of: run, to: &channels[channel], channel)
          }
        }
      }
    }
  }

  @inline(__always)
  private func add(
    _ run: UnsafeBufferPointer<Float>, _ extent: RunExtent, to sums: inout ChannelSums, _ channel: Int
  ) {
    if sums.sums == nil { sums.sums = PowerSums(around: run[0]) }
    sums.sums!.add(run, extent)
    guard clippedPercent != nil else { return }
    clips[channel].add(run, bounds: extent.bounds)
    wholeClip!.add(run, bounds: extent.bounds)
  }

  private func addFinite(
    of run: UnsafeBufferPointer<Float>, to sums: inout ChannelSums, _ channel: Int
  ) {
    for value in run {
      guard value.isFinite else {
        sums.nonFinite += 1
        continue
      }
      withUnsafePointer(to: value) {
        let one = UnsafeBufferPointer(start: $0, count: 1)
        add(one, RunExtent(one), to: &sums, channel)
      }
    }
  }

  /// The moments of every channel, and the bounds; nothing can be added after it.
  public func result() -> (moments: [Moments], bounds: ChannelBounds) {
    let moments = channels.map { channel in
      channel.sums.map { Moments($0, nonFinite: channel.nonFinite) } ?? Moments(nonFinite: channel.nonFinite)
    }
    let all = moments.reduce(into: Moments()) { $0.merge($1) }
    guard clippedPercent != nil else {
      return (moments, ChannelBounds(tensor: all.bounds, channels: moments.map(\.bounds)))
    }
    let bounds = moments.indices.map { clips[$0].bounds(count: moments[$0].count) }
    return (moments, ChannelBounds(tensor: wholeClip!.bounds(count: all.count), channels: bounds))
  }
}
