import Tensors

/// In which order an epoch's images are used.
public enum ImageOrder: Hashable, Sendable {
  /// As they lie in the set: for evaluation.
  case sequential
  /// A permutation that is a pure function of (seed, epoch).
  case shuffled(seed: UInt64)

  /// The images of epoch `epoch`, all of 0 ..< count, in order of use.
  public func indices(epoch: Int, count: Int) -> [Int32] {
    switch self {
    case .sequential: (0..<count).map { Int32($0) }
    case .shuffled(let seed): Self.permutation(seed: seed, purpose: .shuffle, epoch: epoch, count: count)
    }
  }

  private static func permutation(seed: UInt64, purpose: RandomPurpose, epoch: Int, count: Int) -> [Int32] {
    var stream = RandomStream(seed: seed, purpose: purpose, epoch: epoch)
    return stream.permutation(of: count)
  }

  /// `images` distinct indices below `count`, ascending: the calibration sample of draw `draw` (SPEC D4, E4), a
  /// pure function of (seed, draw).
  public static func calibrationSample(images: Int, of count: Int, seed: UInt64, draw: Int) -> [Int32] {
    precondition(images >= 0 && images <= count, "\(images) distinct images of \(count)")
    return permutation(seed: seed, purpose: .calibration, epoch: draw, count: count).prefix(images).sorted()
  }
}
