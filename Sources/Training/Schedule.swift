/// What one step of SGD is done with.
public struct Hyperparameters: Hashable, Sendable {
  public var learningRate: Double
  /// μ of v ← μ·v + g.
  public var momentum: Double
  /// Added to the gradient of weights (not of biases, γ or β) as weightDecay·w.
  public var weightDecay: Double

  public init(learningRate: Double, momentum: Double = 0.9, weightDecay: Double = 0) {
    self.learningRate = learningRate
    self.momentum = momentum
    self.weightDecay = weightDecay
  }
}

/// A learning rate multiplied by `factor` after each of `decayEpochs` (SPEC C1): epoch 75 still trains at the rate
/// before, as the accuracies of Table 4.3 at epoch 75 show.
public struct StepSchedule: Hashable, Sendable {
  public var base: Double
  public var decayEpochs: [Int]
  public var factor: Double

  public init(base: Double = 0.01, decayEpochs: [Int] = [75, 120, 170], factor: Double = 0.1) {
    self.base = base
    self.decayEpochs = decayEpochs
    self.factor = factor
  }

  /// - Parameter epoch: counted from 1.
  public func learningRate(epoch: Int) -> Double {
    decayEpochs.reduce(base) { epoch > $1 ? $0 * factor : $0 }
  }
}
