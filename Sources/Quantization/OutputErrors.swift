#if canImport(Glibc)
  import Glibc
#endif

/// What quantization does to a network's output (SPEC F2), over a set of images.
///
/// Softmax is taken in double precision. A row of logits that holds a value that is not finite (a diverged
/// network) counts as the uniform distribution, and predicts no class.
public struct OutputErrors: Hashable, Sendable {
  /// Fraction of images whose greatest quantized logit (the first, of equal ones) is the label's.
  public var quantizedAccuracy = 0.0
  /// The same of the fp32 logits.
  public var accuracy = 0.0
  /// Mean over images and outputs of (p_fp32 − p_quantized)².
  public var qmse = 0.0
  /// Mean over images of −Σ p_fp32·log p_quantized, nats.
  public var qce = 0.0
  /// qce less the mean entropy of p_fp32.
  public var qkl = 0.0
  /// Mean over images and outputs of the squared difference of the logits; finite rows only.
  public var logitMSE = 0.0
  /// Fraction of images whose predicted class differs.
  public var changedPredictions = 0.0

  /// - Parameters:
  ///   - fp32: count × classes.
  ///   - quantized: dequantized logits, count × classes.
  ///   - labels: count; 0 ..< classes.
  public init(
    fp32: UnsafeBufferPointer<Float>, quantized: UnsafeBufferPointer<Float>,
    labels: UnsafeBufferPointer<Int32>,
    classes: Int
  ) {
    precondition(fp32.count == quantized.count && fp32.count == labels.count * classes)
    guard !labels.isEmpty else { return }
    qmse = Self.qmse(fp32: fp32, quantized: quantized, classes: classes)
    var (hits, quantizedHits, changed, finite) = (0, 0, 0, 0)
    for (i, label) in labels.enumerated() {
      let row = i * classes..<(i + 1) * classes
      let a = OutputRow(fp32[row])
      let b = OutputRow(quantized[row])
      hits += a.prediction == Int(label) ? 1 : 0
      quantizedHits += b.prediction == Int(label) ? 1 : 0
      changed += a.prediction != b.prediction ? 1 : 0
      for (p, q) in zip(a.logProbabilities, b.logProbabilities) {
        qce -= exp(p) * q
        qkl += exp(p) * (p - q)
      }
      guard a.prediction != nil, b.prediction != nil else { continue }
      finite += 1
      for j in row {
        let difference = Double(fp32[j]) - Double(quantized[j])
        logitMSE += difference * difference
      }
    }
    let images = Double(labels.count)
    accuracy = Double(hits) / images
    quantizedAccuracy = Double(quantizedHits) / images
    changedPredictions = Double(changed) / images
    qce /= images
    qkl /= images
    logitMSE /= Double(max(finite * classes, 1))
  }

  /// `qmse` alone, which needs no labels; logits as in `init`.
  public static func qmse(
    fp32: UnsafeBufferPointer<Float>, quantized: UnsafeBufferPointer<Float>, classes: Int
  ) -> Double {
    precondition(fp32.count == quantized.count && fp32.count % classes == 0)
    var sum = 0.0
    for start in stride(from: 0, to: fp32.count, by: classes) {
      let a = OutputRow(fp32[start..<start + classes])
      let b = OutputRow(quantized[start..<start + classes])
      for (p, q) in zip(a.logProbabilities, b.logProbabilities) {
        sum += (exp(p) - exp(q)) * (exp(p) - exp(q))
      }
    }
    return sum / Double(max(fp32.count, 1))
  }
}

/// One image's softmax.
private struct OutputRow {
  let logProbabilities: [Double]
  /// nil where a logit is not finite.
  let prediction: Int?

  init(_ logits: Slice<UnsafeBufferPointer<Float>>) {
    guard logits.allSatisfy(\.isFinite), let greatest = logits.max() else {
      logProbabilities = [Double](repeating: -log(Double(logits.count)), count: logits.count)
      prediction = nil
      return
    }
    let shifted = logits.map { Double($0) - Double(greatest) }
    let logSum = log(shifted.reduce(0) { $0 + exp($1) })
    logProbabilities = shifted.map { $0 - logSum }
    prediction = logits.firstIndex(of: greatest)! - logits.startIndex
  }
}
