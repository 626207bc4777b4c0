public import Networks

/// How long a trial's snapshots can be as messages, whatever its numbers turn out to be.
///
/// A layer has a row of weights, one of folded weights, and with every calibration draw one of activations and one of
/// errors. A row of statistics has at most 1,440 bytes, 1,280 of them a histogram of 256 counts of five bytes, with its
/// layer's name and eight bytes for every output channel. So a snapshot of the thesis's network (12 layers, 1,610
/// channels in all) has up to 92 kB with one draw and 31 kB more with every other: 132 draws make 4 MiB. The
/// longest of the shipped sweeps' has 154 kB.
public struct SnapshotSize: Hashable, Sendable {
  /// Bytes of a snapshot's message at most. No configuration is valid that could need more, so this bounds what a
  /// coordinator must take from a peer at once.
  public static let limit = 4 << 20

  /// Bytes with no draws, and of each draw.
  private let base: Int
  private let draw: Int

  /// Bytes at most of a row without its name and what it has for every channel.
  private static let row = 1440
  private static let error = 64
  private static let metrics = 64
  /// Header, worker, attempt, and what there is once.
  private static let envelope = 512

  /// - Parameter layers: the network's.
  public init(_ layers: [Layer]) {
    var (statistics, errors) = (0, 0)
    for layer in layers {
      let name = layer.name.utf8.count
      statistics += Self.row + name + 8 * layer.outChannels
      errors += Self.error + name
    }
    base = Self.envelope + 2 * statistics
    draw = Self.metrics + statistics + errors
  }

  /// - Parameter draws: calibration draws, at most 2³¹.
  public func bytes(draws: Int) -> Int { base + draws * draw }

  /// 0: the network is too large for one.
  public var mostDraws: Int { max(0, (Self.limit - base) / draw) }
}
