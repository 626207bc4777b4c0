/// Cosine and sine of an angle from IEEE additions and multiplications alone, so that images are the same bits
/// whatever the C library. Taylor series; the error is below 1e-10 for |radians| ≤ π.
struct PortableRotation {
  let cosine: Double
  let sine: Double

  init(radians x: Double) {
    let square = x * x
    var cosine = 1.0
    var sine = 1.0
    for n in stride(from: 22, through: 2, by: -2) {
      cosine = 1 - square / Double(n * (n - 1)) * cosine
      sine = 1 - square / Double(n * (n + 1)) * sine
    }
    self.cosine = cosine
    self.sine = x * sine
  }
}
