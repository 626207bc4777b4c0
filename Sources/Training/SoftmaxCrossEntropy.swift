#if canImport(Glibc)
  import Glibc
#endif

/// What a training step found out about its batch, before it changed the weights.
public struct StepResult: Hashable, Sendable {
  /// Sum over the batch of the cross-entropy in nats; not finite where the run has diverged (SPEC C5).
  public var lossSum: Double
  /// Images whose largest logit is their label's.
  public var correct: Int
  /// Loss, gradients, BatchNorm statistics and the weights after the step are all finite. Where they are not, the
  /// run has diverged (SPEC C5), and the weights are still those before the step, unless its update overflowed.
  /// (ReLU turns NaN into 0, so that a finite loss alone says nothing.)
  public var isFinite: Bool

  public init(lossSum: Double, correct: Int, isFinite: Bool) {
    self.lossSum = lossSum
    self.correct = correct
    self.isFinite = isFinite
  }
}

/// Softmax cross-entropy and the gradient of its mean over the batch, (p − onehot)/N; in double precision.
///
/// - Parameters:
///   - logits: N × classes.
///   - labels: N, each in 0 ..< classes.
///   - gradient: N × classes, written.
func softmaxCrossEntropy(
  logits: UnsafePointer<Float>, labels: UnsafeBufferPointer<Int32>, classes: Int,
  gradient: UnsafeMutablePointer<Float>
) -> StepResult {
  var result = StepResult(lossSum: 0, correct: 0, isFinite: true)
  for n in 0..<labels.count {
    let row = logits + n * classes
    let out = gradient + n * classes
    let label = Int(labels[n])
    precondition(label >= 0 && label < classes, "label \(label) of \(classes) classes")
    var largest = 0
    var finite = row[0].isFinite
    for c in 1..<classes {
      finite = finite && row[c].isFinite
      if row[c] > row[largest] { largest = c }
    }
    guard finite else {
      result.lossSum = .nan
      result.isFinite = false
      for c in 0..<classes { out[c] = .nan }
      continue
    }
    let maximum = Double(row[largest])
    var sum = 0.0
    for c in 0..<classes { sum += exp(Double(row[c]) - maximum) }
    let logSum = log(sum) + maximum
    for c in 0..<classes {
      let p = exp(Double(row[c]) - logSum)
      out[c] = Float((p - (c == label ? 1 : 0)) / Double(labels.count))
    }
    result.lossSum += logSum - Double(row[label])
    if largest == label { result.correct += 1 }
  }
  return result
}
