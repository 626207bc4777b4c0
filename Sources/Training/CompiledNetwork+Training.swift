import Networks
import OneDNN

extension CompiledNetwork {
  /// One step of SGD on the first `count` of `images`: forward, softmax cross-entropy (mean over the batch),
  /// backward, weights and BatchNorm's moving averages.
  ///
  /// v ← μ·v + (g + weightDecay·w), w ← w − learningRate·v; the decay is for weights only. Moving averages are
  /// m·running + (1 − m)·batch with m = `batchNormMomentum`, of the biased variance that also normalizes the
  /// batch (SPEC C3, eq. 3.2).
  ///
  /// - Parameters:
  ///   - count: 1 … batch; statistics and means are over these images only.
  ///   - labels: one for each of them, 0 ..< classes.
  /// - Returns: loss and hits before the step, and whether all was finite: divergence is a result, not an error.
  /// - Throws: `OneDNNError`.
  public func trainStep(
    count: Int, labels: UnsafeBufferPointer<Int32>, learningRate: Double, momentum: Double,
    weightDecay: Double
  ) throws -> StepResult {
    precondition(purpose == .training, "an inference network does not train")
    precondition(labels.count >= count, "\(labels.count) labels for \(count) images")
    Engine.setThreads(threads)
    let plan = try plan(for: count)
    try run(plan.prepare)
    for steps in plan.forward { try run(steps) }
    try engine.wait()
    var result = softmaxCrossEntropy(
      logits: plan.outputs.last!.floats, labels: UnsafeBufferPointer(rebasing: labels[..<count]),
      classes: network.architecture.classes, gradient: plan.lossGradient!.floats)
    guard result.isFinite else { return result }
    try run(plan.backward)
    try engine.wait()
    result.isFinite = states.allSatisfy(\.stepIsFinite)
    guard result.isFinite else { return result }
    let hyperparameters = Hyperparameters(
      learningRate: learningRate, momentum: momentum, weightDecay: weightDecay)
    for state in states {
      state.update(hyperparameters, batchNormMomentum: network.architecture.batchNormMomentum)
    }
    result.isFinite = states.allSatisfy(\.valuesAreFinite)
    return result
  }
}

extension Memory {
  var floats: UnsafeMutablePointer<Float> { address!.assumingMemoryBound(to: Float.self) }
}
