/// v ← μ·v + (g + λ·w); w ← w − η·v, element by element, as PyTorch's SGD with momentum. (Keras scales by η before
/// the momentum, which differs at changes of the rate only.)
///
/// - Parameters:
///   - rate: η.
///   - decay: λ.
func momentumStep(
  weights: UnsafeMutablePointer<Float>, velocity: UnsafeMutablePointer<Float>,
  gradient: UnsafePointer<Float>, count: Int, rate: Float, momentum: Float, decay: Float
) {
  if decay == 0 {
    for i in 0..<count {
      let v = momentum * velocity[i] + gradient[i]
      velocity[i] = v
      weights[i] -= rate * v
    }
  } else {
    for i in 0..<count {
      let v = momentum * velocity[i] + (gradient[i] + decay * weights[i])
      velocity[i] = v
      weights[i] -= rate * v
    }
  }
}

/// running ← m·running + (1 − m)·batch.
func movingAverage(
  _ running: UnsafeMutablePointer<Float>, toward batch: UnsafePointer<Float>, count: Int, momentum: Double
) {
  let kept = Float(momentum)
  let taken = Float(1 - momentum)
  for i in 0..<count { running[i] = kept * running[i] + taken * batch[i] }
}

func accumulate(
  _ sum: UnsafeMutablePointer<Float>, adding term: UnsafePointer<Float>, count: Int
) {
  for i in 0..<count { sum[i] += term[i] }
}

func multiply(_ values: UnsafeMutablePointer<Float>, by mask: UnsafePointer<Float>, count: Int) {
  for i in 0..<count { values[i] *= mask[i] }
}

/// Whether no value is infinite or NaN: their exponent bits are all ones, and one more carries into the sign bit.
func allFinite(_ values: UnsafePointer<Float>, count: Int) -> Bool {
  var carries: UInt32 = 0
  for i in 0..<count { carries |= (values[i].bitPattern & 0x7F80_0000) &+ 0x0080_0000 }
  return carries & 0x8000_0000 == 0
}
