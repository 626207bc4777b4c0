import Foundation
import Tensors
import Testing

@Suite struct PhiloxTests {
  @Test func equalsThePublishedVectors() throws {
    let url = try #require(
      Bundle.module.url(forResource: "philox4x32-10", withExtension: "txt", subdirectory: "Fixtures"))
    let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    let vectors = lines.filter { !$0.hasPrefix("#") }
    #expect(vectors.count == 3)
    for vector in vectors {
      let w = vector.split(separator: " ").compactMap { UInt32($0, radix: 16) }
      try #require(w.count == 10)
      let block = Philox.block(
        counter: Philox.Counter(w[0], w[1], w[2], w[3]), key: Philox.Key(w[4], w[5]))
      #expect(block == SIMD4(w[6], w[7], w[8], w[9]), "counter and key \(vector)")
    }
  }
}

@Suite struct RandomStreamTests {
  private func words(_ stream: RandomStream, _ count: Int = 64) -> [UInt32] {
    var stream = stream
    return (0..<count).map { _ in stream.nextBits() }
  }

  @Test func isTheCipherOfItsCoordinates() {
    let stream = RandomStream(seed: 0x0123_4567_89AB_CDEF, purpose: .shuffle, epoch: 7, index: 9)
    let key = Philox.Key(0x89AB_CDEF, 0x0123_4567)
    let first = Philox.block(counter: Philox.Counter(0, 9, 7, 2), key: key)
    let second = Philox.block(counter: Philox.Counter(1, 9, 7, 2), key: key)
    #expect(
      words(stream, 8) == [
        first[0], first[1], first[2], first[3], second[0], second[1], second[2], second[3],
      ])
  }

  @Test func everyCoordinateGivesAnotherStream() {
    let base = words(RandomStream(seed: 1, purpose: .weights, epoch: 2, index: 3))
    #expect(base == words(RandomStream(seed: 1, purpose: .weights, epoch: 2, index: 3)))
    let others = [
      RandomStream(seed: 2, purpose: .weights, epoch: 2, index: 3),
      RandomStream(seed: 1 << 32 | 1, purpose: .weights, epoch: 2, index: 3),
      RandomStream(seed: 1, purpose: .shuffle, epoch: 2, index: 3),
      RandomStream(seed: 1, purpose: .weights, epoch: 3, index: 3),
      RandomStream(seed: 1, purpose: .weights, epoch: 2, index: 4),
      RandomStream(seed: 1, purpose: .weights, epoch: 3, index: 2),
    ].map { words($0) }
    for (i, other) in others.enumerated() {
      let shared = zip(base, other).filter { $0 == $1 }.count
      #expect(shared == 0, "stream \(i)")
    }
    #expect(Set(others).count == others.count)
  }

  /// Neighbouring streams are uncorrelated: |r| over n = 20,000 pairs stays below 4/√n = 0.028.
  @Test func neighboursAreUncorrelated() {
    let n = 20_000
    var a = RandomStream(seed: 5, purpose: .augmentation, epoch: 0, index: 10)
    var b = RandomStream(seed: 5, purpose: .augmentation, epoch: 0, index: 11)
    let products = (0..<n).map { _ in Double(a.uniform() - 0.5) * Double(b.uniform() - 0.5) * 12 }
    #expect(abs(products.reduce(0, +) / Double(n)) < 0.028)
  }

  /// Mean, variance, skewness and excess kurtosis within 5 standard errors of 0, 1, 0, 0 at n = 400,000.
  @Test func normalHasTheMomentsOfANormal() {
    let n = 400_000.0
    var stream = RandomStream(seed: 11, purpose: .weights)
    var sums = SIMD4<Double>.zero
    for _ in 0..<Int(n) {
      let x = Double(stream.normal())
      sums += SIMD4(x, x * x, x * x * x, x * x * x * x)
    }
    let moments = sums / n
    #expect(abs(moments[0]) < 5 / n.squareRoot())
    #expect(abs(moments[1] - 1) < 5 * (2 / n).squareRoot())
    #expect(abs(moments[2]) < 5 * (15 / n).squareRoot())
    #expect(abs(moments[3] - 3) < 5 * (96 / n).squareRoot())
  }

  @Test func uniformStaysInItsHalfOpenInterval() {
    var stream = RandomStream(seed: 3, purpose: .weights)
    let n = 100_000
    let values = (0..<n).map { _ in stream.uniform() }
    #expect(values.allSatisfy { $0 >= 0 && $0 < 1 })
    let mean = values.reduce(0.0) { $0 + Double($1) } / Double(n)
    // Standard error √(1/12n) = 0.0009.
    #expect(abs(mean - 0.5) < 0.0045)
  }

  /// χ² over the bins; its 99.99 % point for k − 1 degrees of freedom is below (k − 1) + 5·√(2(k − 1)) + 10.
  @Test(arguments: [2, 3, 7, 10, 1000])
  func indexIsUniform(bound: Int) {
    var stream = RandomStream(seed: UInt64(bound), purpose: .shuffle)
    let perBin = 400
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<bound * perBin { counts[stream.index(below: bound)] += 1 }
    let chi = counts.reduce(0.0) { $0 + Double(($1 - perBin) * ($1 - perBin)) / Double(perBin) }
    let freedom = Double(bound - 1)
    #expect(chi < freedom + 5 * (2 * freedom).squareRoot() + 10)
  }

  /// A bound just above half of 2³² is where plain multiplication is most biased: without rejection the even
  /// results below 2³¹ would come up twice as often as the odd ones.
  @Test func indexOfAHugeBoundIsUnbiased() {
    let bound = 3 << 30
    var stream = RandomStream(seed: 21, purpose: .shuffle)
    var counts = [0, 0, 0]
    let n = 30_000
    for _ in 0..<n {
      let value = stream.index(below: bound)
      #expect(value >= 0 && value < bound)
      counts[value % 3] += 1
    }
    // Standard deviation √(n·2/9) = 82.
    #expect(counts.allSatisfy { abs($0 - n / 3) < 410 })
  }

  @Test(arguments: [0, 1, 2, 17, 5_000])
  func permutationHoldsEveryNumberOnce(count: Int) {
    var stream = RandomStream(seed: 4, purpose: .shuffle, epoch: 1)
    let order = stream.permutation(of: count)
    #expect(order.sorted() == (0..<count).map { Int32($0) })
    if count > 2 { #expect(order != order.sorted()) }
  }

  /// All 24 orders of four come up: χ² with 23 degrees of freedom, 99.99 % point 56.
  @Test func permutationsAreEquallyLikely() {
    let trials = 24_000
    var counts: [[Int32]: Int] = [:]
    for epoch in 0..<trials {
      var stream = RandomStream(seed: 8, purpose: .shuffle, epoch: epoch)
      counts[stream.permutation(of: 4), default: 0] += 1
    }
    #expect(counts.count == 24)
    let chi = counts.values.reduce(0.0) { $0 + Double(($1 - 1000) * ($1 - 1000)) / 1000 }
    #expect(chi < 56)
  }
}
