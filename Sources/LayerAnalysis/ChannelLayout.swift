/// How a dense buffer of outer × channels × inner values divides into channels.
///
/// Activations N × C × H × W have outer = N, inner = H·W; weights (OIHW or O × I) have their output channels
/// on the first axis: outer = 1, inner = values per output channel.
public struct ChannelLayout: Hashable, Sendable {
  public let outer: Int
  public let channels: Int
  public let inner: Int

  public init(outer: Int, channels: Int, inner: Int) {
    precondition(outer >= 0 && channels >= 0 && inner >= 0)
    self.outer = outer
    self.channels = channels
    self.inner = inner
  }

  /// The layout of weights of `channels` output channels.
  public static func weights(channels: Int, valuesPerChannel: Int) -> Self {
    Self(outer: 1, channels: channels, inner: valuesPerChannel)
  }

  public var count: Int { outer * channels * inner }

  /// The runs of contiguous values that make up a channel, in order.
  @inline(__always)
  func forEachRun(
    ofChannel channel: Int, in values: UnsafeBufferPointer<Float>,
    _ body: (UnsafeBufferPointer<Float>) -> Void
  ) {
    guard inner > 0 else { return }
    for o in 0..<outer {
      let start = (o * channels + channel) * inner
      body(UnsafeBufferPointer(rebasing: values[start..<start + inner]))
    }
  }
}

/// The closed interval lower ... upper that a range (D1) is taken between.
public struct Bounds: Hashable, Sendable {
  public var lower: Float
  public var upper: Float

  public init(lower: Float, upper: Float) {
    self.lower = lower
    self.upper = upper
  }

  /// upper − lower.
  public var range: Double { Double(upper) - Double(lower) }
}

/// Bounds of a whole tensor and of each of its channels.
public struct ChannelBounds: Hashable, Sendable {
  public var tensor: Bounds
  public var channels: [Bounds]

  public init(tensor: Bounds, channels: [Bounds]) {
    self.tensor = tensor
    self.channels = channels
  }
}
