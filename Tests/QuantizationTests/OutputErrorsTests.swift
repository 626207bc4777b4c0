#if canImport(Glibc)
  import Glibc
#endif
import Quantization
import Testing

@Suite struct OutputErrorsTests {
  private func errors(_ fp32: [Float], _ quantized: [Float], _ labels: [Int32], _ classes: Int)
    -> OutputErrors
  {
    fp32.withUnsafeBufferPointer { fp32 in
      quantized.withUnsafeBufferPointer { quantized in
        labels.withUnsafeBufferPointer { labels in
          OutputErrors(fp32: fp32, quantized: quantized, labels: labels, classes: classes)
        }
      }
    }
  }

  /// As published: a network that says the same of every class has QMSE 0 and QCE ln 10 against itself.
  @Test func aUniformPredictor() {
    let flat = [Float](repeating: 3.5, count: 40)
    let found = errors(flat, flat, [0, 1, 2, 3], 10)
    #expect(found.qmse == 0 && abs(found.qce - log(10)) < 1e-12 && abs(found.qkl) < 1e-12)
    #expect(found.accuracy == 0.25 && found.quantizedAccuracy == 0.25 && found.changedPredictions == 0)
  }

  @Test func byHand() {
    // p = (3/4, 1/4) and (1/2, 1/2) against (1/4, 3/4) and (1/2, 1/2).
    let third = Float(log(3.0))
    let found = errors([third, 0, 1, 1], [0, third, 2, 2], [0, 0], 2)
    #expect(abs(found.qmse - (0.25 + 0.25) / 4) < 1e-7)
    let cross = -(0.75 * log(0.25) + 0.25 * log(0.75))
    let entropy = -(0.75 * log(0.75) + 0.25 * log(0.25))
    #expect(abs(found.qce - (cross + log(2)) / 2) < 1e-7)
    #expect(abs(found.qkl - (cross - entropy) / 2) < 1e-7)
    #expect(abs(found.logitMSE - (2 * log(3) * log(3) + 2) / 4) < 1e-6)
    #expect(found.accuracy == 1 && found.quantizedAccuracy == 0.5 && found.changedPredictions == 0.5)
  }

  @Test func farLogitsStayFinite() {
    let found = errors([1000, -1000], [-1000, 1000], [0], 2)
    #expect(found.qmse == 1 && found.qce == 2000 && found.qkl == 2000)
  }

  @Test func logitsThatAreNotFiniteCountAsUniform() {
    let found = errors([.nan, 1, 0, 0], [2, 2, .infinity, 0], [1, 0], 2)
    #expect(found.qmse == 0 && abs(found.qce - log(2)) < 1e-12 && found.logitMSE == 0)
    #expect(found.accuracy == 0.5 && found.quantizedAccuracy == 0 && found.changedPredictions == 1)
  }
}
