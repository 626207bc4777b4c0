import Tensors

/// The first look at a tensor, whose values may come in pieces of whole outer rows (images): moments and percentiles
/// of each channel and of all. The second look, at the histogram and the rounding error, needs the bounds found.
///
/// Pieces in order give the same bits as all values at once. Percentiles are found with little memory by guessing how
/// far from the ends they lie; where that fails (`isComplete`), all values must come once more.
public final class ChannelSurvey {
  public let layout: ChannelLayout
  private let clippedPercent: Double?
  private var channels: [ChannelSums]
  private var clips: [SymmetricClip] = []
  private var wholeClip: SymmetricClip?
  /// Finite values that came.
  private var seen = 0
  /// What the clips keep.
  private let kept: AlignedBuffer<Float>

  private struct ChannelSums {
    /// nil before the first finite value.
    var sums: PowerSums?
    var nonFinite = 0
    /// Finite values.
    var count: Int { sums?.count ?? 0 }
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
    let room = SymmetricClip.capacity(percent: clippedPercent, of: layout.outer * layout.inner)
    kept = AlignedBuffer(
      count: room * layout.channels + SymmetricClip.capacity(percent: clippedPercent, of: layout.count))
    makeClips(clippedPercent, guesses: true)
  }

  /// All values at once.
  convenience init(of values: UnsafeBufferPointer<Float>, layout: ChannelLayout, clippedPercent: Double?) {
    self.init(layout, clippedPercent: clippedPercent)
    add(values)
    guard !isComplete else { return }
    prepareToRepeat()
    add(values)
  }

  private func makeClips(_ percent: Double, guesses: Bool) {
    let perChannel = layout.outer * layout.inner
    let room = SymmetricClip.capacity(percent: percent, of: perChannel)
    clips = (0..<layout.channels).map {
      SymmetricClip(percent: percent, of: perChannel, values: kept.base + $0 * room, guesses: guesses)
    }
    wholeClip = SymmetricClip(
      percent: percent, of: layout.count, values: kept.base + layout.channels * room, guesses: guesses)
  }

  /// Whether what came is enough for the result.
  public var isComplete: Bool {
    guard let wholeClip else { return true }
    return wholeClip.isComplete(count: seen)
      && channels.indices.allSatisfy { clips[$0].isComplete(count: channels[$0].count) }
  }

  /// Prepares for the same values once more, after which all is complete.
  public func prepareToRepeat() {
    channels = Array(repeating: ChannelSums(), count: layout.channels)
    seen = 0
    if let clippedPercent { makeClips(clippedPercent, guesses: false) }
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
    if clippedPercent != nil {
      clips[channel].add(run, bounds: extent.bounds, seen: sums.count)
      wholeClip!.add(run, bounds: extent.bounds, seen: seen)
    }
    if sums.sums == nil { sums.sums = PowerSums(around: run[0]) }
    sums.sums!.add(run, extent)
    seen += run.count
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

  /// The moments of every channel, and the bounds; nothing can be added after it. Of a complete survey.
  public func result() -> (moments: [Moments], bounds: ChannelBounds) {
    precondition(isComplete, "percentiles were guessed wrong, and the values have not come again")
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
