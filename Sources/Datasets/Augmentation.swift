import Tensors

/// Random affine augmentation (SPEC C2): shift, zoom, rotation and flips combined into one map per image,
/// sampled bilinearly, coordinates beyond an edge taking the edge's value.
public struct Augmentation: Hashable, Sendable {
  /// Largest shift as a fraction of the image's side, each axis on its own.
  public var shift: Double
  /// Zoom factor drawn from 1 ± zoom, one for both axes.
  public var zoom: Double
  /// Largest rotation in degrees, either way.
  public var rotation: Double
  /// Mirrors left and right with probability 1/2.
  public var horizontalFlip: Bool
  /// Mirrors top and bottom with probability 1/2.
  public var verticalFlip: Bool

  public init(
    shift: Double = 0.1, zoom: Double = 0.1, rotation: Double = 15, horizontalFlip: Bool = true,
    verticalFlip: Bool = true
  ) {
    precondition(shift >= 0 && (0..<1).contains(zoom) && (0...180).contains(rotation))
    self.shift = shift
    self.zoom = zoom
    self.rotation = rotation
    self.horizontalFlip = horizontalFlip
    self.verticalFlip = verticalFlip
  }

  /// The map of one image in one epoch: a pure function of its arguments. Every image draws the same numbers
  /// whichever kinds are on, so switching one off leaves the others' values as they were.
  package func map(seed: UInt64, epoch: Int, image: Int, height: Int, width: Int) -> AffineMap {
    var stream = RandomStream(seed: seed, purpose: .augmentation, epoch: epoch, index: image)
    let across = Double(stream.uniform(-1, 1)) * shift * Double(width)
    let down = Double(stream.uniform(-1, 1)) * shift * Double(height)
    let scale = 1 + Double(stream.uniform(-1, 1)) * zoom
    let turn = PortableRotation(radians: Double(stream.uniform(-1, 1)) * rotation * (Double.pi / 180))
    let flips = stream.nextBits()
    let mirrorX: Double = horizontalFlip && flips & 1 != 0 ? -1 : 1
    let mirrorY: Double = verticalFlip && flips & 2 != 0 ? -1 : 1
    return AffineMap(
      xx: scale * turn.cosine * mirrorX, xy: -scale * turn.sine * mirrorY,
      yx: scale * turn.sine * mirrorX, yy: scale * turn.cosine * mirrorY,
      across: across, down: down, height: height, width: width)
  }
}

/// Where each output pixel is read from: source = A·(output − centre) + centre + shift, in pixels.
/// Held in fixed point with 24 fractional bits, so that stepping along a row is exact and portable.
package struct AffineMap: Equatable {
  package static let fractionBits = 24
  /// Source x and y of output pixel (0, 0).
  package let x: Int
  package let y: Int
  /// Change of the source's x and y for one step right (…PerColumn) and one step down (…PerRow).
  package let xPerColumn: Int
  package let yPerColumn: Int
  package let xPerRow: Int
  package let yPerRow: Int

  package init(
    xx: Double, xy: Double, yx: Double, yy: Double, across: Double, down: Double, height: Int, width: Int
  ) {
    let centreX = Double(width - 1) / 2
    let centreY = Double(height - 1) / 2
    x = Self.fixed(centreX + across - xx * centreX - xy * centreY)
    y = Self.fixed(centreY + down - yx * centreX - yy * centreY)
    xPerColumn = Self.fixed(xx)
    yPerColumn = Self.fixed(yx)
    xPerRow = Self.fixed(xy)
    yPerRow = Self.fixed(yy)
  }

  private static func fixed(_ value: Double) -> Int { Int((value * Double(1 << fractionBits)).rounded()) }
}
