import Tensors

/// One synthetic image before noise: a background that shades from corner to corner, a distractor bar, and the
/// object whose form and colour are the class.
struct SyntheticScene {
  typealias Colour = SIMD4<Float>

  enum Form: Int { case disc, square, ring, cross, triangle }

  /// Half the width of the triangular noise's support, in grey levels.
  let noise: Float
  private let form: Form
  private let radius: Float
  private let centre: SIMD2<Float>
  private let turn: SIMD2<Float>
  private let objectColour: Colour
  private let stripeColour: Colour
  private let stripesPerPixel: Float
  private let stripePhase: Float
  private let background: Colour
  private let shadeAcross: Colour
  private let shadeDown: Colour
  private let bar: Placement
  private let barColour: Colour
  private let barHalf: SIMD2<Float>

  private struct Placement {
    let centre: SIMD2<Float>
    let turn: SIMD2<Float>

    /// (x, y) in the coordinates of the placed thing.
    func local(_ x: Float, _ y: Float) -> SIMD2<Float> {
      let dx = x - centre.x
      let dy = y - centre.y
      return SIMD2(dx * turn.x + dy * turn.y, dy * turn.x - dx * turn.y)
    }
  }

  init(label: Int, drawing stream: inout RandomStream) {
    form = Form(rawValue: label / 2)!
    noise = stream.uniform(8, 48)
    radius = stream.uniform(7.5, 11)
    centre = SIMD2(stream.uniform(10, 21), stream.uniform(10, 21))
    turn = Self.direction(stream.uniform(-0.5, 0.5))
    let hue = Self.hue(warm: label % 2 == 0, stream.uniform(-1, 1))
    let contrast = stream.uniform(0.6, 1)
    let brightness = stream.uniform(100, 190)
    objectColour = Self.colour(hue: hue, brightness: brightness, saturation: contrast)
    stripeColour = objectColour * stream.uniform(0.55, 1)
    stripesPerPixel = stream.uniform(0.1, 0.3)
    stripePhase = stream.uniform()
    background = Self.colour(
      hue: stream.uniform(), brightness: stream.uniform(50, 200), saturation: stream.uniform(0, 0.4))
    shadeAcross = Self.tint(&stream, 28)
    shadeDown = Self.tint(&stream, 28)
    bar = Placement(
      centre: SIMD2(stream.uniform(0, 31), stream.uniform(0, 31)), turn: Self.direction(stream.uniform(-3, 3))
    )
    barColour = Self.colour(
      hue: stream.uniform(), brightness: stream.uniform(60, 200), saturation: stream.uniform(0, 0.7))
    barHalf = SIMD2(stream.uniform(5, 12), stream.uniform(1, 3))
  }

  /// Red, green, blue in grey levels, possibly outside 0…255, at a pixel's centre.
  func colour(x: Float, y: Float) -> Colour {
    var result = background + shadeAcross * (x * (1 / 15.5) - 1) + shadeDown * (y * (1 / 15.5) - 1)
    let onBar = bar.local(x, y)
    let barCover = Self.cover(max(abs(onBar.x) - barHalf.x, abs(onBar.y) - barHalf.y))
    result += (barColour - result) * barCover
    let local = Placement(centre: centre, turn: turn).local(x, y)
    let wave = local.x * stripesPerPixel + stripePhase
    let stripe = abs((wave - wave.rounded(.down)) * 2 - 1)
    let surface = objectColour + (stripeColour - objectColour) * stripe
    result += (surface - result) * Self.cover(distance(local))
    return result
  }

  /// Signed distance, in pixels, to the form's outline; negative inside. Forms have about the same area.
  private func distance(_ p: SIMD2<Float>) -> Float {
    let x = abs(p.x)
    let y = abs(p.y)
    switch form {
    case .disc: return (x * x + y * y).squareRoot() - 0.8 * radius
    case .square: return max(x, y) - 0.71 * radius
    case .ring: return abs((x * x + y * y).squareRoot() - 0.78 * radius) - 0.24 * radius
    case .cross: return min(max(x - radius, y - 0.29 * radius), max(y - radius, x - 0.29 * radius))
    case .triangle: return max(x * 0.866 + p.y * 0.5, -p.y) - 0.56 * radius
    }
  }

  /// How much of a pixel at a signed distance is covered: 1 inside, 0 outside, a ramp of one pixel between.
  private static func cover(_ distance: Float) -> Float { min(max(0.5 - distance, 0), 1) }

  private static func direction(_ radians: Float) -> SIMD2<Float> {
    let rotation = PortableRotation(radians: Double(radians))
    return SIMD2(Float(rotation.cosine), Float(rotation.sine))
  }

  private static func tint(_ stream: inout RandomStream, _ amplitude: Float) -> Colour {
    Colour(
      stream.uniform(-amplitude, amplitude), stream.uniform(-amplitude, amplitude),
      stream.uniform(-amplitude, amplitude), 0)
  }

  /// Warm hues lie around orange, cool ones around azure, opposite on the circle [0, 1); the halves nearly meet.
  private static func hue(warm: Bool, _ offset: Float) -> Float { (warm ? 1.08 : 0.58) + 0.2 * offset }

  /// The colour of a hue on the circle of circumference 1, of given mean brightness.
  private static func colour(hue: Float, brightness: Float, saturation: Float) -> Colour {
    func channel(_ peak: Float) -> Float {
      let turns = hue - peak
      let distance = abs(turns - turns.rounded())
      return brightness * (1 + saturation * (1 - 4 * distance))
    }
    return Colour(channel(0), channel(1 / 3), channel(2 / 3), 0)
  }
}
