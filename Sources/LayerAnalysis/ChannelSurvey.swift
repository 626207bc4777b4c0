import Tensors

/// The first look at a tensor, whose values may come in pieces of whole outer rows (images): moments and percentiles
/// of each channel and of all. The second look, at the histogram and the rounding error, needs the bounds found.
///
/// Pieces in order give the same bits as all values at once. Percentiles are found with little memory by guessing how
/// far from the ends they lie; where that fails (`isComplete`), all values must come once more.
public final class ChannelSurvey {
  public let layout: ChannelLayout
  private let clippedPercent: Double?
  private var channels: [Channel]
  /// nil for the extremes.
  private var wholeClip: SymmetricClip?
  /// What the clips keep.
  private let kept: AlignedBuffer<Float>

  private struct Channel {
    /// nil before the first finite value.
    var sums: PowerSums?
    var nonFinite = 0
    /// nil for the extremes.
    var clip: SymmetricClip?
  }

  /// - Parameters:
  ///   - layout: of all values that will come.
  ///   - clippedPercent: p for bounds between the p-th and (100 − p)-th percentile (D4); nil for the extremes.
  public init(_ layout: ChannelLayout, clippedPercent: Double?) {
    self.layout = layout
    self.clippedPercent = clippedPercent
    var room = 0
    if let clippedPercent {
      room =
        layout.channels * SymmetricClip.capacity(percent: clippedPercent, of: layout.outer * layout.inner)
        + SymmetricClip.capacity(percent: clippedPercent, of: layout.count)
    }
    kept = AlignedBuffer(count: room, isSparse: true)
    channels = []
    begin(guesses: true)
  }

  /// All values at once.
  convenience init(of values: UnsafeBufferPointer<Float>, layout: ChannelLayout, clippedPercent: Double?) {
    self.init(layout, clippedPercent: clippedPercent)
    add(values)
    guard !isComplete else { return }
    prepareToRepeat()
    add(values)
  }

  private func begin(guesses: Bool) {
    var next = kept.base
    func clip(of total: Int) -> SymmetricClip? {
      guard let clippedPercent else { return nil }
      defer { next += SymmetricClip.capacity(percent: clippedPercent, of: total) }
      return SymmetricClip(percent: clippedPercent, of: total, values: next, guesses: guesses)
    }
    channels = (0..<layout.channels).map { _ in Channel(clip: clip(of: layout.outer * layout.inner)) }
    wholeClip = clip(of: layout.count)
  }

  /// Whether what came is enough for the result.
  public var isComplete: Bool {
    (wholeClip?.isComplete ?? true) && channels.allSatisfy { $0.clip?.isComplete ?? true }
  }

  /// Prepares for the same values once more, after which all is complete.
  public func prepareToRepeat() { begin(guesses: false) }

  /// - Parameter values: one or more rows of channels × inner.
  public func add(_ values: UnsafeBufferPointer<Float>) {
    let row = layout.channels * layout.inner
    guard row > 0, let p = values.baseAddress else { return }
    precondition(values.count % row == 0, "\(values.count) values in rows of \(row)")
    var wholeClip = self.wholeClip
    channels.withUnsafeMutableBufferPointer { channels in
      for start in stride(from: 0, to: values.count, by: row) {
        for channel in channels.indices {
          let run = UnsafeBufferPointer(start: p + start + channel * layout.inner, count: layout.inner)
          let extent = RunExtent(run)
          if extent.isFinite {
            Self.add(run, extent, to: &channels[channel], &wholeClip)
          } else {
            Self.addFinite(of: run, to: &channels[channel], &wholeClip)
          }
        }
      }
    }
    self.wholeClip = wholeClip
  }

  @inline(__always)
  private static func add(
    _ run: UnsafeBufferPointer<Float>, _ extent: RunExtent, to channel: inout Channel,
    _ wholeClip: inout SymmetricClip?
  ) {
    channel.clip?.add(run, bounds: extent.bounds)
    wholeClip?.add(run, bounds: extent.bounds)
    if channel.sums == nil { channel.sums = PowerSums(around: run[0]) }
    channel.sums!.add(run, extent)
  }

  private static func addFinite(
    of run: UnsafeBufferPointer<Float>, to channel: inout Channel, _ wholeClip: inout SymmetricClip?
  ) {
    for value in run {
      guard value.isFinite else {
        channel.nonFinite += 1
        continue
      }
      withUnsafePointer(to: value) {
        let one = UnsafeBufferPointer(start: $0, count: 1)
        add(one, RunExtent(one), to: &channel, &wholeClip)
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
    let bounds = moments.indices.map { channels[$0].clip!.bounds() }
    return (moments, ChannelBounds(tensor: wholeClip!.bounds(), channels: bounds))
  }
}
